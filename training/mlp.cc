#include "training/mlp.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "graph/initializer.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/named_activations.h"
#include "training/task_losses.h"

namespace espalier {
namespace {

constexpr absl::string_view kInitNames[] = {"he", "glorot", "zero"};

// (x * before - shift) * factor, by element of a row: `shift` goes to 0 and
// what is `width` above it to 1. `before` keeps the difference of two floats
// from overflowing, and the factor away from the subnormal numbers, which
// kernels take for 0.
struct Scaling {
  std::vector<float> before;
  std::vector<float> shift;
  std::vector<float> factor;

  void Add(double new_shift, double width) {
    before.push_back(width > 0x1p124 ? 0x1p-4f : 1.0f);
    shift.push_back(static_cast<float>(new_shift * before.back()));
    // Narrower than the least normal number: as good as constant.
    factor.push_back(width < 0x1p-126
                         ? 1.0f
                         : static_cast<float>(1 / (width * before.back())));
  }
};

bool AllEqual(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](float value) { return value == values[0]; });
}

// One number where all are equal, so that a scalar is enough.
Value ConstantOf(GraphBuilder& graph, const std::vector<float>& values) {
  if (AllEqual(values)) return graph.Constant(values[0]);
  return graph.Constant(Tensor({static_cast<int64_t>(values.size())}, values));
}

bool IsAll(const std::vector<float>& values, float value) {
  return values[0] == value && AllEqual(values);
}

Value MultiplyBy(GraphBuilder& graph, Value x,
                 const std::vector<float>& factor) {
  if (IsAll(factor, 1)) return x;
  if (AllEqual(factor)) return Scale(x, factor[0]);
  return Mul(x, ConstantOf(graph, factor));
}

std::vector<float> Inverse(const std::vector<float>& values) {
  std::vector<float> inverse;
  inverse.reserve(values.size());
  for (float value : values) inverse.push_back(1 / value);
  return inverse;
}

Value ScaleTo(GraphBuilder& graph, Value x, const Scaling& scaling) {
  x = MultiplyBy(graph, x, scaling.before);
  if (!IsAll(scaling.shift, 0)) x = Sub(x, ConstantOf(graph, scaling.shift));
  return MultiplyBy(graph, x, scaling.factor);
}

// The reverse: (y / factor + shift) / before.
Value ScaleBack(GraphBuilder& graph, Value y, const Scaling& scaling) {
  y = MultiplyBy(graph, y, Inverse(scaling.factor));
  if (!IsAll(scaling.shift, 0)) y = Add(y, ConstantOf(graph, scaling.shift));
  return MultiplyBy(graph, y, Inverse(scaling.before));
}

Scaling FromDomain(const InputDomain& domain) {
  Scaling scaling;
  for (size_t i = 0; i < domain.lower.size(); ++i) {
    scaling.Add(domain.lower[i],
                static_cast<double>(domain.upper[i]) - domain.lower[i]);
  }
  return scaling;
}

// To mean 0 and standard deviation 1 over the rows.
Scaling Standardised(const Tensor& rows) {
  const absl::Span<const float> values = rows.data<float>();
  const auto count = static_cast<size_t>(rows.shape().dim(0));
  const size_t columns = values.size() / count;
  std::vector<double> mean(columns);
  std::vector<double> variance(columns);
  std::vector<bool> constant(columns, true);
  for (size_t i = 0; i < values.size(); ++i) {
    mean[i % columns] += values[i] / static_cast<double>(count);
    if (values[i] != values[i % columns]) constant[i % columns] = false;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference = values[i] - mean[i % columns];
    variance[i % columns] +=
        difference * difference / static_cast<double>(count);
  }
  Scaling scaling;
  for (size_t i = 0; i < columns; ++i) {
    // Rounding gives a constant column a tiny variance.
    scaling.Add(constant[i] ? values[i] : mean[i],
                constant[i] ? 0 : std::sqrt(variance[i]));
  }
  return scaling;
}

absl::Status CheckOptions(const MlpOptions& options) {
  for (const float scale : {options.l1, options.l2}) {
    if (!(std::isfinite(scale) && scale >= 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the scale ", scale,
                       " of a penalty: expected 0 or more, and finite"));
    }
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "dropout of ", options.dropout, ": expected 0 or more, below 1"));
  }
  return absl::OkStatus();
}

void CountLabels(const Dataset& data, std::vector<int64_t>* counts) {
  for (const int32_t label : data.targets().data<int32_t>()) {
    ++(*counts)[static_cast<size_t>(label)];
  }
}

absl::Status CheckClasses(const Dataset& data) {
  std::vector<int64_t> counts(static_cast<size_t>(data.num_classes()));
  CountLabels(data, &counts);
  if (data.test() != nullptr) CountLabels(*data.test(), &counts);
  const auto missing = std::find(counts.begin(), counts.end(), 0);
  if (missing == counts.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "data ", Quoted(data.name()), ": no row has the label ",
      missing - counts.begin(), ", but there are labels up to ",
      counts.size() - 1, ": classes are numbered from 0 without gaps"));
}

