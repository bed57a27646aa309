// The IDX format of the MNIST files, plain or .gz: two zero bytes, element
// type, rank, dimensions as big-endian u32, then the elements row by row.
// Errors name the file, the byte, what was expected and what was found.
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

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_IDX_H_
