#include "ops/optimizers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/type_checks.h"

namespace espalier {
namespace {

// The builder of three values that fit together, or null once it has an error.
GraphBuilder* CheckedBuilder(absl::string_view optimizer, Value parameter,
                             Value gradient, Value rate) {
  if (!parameter.valid() || !gradient.valid() || !rate.valid()) return nullptr;
  GraphBuilder* builder = parameter.builder();
  absl::Status status = CheckSameShape("the parameter", parameter.shape(),
                                       "its gradient", gradient.shape());
  if (status.ok() && rate.type() != TensorType{}) {
    status = absl::InvalidArgumentError(absl::StrCat(
        "the rate is ", rate.type().ToString(), ": expected a scalar, f32[]"));
  }
  if (status.ok()) return builder;
  builder->Fail(Annotate(
      status, absl::StrCat(optimizer, ": ", parameter.node().ToString())));
  return nullptr;
}

// beta * average + (1 - beta) * x
Value MovingAverage(Value average, Value x, float beta) {
  return Add(Scale(average, beta), Scale(x, 1.0f - beta));
}

// A state that holds beta^t after step t; gives 1 - beta^t within the step.
Value OneMinusPower(GraphBuilder& g, absl::string_view name, float beta) {
  const Value state = g.State(g.UniqueName(name), Shape(), 1.0f);
  const Value power = Scale(state, beta);
  g.Update(state, power);
  return Sub(g.Constant(1.0f), power);
}

}  // namespace

Value Sgd(Value parameter, Value gradient, Value rate) {
  if (CheckedBuilder("sgd", parameter, gradient, rate) == nullptr) {
    return Value();
  }
  return Sub(parameter, Mul(rate, gradient));
}

// Algorithm 1 of the paper, with what is the same for all elements first:
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
std::vector<Value> Adam(absl::Span<const Value> parameters,
                        absl::Span<const Value> gradients, Value rate,
                        const AdamOptions& options) {
  ESPALIER_CHECK(parameters.size() == gradients.size());
  std::vector<Value> results(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (CheckedBuilder("adam", parameters[i], gradients[i], rate) == nullptr) {
      return results;
    }
  }
  if (parameters.empty()) return results;
  GraphBuilder& g = *parameters[0].builder();
  const Value step =
      Div(rate, OneMinusPower(g, "adam_beta1_power", options.beta1));
  const Value root_scale =
      Div(g.Constant(1.0f),
          Sqrt(OneMinusPower(g, "adam_beta2_power", options.beta2)));
  const Value epsilon = g.Constant(options.epsilon);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Value parameter = parameters[i];
    if (!parameter.valid()) return results;
    const Value gradient = gradients[i];
    const std::string name = parameter.node().name;
    const Value m_state =
        g.State(absl::StrCat(name, "/adam_m"), parameter.shape());
    const Value v_state =
        g.State(absl::StrCat(name, "/adam_v"), parameter.shape());
    const Value m = MovingAverage(m_state, gradient, options.beta1);
    const Value v = MovingAverage(v_state, Square(gradient), options.beta2);
    g.Update(m_state, m);
    g.Update(v_state, v);
    const Value denominator = Add(Mul(root_scale, Sqrt(v)), epsilon);
    results[i] = Sub(parameter, Div(Mul(step, m), denominator));
  }
  return results;
}

namespace optimizers {

Optimizer Sgd(float learning_rate) {
  return {
      "sgd", learning_rate,
      [](absl::Span<const Value> parameters, absl::Span<const Value> gradients,
         Value rate) {
        ESPALIER_CHECK(parameters.size() == gradients.size());
        std::vector<Value> results;
        for (size_t i = 0; i < parameters.size(); ++i) {
          results.push_back(espalier::Sgd(parameters[i], gradients[i], rate));
        }
        return results;
      }};
}

Optimizer Adam(float learning_rate, const AdamOptions& options) {
  return {"adam", learning_rate,
          [options](absl::Span<const Value> parameters,
                    absl::Span<const Value> gradients, Value rate) {
            return espalier::Adam(parameters, gradients, rate, options);
          }};
}

}  // namespace optimizers
}  // namespace espalier
