#include "ops/nan_by_overflow.h"

namespace espalier {

absl::Span<const absl::string_view> KindsWithNanByOverflowOnly() {
  static constexpr absl::string_view kKinds[] = {
      "abs",           "add",
      "broadcast",     "clip",
      "concat",        "dense",
      "dropout",       "exp",
      "gather",        "identity",
      "layer_norm",    "leaky_relu",
      "matmul",        "max",
      "mean",          "min",
      "mul",           "neg",
      "pad",           "reduce_max",
      "reduce_min",    "relu",
      "reshape",       "scale",
      "scatter_add",   "select_greater",
      "sigmoid",       "sign",
      "slice",         "square",
      "stop_gradient", "sub",
      "sum",           "tanh",
      "transpose",
  };
  return kKinds;
}

}  // namespace espalier
