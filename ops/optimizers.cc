#include "ops/optimizers.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/type_checks.h"

namespace espalier {
namespace {

// Checks of options, on the optimiser's way to its builder.
absl::Status CheckShare(absl::string_view name, float value) {
  if (value >= 0 && value < 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " is ", value, ": expected at least 0 and less than 1"));
}
absl::Status CheckNotNegative(absl::string_view name, float value) {
  if (value >= 0 && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ": expected 0 or more, and finite"));
}
absl::Status CheckPositive(absl::string_view name, float value) {
  if (value > 0 && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ": expected more than 0, and finite"));
}

// The builder of three values that fit together, or null once it has an error.
GraphBuilder* CheckedBuilder(absl::string_view optimizer, Value parameter,
                             Value gradient, Value rate,
                             absl::Status status = absl::OkStatus()) {
  if (!parameter.valid() || !gradient.valid() || !rate.valid()) return nullptr;
  GraphBuilder* builder = parameter.builder();
  if (status.ok()) {
    status = CheckSameShape("the parameter", parameter.shape(), "its gradient",
                            gradient.shape());
  }
  if (status.ok() && rate.type() != TensorType{}) {
    status = absl::InvalidArgumentError(absl::StrCat(
        "the rate is ", rate.type().ToString(), ": expected a scalar, f32[]"));
  }
  if (status.ok()) return builder;
  builder->Fail(Annotate(
      status, absl::StrCat(optimizer, ": ", parameter.node().ToString())));
  return nullptr;
}

// A state of the parameter's shape.
Value StateOf(Value parameter, absl::string_view name, float initial = 0) {
  return parameter.builder()->State(
      absl::StrCat(parameter.node().name, "/", name), parameter.shape(),
      initial);
}

// Registers `state <- value`; the value.
Value Updated(Value state, Value value) {
  if (value.builder() != nullptr) value.builder()->Update(state, value);
  return value;
}

// beta * average + (1 - beta) * x
Value MovingAverage(Value average, Value x, float beta) {
  return Add(Scale(average, beta), Scale(x, 1.0f - beta));
}

// The velocity of Momentum and Nesterov after the step.
Value Velocity(Value parameter, Value gradient, float momentum) {
  const Value state = StateOf(parameter, "v");
  return Updated(state, Add(Scale(state, momentum), gradient));
}

// p - r g / (sqrt(s) + epsilon)
Value StepOverRoot(Value parameter, Value gradient, Value rate, Value s,
                   float epsilon) {
  if (!s.valid()) return Value();
  const Value denominator = Add(Sqrt(s), s.builder()->Constant(epsilon));
  return Sub(parameter, Div(Mul(rate, gradient), denominator));
}

// A state that holds beta^t after step t; gives 1 - beta^t within the step.
Value OneMinusPower(GraphBuilder& g, absl::string_view name, float beta) {
  const Value state = g.State(g.UniqueName(name), Shape(), 1.0f);
  return Sub(g.Constant(1.0f), Updated(state, Scale(state, beta)));
}

// Algorithm 1 of Adam's paper, with what is the same for all elements first:
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
// and the decay of AdamW's, which is none for a weight_decay of 0.
std::vector<Value> AdamFamily(const std::string& name,
                              absl::Span<const Value> parameters,
                              absl::Span<const Value> gradients, Value rate,
                              const AdamWOptions& options) {
  ESPALIER_CHECK(parameters.size() == gradients.size());
  const auto check = [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckShare("beta1", options.adam.beta1));
    RETURN_IF_ERROR(CheckShare("beta2", options.adam.beta2));
    RETURN_IF_ERROR(CheckPositive("epsilon", options.adam.epsilon));
    return CheckNotNegative("weight decay", options.weight_decay);
  };
  std::vector<Value> results(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (CheckedBuilder(name, parameters[i], gradients[i], rate, check()) ==
        nullptr) {
      return results;
    }
  }
  if (parameters.empty()) return results;
  GraphBuilder& g = *parameters[0].builder();
  const Value step = Div(
      rate,
      OneMinusPower(g, absl::StrCat(name, "_beta1_power"), options.adam.beta1));
  const Value root_scale =
      Div(g.Constant(1.0f),
          Sqrt(OneMinusPower(g, absl::StrCat(name, "_beta2_power"),
                             options.adam.beta2)));
  const Value epsilon = g.Constant(options.adam.epsilon);
  Value kept;  // the share of p that does not decay; empty for all
  if (options.weight_decay > 0) {
    kept = Sub(g.Constant(1.0f), Scale(rate, options.weight_decay));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Value parameter = parameters[i];
    if (!parameter.valid()) return results;
    const Value gradient = gradients[i];
    const Value m_state = StateOf(parameter, absl::StrCat(name, "_m"));
    const Value v_state = StateOf(parameter, absl::StrCat(name, "_v"));
    const Value m =
        Updated(m_state, MovingAverage(m_state, gradient, options.adam.beta1));
    const Value v = Updated(
        v_state, MovingAverage(v_state, Square(gradient), options.adam.beta2));
    const Value denominator = Add(Mul(root_scale, Sqrt(v)), epsilon);
    const Value decayed = kept.valid() ? Mul(kept, parameter) : parameter;
    results[i] = Sub(decayed, Div(Mul(step, m), denominator));
  }
  return results;
}

