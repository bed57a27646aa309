// Samples as the inputs of a graph declare them.
#ifndef ESPALIER_TRAINING_FEED_H_
#define ESPALIER_TRAINING_FEED_H_

#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "graph/tensor.h"

namespace espalier {

// The same elements in the shape of the input: of its type, with as many
// elements a sample in whichever shape; the leading dimension counts samples,
// and is the input's own where that is fixed. Errors name the input and say
// what was expected and found.
absl::StatusOr<TensorView> FeedAs(const Node& input, const TensorView& samples);

}  // namespace espalier

#endif  // ESPALIER_TRAINING_FEED_H_
