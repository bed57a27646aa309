#include "ops/nan_by_overflow.h"

namespace espalier {

absl::Span<const absl::string_view> KindsWithNanByOverflowOnly() {
  static constexpr absl::string_view kKinds[] = {"abs",        "add",
                                                 "broadcast",  "clip",
                                                 "dense",      "dropout",
                                                 "exp",        "identity",
                                                 "layer_norm", "leaky_relu",
                                                 "matmul",     "max",
                                                 "mean",       "min",
                                                 "mul",        "neg",
                                                 "reduce_max", "reduce_min",
                                                 "relu",       "reshape",
                                                 "scale",      "select_greater",
                                                 "sigmoid",    "sign",
                                                 "square",     "stop_gradient",
                                                 "sub",        "sum",
                                                 "tanh"};
  return kKinds;
}

}  // namespace espalier
