#include "ops/layers.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "graph/philox.h"
#include "graph/status.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/layer_norm.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/schedule_values.h"

namespace espalier {
namespace layers {
namespace {

constexpr absl::string_view kDropoutStep = "dropout_step";

// The counter that all dropout layers of the graph read.
Value DropoutStep(GraphBuilder& g, absl::string_view layer) {
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    if (g.node(id).name != kDropoutStep) continue;
    const Value step = g.value(id);
    if (IsStepCounter(step)) return step;
    return g.Fail(absl::InvalidArgumentError(absl::StrCat(
        "layer ", Quoted(layer), ": ", step.node().ToString(), " is ",
        step.type().ToString(),
        ": expected a state i32[] whose update is itself plus 1, as "
        "StepCounter makes it, or none of that name")));
  }
  return StepCounter(g, kDropoutStep);
}

// old + share * (to - old)
Value Moved(Value old, Value to, Value share) {
  if (!share.valid()) return share;
  const Value rest = Sub(share.builder()->Constant(1.0f), share);
  return Add(Mul(old, rest), Mul(to, share));
}

// 1 / n, where n elements of x make a channel; known when a run starts.
Value ShareOfElement(Value x) {
  const Shape shape = x.shape();
  float count = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t dim = shape.dim(axis);
    if (axis != 1 && dim != kBatch) count *= static_cast<float>(dim);
  }
  GraphBuilder& g = *x.builder();
  const Value share = g.Constant(1 / count);
  if (!shape.has_symbolic_batch()) return share;
  // The mean over the batch of what each sample has a share of.
  return Mean(Scale(BroadcastTo(share, {kBatch}), 1, /*over_batch=*/true));
}

}  // namespace

Value Dense(Value x, int64_t units, Activation activation,
            const DenseOptions& options) {
  if (!x.valid()) return x;
  GraphBuilder& g = *x.builder();
  const std::string name = g.UniqueName(options.name);
  const Shape shape = x.shape();
  if (shape.rank() != 2 || x.type().dtype != DataType::kF32) {
    return g.Fail(absl::InvalidArgumentError(
        absl::StrCat("layer ", Quoted(name), ": ", x.node().ToString(), " is ",
                     x.type().ToString(), ": expected f32 of rank 2")));
  }
  if (units < 1) {
    return g.Fail(absl::InvalidArgumentError(absl::StrCat(
        "layer ", Quoted(name), ": expected at least 1 unit, found ", units)));
  }
  const int64_t columns = shape.dim(1);
  const Initializer initializer = options.weight_initializer.value_or(
      WeightInitializer(activation, columns, units));
  const Value weight = g.Parameter(absl::StrCat(name, "/weight"),
                                   Shape({columns, units}), initializer);
  // Biases that differ let relus bend at different places from the start;
  // from zeros, inputs of one sign see a linear layer.
  const float limit =
      1 / std::sqrt(static_cast<float>(std::max<int64_t>(columns, 1)));
  const Value bias = g.Parameter(
      absl::StrCat(name, "/bias"), Shape({units}),
      options.bias_initializer.value_or(Initializer::Uniform(limit)));
  Value product = espalier::Dense(x, weight, bias, name);
  if (options.batch_norm.has_value()) {
    BatchNormOptions batch_norm = *options.batch_norm;
    const std::string batch_norm_name = absl::StrCat(name, "/batch_norm");
    batch_norm.name = batch_norm_name;
    product = BatchNorm(product, batch_norm);
  }
  if (activation == Activation::kIdentity) return product;
  return Activate(product, activation,
                  absl::StrCat(name, "/",
                               absl::StrReplaceAll(ActivationName(activation),
                                                   {{"-", "_"}})));
}

Value Dropout(Value x, float rate, const DropoutOptions& options) {
  if (!x.valid()) return x;
  GraphBuilder& g = *x.builder();
  uint64_t layer = 0;
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    if (IsDropout(g.node(id))) ++layer;
  }
  const RandomStream random(options.seed, RandomPurpose::kDropout, layer);
  const auto seed =
      static_cast<int64_t>(uint64_t{random.Bits(0)} << 32 | random.Bits(1));
  const std::string name = g.UniqueName(options.name);
  return espalier::Dropout(x, DropoutStep(g, name), rate, seed, name);
}

Value BatchNorm(Value x, const BatchNormOptions& options) {
  if (!x.valid()) return x;
  GraphBuilder& g = *x.builder();
  const std::string name = g.UniqueName(options.name);
  const Shape shape = x.shape();
  if (shape.rank() < 2 || x.type().dtype != DataType::kF32) {
    return g.Fail(absl::InvalidArgumentError(absl::StrCat(
        "layer ", Quoted(name), ": ", x.node().ToString(), " is ",
        x.type().ToString(), ": expected f32[N, C] or f32[N, C, ...]")));
  }
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    return g.Fail(absl::InvalidArgumentError(
        absl::StrCat("layer ", Quoted(name), ": momentum is ", options.momentum,
                     ": expected a number from 0 to 1")));
  }
  const auto named = [&](absl::string_view part) {
    return absl::StrCat(name, "/", part);
  };
  const Shape channels({shape.dim(1)});
  const Value scale =
      g.Parameter(named("scale"), channels, Initializer::Constant(1));
  const Value shift =
      g.Parameter(named("shift"), channels, Initializer::Zeros());
  const Value running_mean = g.State(named("running_mean"), channels);
  const Value running_variance =
      g.State(named("running_variance"), channels, 1);
  const Value mean = BatchMean(x, running_mean, named("mean"));
  const Value variance =
      BatchVariance(x, mean, running_variance, named("variance"));
  g.Update(running_mean,
           Moved(running_mean, mean, g.Constant(options.momentum)));
  // With the share 1 / n of one element: n / (n - 1) is 1 / (1 - share). `some`
  // is 0 for n = 1, else 1.
  const Value rest = Sub(g.Constant(1.0f), ShareOfElement(x));
  const Value some = Sign(rest);
  const Value divisor = Add(rest, Sub(g.Constant(1.0f), some));
  g.Update(running_variance, Moved(running_variance, Div(variance, divisor),
                                   Scale(some, options.momentum)));
  return BatchNormalize(x, mean, variance, scale, shift, options.epsilon, name);
}

Value LayerNorm(Value x, const LayerNormOptions& options) {
  if (!x.valid()) return x;
  GraphBuilder& g = *x.builder();
  const std::string name = g.UniqueName(options.name);
  const Shape shape = x.shape();
  if (shape.rank() == 0 || shape.dim(shape.rank() - 1) < 1 ||
      x.type().dtype != DataType::kF32) {
    return g.Fail(absl::InvalidArgumentError(absl::StrCat(
        "layer ", Quoted(name), ": ", x.node().ToString(), " is ",
        x.type().ToString(),
        ": expected f32 with a last axis of a known size above 0")));
  }
  const Shape columns({shape.dim(shape.rank() - 1)});
  const Value scale = g.Parameter(absl::StrCat(name, "/scale"), columns,
                                  Initializer::Constant(1));
  const Value shift =
      g.Parameter(absl::StrCat(name, "/shift"), columns, Initializer::Zeros());
  return espalier::LayerNorm(x, scale, shift, options.epsilon, name);
}

}  // namespace layers
}  // namespace espalier
