// The IDX format of the MNIST files, plain or .gz: two zero bytes, element
// type, rank, dimensions as big-endian u32, then the elements row by row.
// Errors name the file, what was expected and what was found. Besides the
// tensors no more than a piece of a file is held; a packed file unpacks to at
// most 1 GiB, and is refused if it gives a tensor of more than that and more
// than 16 times the packed bytes.
#ifndef ESPALIER_SERIALIZATION_IDX_H_
#define ESPALIER_SERIALIZATION_IDX_H_

#include <string>

#include "absl/status/statusor.h"
#include "graph/tensor.h"

namespace espalier {

// Unsigned bytes of two dimensions or more, divided by 255: f32 in [0, 1], in
// the file's shape (item, row, column).
absl::StatusOr<Tensor> ReadIdxImages(const std::string& path);

// Unsigned bytes of one dimension: i32[items].
absl::StatusOr<Tensor> ReadIdxLabels(const std::string& path);

// Images and as many labels: other numbers of them are refused before either
// file's elements are read.
struct LabelledImages {
  Tensor images;
  Tensor labels;
};
absl::StatusOr<LabelledImages> ReadIdx(const std::string& images,
                                       const std::string& labels);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_IDX_H_
