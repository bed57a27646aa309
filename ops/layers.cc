#include "ops/layers.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "graph/status.h"
#include "ops/dense.h"

namespace espalier {
namespace layers {

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

}  // namespace layers
}  // namespace espalier
