// The tensors of an ONNX file, checked and converted.
#ifndef ESPALIER_SERIALIZATION_ONNX_TENSOR_READER_H_
#define ESPALIER_SERIALIZATION_ONNX_TENSOR_READER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/shape.h"
#include "graph/tensor.h"
#include "serialization/onnx/array.h"

namespace espalier {

// Whether it has a known element type, a valid shape, and exactly as many
// elements as its shape asks for, in one place: so many bytes of its raw_data
// were left elsewhere, if not 0. Unimplemented for strings, complex numbers and
// weights in other files, which are never opened.
absl::Status CheckOnnxTensor(const onnx::TensorProto& tensor,
                             int64_t left_bytes = 0);

// REQUIRES, of all that follows: CheckOnnxTensor is OK, and of what reads
// elements, that none were left elsewhere.
Shape OnnxShape(const onnx::TensorProto& tensor);
// Of floating point of any width.
bool IsOnnxFloat(const onnx::TensorProto& tensor);
bool IsOnnxFloat(int type);
// As f32; an error for finite doubles beyond it, and for other types.
absl::StatusOr<Tensor> ReadOnnxFloats(const onnx::TensorProto& tensor);
// The same of a matrix, each element times `factor`; turned round if told so.
// REQUIRES: rank 2.
absl::StatusOr<Tensor> ReadOnnxMatrix(const onnx::TensorProto& tensor,
                                      bool transpose, float factor);
// Of INT64 and INT32.
absl::StatusOr<std::vector<int64_t>> ReadOnnxInts(
    const onnx::TensorProto& tensor);
// As i32, of integers of any width and BOOL; an error for those beyond it.
// REQUIRES: not IsOnnxFloat().
absl::StatusOr<Tensor> ReadOnnxIntegers(const onnx::TensorProto& tensor);
// Of any type. What is raw is not copied: `tensor` must outlive it.
OnnxArray ReadOnnxArray(const onnx::TensorProto& tensor);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_TENSOR_READER_H_
