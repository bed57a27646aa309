// The headers of NumPy's array files, which are in .npz archives too.
#ifndef ESPALIER_SERIALIZATION_NPY_HEADER_H_
#define ESPALIER_SERIALIZATION_NPY_HEADER_H_

#include <string>

#include "absl/status/statusor.h"
#include "graph/shape.h"
#include "serialization/byte_stream.h"
#include "serialization/elements.h"

namespace espalier {

// Reads a header, behind which the elements begin. Errors do not name the file.
absl::StatusOr<FileTensor> ReadNpyHeader(ByteStream* stream);

// That of a tensor as WriteNpy (npy.h) writes it.
std::string NpyHeader(const TensorType& type);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_NPY_HEADER_H_