// The descriptor of an optimiser that treats each parameter alone.
Optimizer ForEach(std::string name, float learning_rate,
                  std::function<Value(Value, Value, Value)> apply) {
  return {std::move(name), learning_rate,
          [apply = std::move(apply)](absl::Span<const Value> parameters,
                                     absl::Span<const Value> gradients,
                                     Value rate) {
            ESPALIER_CHECK(parameters.size() == gradients.size());
            std::vector<Value> results;
            for (size_t i = 0; i < parameters.size(); ++i) {
              results.push_back(apply(parameters[i], gradients[i], rate));
            }
            return results;
          }};
}

}  // namespace

Value Sgd(Value parameter, Value gradient, Value rate) {
  if (CheckedBuilder("sgd", parameter, gradient, rate) == nullptr) {
    return Value();
  }
  return Sub(parameter, Mul(rate, gradient));
}

Value Momentum(Value parameter, Value gradient, Value rate, float momentum) {
  if (CheckedBuilder("momentum", parameter, gradient, rate,
                     CheckShare("momentum", momentum)) == nullptr) {
    return Value();
  }
  const Value velocity = Velocity(parameter, gradient, momentum);
  return Sub(parameter, Mul(rate, velocity));
}

Value Nesterov(Value parameter, Value gradient, Value rate, float momentum) {
  if (CheckedBuilder("nesterov", parameter, gradient, rate,
                     CheckShare("momentum", momentum)) == nullptr) {
    return Value();
  }
  const Value velocity = Velocity(parameter, gradient, momentum);
  const Value ahead = Add(gradient, Scale(velocity, momentum));
  return Sub(parameter, Mul(rate, ahead));
}

Value RmsProp(Value parameter, Value gradient, Value rate,
              const RmsPropOptions& options) {
  absl::Status status = CheckShare("decay", options.decay);
  if (status.ok()) status = CheckPositive("epsilon", options.epsilon);
  if (CheckedBuilder("rmsprop", parameter, gradient, rate, status) == nullptr) {
    return Value();
  }
  const Value state = StateOf(parameter, "mean_square");
  const Value s =
      Updated(state, MovingAverage(state, Square(gradient), options.decay));
  return StepOverRoot(parameter, gradient, rate, s, options.epsilon);
}

Value Adagrad(Value parameter, Value gradient, Value rate,
              const AdagradOptions& options) {
  absl::Status status = CheckNotNegative("initial", options.initial);
  if (status.ok()) status = CheckPositive("epsilon", options.epsilon);
  if (CheckedBuilder("adagrad", parameter, gradient, rate, status) == nullptr) {
    return Value();
  }
  const Value state = StateOf(parameter, "sum_of_squares", options.initial);
  const Value s = Updated(state, Add(state, Square(gradient)));
  return StepOverRoot(parameter, gradient, rate, s, options.epsilon);
}

std::vector<Value> Adam(absl::Span<const Value> parameters,
                        absl::Span<const Value> gradients, Value rate,
                        const AdamOptions& options) {
  return AdamFamily("adam", parameters, gradients, rate, {options, 0});
}

std::vector<Value> AdamW(absl::Span<const Value> parameters,
                         absl::Span<const Value> gradients, Value rate,
                         const AdamWOptions& options) {
  return AdamFamily("adamw", parameters, gradients, rate, options);
}

namespace optimizers {

Optimizer Sgd(float learning_rate) {
  return ForEach("sgd", learning_rate, espalier::Sgd);
}

Optimizer Momentum(float learning_rate, float momentum) {
  return ForEach("momentum", learning_rate,
                 [momentum](Value parameter, Value gradient, Value rate) {
                   return espalier::Momentum(parameter, gradient, rate,
                                             momentum);
                 });
}

Optimizer Nesterov(float learning_rate, float momentum) {
  return ForEach("nesterov", learning_rate,
                 [momentum](Value parameter, Value gradient, Value rate) {
                   return espalier::Nesterov(parameter, gradient, rate,
                                             momentum);
                 });
}

Optimizer RmsProp(float learning_rate, const RmsPropOptions& options) {
  return ForEach("rmsprop", learning_rate,
                 [options](Value parameter, Value gradient, Value rate) {
                   return espalier::RmsProp(parameter, gradient, rate, options);
                 });
}

Optimizer Adagrad(float learning_rate, const AdagradOptions& options) {
  return ForEach("adagrad", learning_rate,
                 [options](Value parameter, Value gradient, Value rate) {
                   return espalier::Adagrad(parameter, gradient, rate, options);
                 });
}

Optimizer Adam(float learning_rate, const AdamOptions& options) {
  return {"adam", learning_rate,
          [options](absl::Span<const Value> parameters,
                    absl::Span<const Value> gradients, Value rate) {
            return espalier::Adam(parameters, gradients, rate, options);
          }};
}

Optimizer AdamW(float learning_rate, const AdamWOptions& options) {
  return {"adamw", learning_rate,
          [options](absl::Span<const Value> parameters,
                    absl::Span<const Value> gradients, Value rate) {
            return espalier::AdamW(parameters, gradients, rate, options);
          }};
}

}  // namespace optimizers
}  // namespace espalier
