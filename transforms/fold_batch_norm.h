// Folding of batch normalization into the layer before it, for inference.
#ifndef ESPALIER_TRANSFORMS_FOLD_BATCH_NORM_H_
#define ESPALIER_TRANSFORMS_FOLD_BATCH_NORM_H_

#include "absl/status/statusor.h"
#include "graph/model.h"

namespace espalier {

// Folds each batch_normalize into the product that it reads: with f = scale /
// sqrt(variance + epsilon), column j of the weight is multiplied by f[j], and
// the bias becomes (bias - mean) f + shift, all computed in double precision
// and rounded once. What is computed stays the same but for rounding, so this
// is for users to ask for; no other function does it.
//
// Folded is what reads a dense, or the sum of a matmul and a bias, where
// nothing else reads that (an output neither), its weight and bias, and where
// mean, variance, scale, shift, weight and bias are constants, parameters or
// states that no update changes; anything else stays as it is, and so does what
// would give a weight or bias that is not finite. A matmul without a bias gets
// one, of the name of the batch_normalize. Errors: a model that is not valid.
absl::StatusOr<Model> FoldBatchNorm(const Model& model);

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_FOLD_BATCH_NORM_H_
