// The elements of tensors as files have them, and their way into memory.
#ifndef ESPALIER_SERIALIZATION_ELEMENTS_H_
#define ESPALIER_SERIALIZATION_ELEMENTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/shape.h"
#include "graph/tensor.h"
#include "serialization/byte_stream.h"

namespace espalier {

struct ElementType;

// How a file holds a tensor.
struct FileTensor {
  const ElementType* element = nullptr;
  Shape shape;
  bool big_endian = false;
  bool fortran_order = false;

  // What it becomes if nobody wants another type: floating-point elements f32,
  // all others i32.
  TensorType type() const;
  int64_t file_bytes() const;
  int64_t tensor_bytes() const;  // of either type
};

// A type of elements of a file.
struct ElementType {
  // Converts `count` elements, from number `first` in the file on.
  using Convert = absl::Status (*)(const FileTensor& file, const char* bytes,
                                   int64_t first, int64_t count,
                                   Tensor* tensor);

  absl::string_view npy;          // what NPY and safetensors call it;
  absl::string_view safetensors;  // empty: they are not read with it
  int64_t bytes;
  DataType natural;
  Convert to_f32;
  Convert to_i32;
};
absl::Span<const ElementType> ElementTypes();

// DataLoss unless the bytes that are left may be those of the tensor.
absl::Status CheckSize(const FileTensor& file, ByteStream::Left left);

// Reads the tensor, which must be all that is left, piece by piece: besides it
// no more than a piece is held, and it is not asked for before CheckSize.
//
// NaN and infinities stay what they are; a number that the wanted type cannot
// hold is an InvalidArgument that names the element: a finite one beyond the
// range of f32, one that is not whole or beyond the range of i32, a truth value
// that is neither 0 nor 1.
absl::StatusOr<Tensor> ReadElements(const FileTensor& file, DataType wanted,
                                    ByteStream* stream);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ELEMENTS_H_
