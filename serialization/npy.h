// NumPy's array files (.npy, formats 1 to 3; plain or .gz).
#ifndef ESPALIER_SERIALIZATION_NPY_H_
#define ESPALIER_SERIALIZATION_NPY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

// Reads f4, f8, i1 to i8, u1 to u8 and b1 of either byte order, in C or Fortran
// order, of any rank up to kMaxRank. Floating-point elements become f32, all
// others i32. NaN and infinities stay what they are; a number that the wanted
// type cannot hold is an error that names the element: a finite f8 beyond the
// range of f32, or an integer beyond that of i32. Besides the tensor no more
// than a piece of the file is held; one that is packed unpacks to at most 1
// GiB, and is refused if it gives a tensor of more than that and more than 16
// times the packed bytes.
absl::StatusOr<Tensor> ReadNpy(const std::string& path);

// The same in the type that the caller wants: as i32, floating-point elements
// must be whole; as f32, integers are rounded to the nearest.
absl::StatusOr<Tensor> ReadNpyAs(const std::string& path, DataType dtype);

// Writes '<f4' or '<i4' in C order, format 1.0; atomically, see WriteFile.
// REQUIRES: no symbolic batch.
absl::Status WriteNpy(const std::string& path, const TensorView& tensor);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_NPY_H_
