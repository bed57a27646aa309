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

namespace espalier {
namespace layers {
namespace {

constexpr absl::string_view kStepCounter = "dropout_step";

// The i32 scalar that counts runs; made if the graph has none.
Value StepCounter(GraphBuilder& g) {
  for (const GraphUpdate& update : g.updates()) {
    const Node& leaf = g.node(update.leaf);
    if (leaf.name == kStepCounter &&
        leaf.type == TensorType{DataType::kI32, Shape()}) {
      return g.value(update.leaf);
    }
  }
  const Value step =
      g.State(g.UniqueName(kStepCounter), Shape(), 0, DataType::kI32);
  Tensor one(DataType::kI32, Shape());
  one.data<int32_t>()[0] = 1;
  g.Update(step, Add(step, g.Constant(one)));
  return step;
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
  const bool clips =
      activation == Activation::kRelu || activation == Activation::kLeakyRelu;
  const Initializer initializer = options.weight_initializer.value_or(
      clips ? Initializer::He(columns) : Initializer::Glorot(columns, units));
  const Value weight = g.Parameter(absl::StrCat(name, "/weight"),
                                   Shape({columns, units}), initializer);
  // Biases that differ let relus bend at different places from the start;
  // from zeros, inputs of one sign see a linear layer.
  const float limit =
      1 / std::sqrt(static_cast<float>(std::max<int64_t>(columns, 1)));
  const Value bias = g.Parameter(
      absl::StrCat(name, "/bias"), Shape({units}),
      options.bias_initializer.value_or(Initializer::Uniform(limit)));
  const Value product = espalier::Dense(x, weight, bias, name);
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
  return espalier::Dropout(x, StepCounter(g), rate, seed,
                           g.UniqueName(options.name));
}

}  // namespace layers
}  // namespace espalier
