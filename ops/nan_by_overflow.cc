#include "ops/nan_by_overflow.h"

namespace espalier {

absl::Span<const absl::string_view> KindsWithNanByOverflowOnly() {
  static constexpr absl::string_view kKinds[] = {
      "abs",       "add",        "broadcast",    "celu",
      "clip",      "concat",     "dense",        "dropout",
      "elu",       "exp",        "expm1",        "gather",
      "gelu",      "gelu_tanh",  "hard_sigmoid", "hard_swish",
      "identity",  "layer_norm", "leaky_relu",   "matmul",
      "max",       "mean",       "min",          "mish",
      "mul",       "neg",        "normal_cdf",   "pad",
      "prelu",     "reduce_max", "reduce_min",   "relu",
      "reshape",   "scale",      "scatter_add",  "select_greater",
      "selu",      "sigmoid",    "sign",         "slice",
      "softplus",  "softsign",   "square",       "stop_gradient",
      "sub",       "sum",        "swish",        "tanh",
      "transpose",
  };
  return kKinds;
}

}  // namespace espalier
