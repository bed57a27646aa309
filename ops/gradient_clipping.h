// Gradients made smaller before an optimiser takes them.
#ifndef ESPALIER_OPS_GRADIENT_CLIPPING_H_
#define ESPALIER_OPS_GRADIENT_CLIPPING_H_

#include <vector>

#include "absl/types/span.h"
#include "graph/builder.h"
#include "ops/optimizers.h"

namespace espalier {

// Each element brought into [-limit, limit]; NaN stays NaN. limit > 0.
std::vector<Value> ClipByValue(absl::Span<const Value> gradients, float limit);

// The square root of the sum of all squares of all elements: a scalar, infinite
// only where it is no float32. Squares that overflow do not matter: where the
// plain sum is infinite, that of (2^-80 g)^2 is taken, which for fewer than
// 2^32 elements is finite. Elements below 1e-19 count as 0.
// REQUIRES: at least one gradient.
Value GlobalNorm(absl::Span<const Value> gradients);

// All gradients times min(1, limit / GlobalNorm), a factor that is right also
// where the norm is no float32 (R. Pascanu et al., On the difficulty of
// training recurrent neural networks, ICML 2013, algorithm 1). Gradients within
// the limit stay as they are, bit for bit, zeros too; NaN or an infinity among
// them makes NaN of the update, which the run reports. limit is in [1e-12,
// 1e12].
std::vector<Value> ClipByGlobalNorm(absl::Span<const Value> gradients,
                                    float limit);

namespace optimizers {
// The same optimiser, given clipped gradients:
//   optimizers::ClipByGlobalNorm(optimizers::Adam(1e-3f), 1)
Optimizer ClipByValue(Optimizer optimizer, float limit);
Optimizer ClipByGlobalNorm(Optimizer optimizer, float limit);
}  // namespace optimizers

}  // namespace espalier

#endif  // ESPALIER_OPS_GRADIENT_CLIPPING_H_