Value DenseLayer(Value x, int64_t units, Activation activation,
                 const MlpOptions& options, bool hidden,
                 const std::string& name) {
  layers::DenseOptions dense;
  dense.name = name;
  if (hidden && options.batch_norm) dense.batch_norm.emplace();
  if (options.init.has_value() && x.valid() && x.shape().rank() == 2) {
    const int64_t columns = x.shape().dim(1);
    switch (*options.init) {
      case WeightInit::kHe:
        dense.weight_initializer = Initializer::He(columns);
        break;
      case WeightInit::kGlorot:
        dense.weight_initializer = Initializer::Glorot(columns, units);
        break;
      case WeightInit::kZero:
        dense.weight_initializer = Initializer::Zeros();
        dense.bias_initializer = Initializer::Zeros();
        break;
    }
  }
  return layers::Dense(x, units, activation, dense);
}

// The hidden layers and the output layer.
Value Network(Value x, int64_t outputs, const MlpOptions& options) {
  for (size_t i = 0; i < options.hidden.size(); ++i) {
    const std::string name = absl::StrCat("hidden_", i + 1);
    x = DenseLayer(x, options.hidden[i], options.activation, options, true,
                   name);
    if (options.dropout == 0) continue;
    layers::DropoutOptions dropout;
    const std::string dropout_name = name + "/dropout";
    dropout.name = dropout_name;
    dropout.seed = options.dropout_seed;
    x = layers::Dropout(x, options.dropout, dropout);
  }
  return DenseLayer(x, outputs, Activation::kIdentity, options, false,
                    "output");
}

Value ClassificationLoss(GraphBuilder& graph, Value x, const Dataset& data,
                         const TaskLoss& loss, const MlpOptions& options) {
  const Value label = graph.Input("label", {kBatch}, DataType::kI32);
  const Value logits = Network(x, data.num_classes(), options);
  graph.Output("logits", logits);
  return loss.make(logits, label);
}

Value RegressionLoss(GraphBuilder& graph, Value x, const Dataset& data,
                     const TaskLoss& loss, const MlpOptions& options) {
  const int64_t outputs = data.targets().shape().dim(1);
  const Value target = graph.Input("target", {kBatch, outputs});
  const Value y = Network(x, outputs, options);
  if (data.domain().has_value()) {
    graph.Output("y", y);
    return loss.make(y, target);
  }
  const Scaling scaling = Standardised(data.targets());
  graph.Output("y", ScaleBack(graph, y, scaling));
  return loss.make(y, ScaleTo(graph, target, scaling));
}

// Weights are the parameters of two dimensions.
Value AddPenalties(Value loss, absl::Span<const Value> parameters,
                   const MlpOptions& options) {
  std::vector<Value> weights;
  for (const Value& parameter : parameters) {
    if (parameter.shape().rank() == 2) weights.push_back(parameter);
  }
  if (weights.empty()) return loss;
  if (options.l1 > 0) loss = Add(loss, L1Penalty(weights, options.l1));
  if (options.l2 > 0) loss = Add(loss, L2Penalty(weights, options.l2));
  return loss;
}

}  // namespace

absl::string_view WeightInitName(WeightInit init) {
  return kInitNames[static_cast<size_t>(init)];
}

absl::StatusOr<WeightInit> ParseWeightInit(absl::string_view name) {
  for (WeightInit init :
       {WeightInit::kHe, WeightInit::kGlorot, WeightInit::kZero}) {
    if (WeightInitName(init) == name) return init;
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown way to draw weights ",
                                                 Quoted(name),
                                                 ": one of he, glorot, zero"));
}

absl::StatusOr<Value> BuildMlp(GraphBuilder& graph, const Dataset& data,
                               const MlpOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(const TaskLoss task_loss,
                   FindTaskLoss(options.loss, data.task()));
  const bool classes = data.task() == Task::kClassification;
  if (classes) RETURN_IF_ERROR(CheckClasses(data));
  const size_t others = graph.Parameters().size();
  const int64_t elements = data.features().num_elements() / data.rows();
  Value x = graph.Input("x", {kBatch, elements});
  x = ScaleTo(graph, x,
              data.domain().has_value() ? FromDomain(*data.domain())
                                        : Standardised(data.features()));
  const Value loss =
      classes ? ClassificationLoss(graph, x, data, task_loss, options)
              : RegressionLoss(graph, x, data, task_loss, options);
  const std::vector<Value> parameters = graph.Parameters();
  const Value total = AddPenalties(
      loss, absl::MakeConstSpan(parameters).subspan(others), options);
  RETURN_IF_ERROR(graph.status());
  return total;
}

}  // namespace espalier
