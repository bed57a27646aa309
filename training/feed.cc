#include "training/feed.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"

namespace espalier {

absl::StatusOr<TensorView> FeedAs(const Node& input,
                                  const TensorView& samples) {
  const Shape& shape = samples.shape();
  const Shape declared =
      shape.rank() > 0 ? input.type.shape.Bind(shape.dim(0)) : input.type.shape;
  const bool same_rows = declared.rank() == 0 || shape.rank() == 0
                             ? declared.rank() == shape.rank()
                             : declared.dim(0) == shape.dim(0);
  if (samples.dtype() != input.type.dtype || !same_rows ||
      declared.num_elements() != shape.num_elements()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "input ", Quoted(input.name), ": expected ", input.type.ToString(),
        ", found ", TensorType{samples.dtype(), shape}.ToString()));
  }
  return TensorView(samples.dtype(), declared, samples.raw());
}

}  // namespace espalier
