// The functions of the table of ONNX ops that are understood, by family.
#ifndef ESPALIER_SERIALIZATION_ONNX_IMPORT_ROWS_H_
#define ESPALIER_SERIALIZATION_ONNX_IMPORT_ROWS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "serialization/onnx/node_reader.h"

namespace espalier {
namespace onnx_import {

// import_axes.cc
// Dimensions as the file counts them: without a batch that is in front.
int RankInFile(OnnxNodeReader& node, const Value& value);
// The axis of x that the file calls `axis`.
absl::StatusOr<int64_t> AxisOf(OnnxNodeReader& node, const Value& x,
                               int64_t axis);
// Values that are aligned at the right must not meet the batch by accident: one
// with it keeps its rank.
absl::Status CheckRanks(OnnxNodeReader& node, const Value& a, const Value& b);

// import_activations.cc
absl::Status Celu(OnnxNodeReader& node);
absl::Status Clip(OnnxNodeReader& node);
absl::Status Elu(OnnxNodeReader& node);
absl::Status Erf(OnnxNodeReader& node);
absl::Status Gelu(OnnxNodeReader& node);
absl::Status HardSigmoid(OnnxNodeReader& node);
absl::Status LeakyRelu(OnnxNodeReader& node);
absl::Status PRelu(OnnxNodeReader& node);
absl::Status Selu(OnnxNodeReader& node);
absl::Status ThresholdedRelu(OnnxNodeReader& node);

// import_normalization.cc
absl::Status BatchNormalization(OnnxNodeReader& node);
absl::Status Dropout(OnnxNodeReader& node);
absl::Status LayerNormalization(OnnxNodeReader& node);

// import_reductions.cc
absl::Status LogSoftmax(OnnxNodeReader& node);
absl::Status ReduceMax(OnnxNodeReader& node);
absl::Status ReduceMean(OnnxNodeReader& node);
absl::Status ReduceMin(OnnxNodeReader& node);
absl::Status ReduceSum(OnnxNodeReader& node);
absl::Status Softmax(OnnxNodeReader& node);

// Unimplemented: input `i` is computed, of integers.
absl::Status ComputedIntegersError(OnnxNodeReader& node, int i);

// import_products.cc
absl::Status Add(OnnxNodeReader& node);
absl::Status Gemm(OnnxNodeReader& node);
absl::Status MatMul(OnnxNodeReader& node);

// import_elementwise.cc
absl::Status Binary(OnnxNodeReader& node,
                    Value (*f)(Value a, Value b, absl::string_view name));
absl::Status Div(OnnxNodeReader& node);
absl::Status Max(OnnxNodeReader& node);
absl::Status Mean(OnnxNodeReader& node);
absl::Status Min(OnnxNodeReader& node);
absl::Status Mul(OnnxNodeReader& node);
absl::Status Pow(OnnxNodeReader& node);
absl::Status Reciprocal(OnnxNodeReader& node);
absl::Status Sub(OnnxNodeReader& node);
absl::Status Sum(OnnxNodeReader& node);

// import_shapes.cc
absl::Status Flatten(OnnxNodeReader& node);
absl::Status Reshape(OnnxNodeReader& node);
absl::Status Squeeze(OnnxNodeReader& node);
absl::Status Unsqueeze(OnnxNodeReader& node);

// import_pad.cc
absl::Status Pad(OnnxNodeReader& node);

// import_movement.cc
absl::Status Slice(OnnxNodeReader& node);
absl::Status Split(OnnxNodeReader& node);
absl::Status Transpose(OnnxNodeReader& node);

// import_joining.cc
absl::Status Concat(OnnxNodeReader& node);
absl::Status Gather(OnnxNodeReader& node);

// import_constants.cc
absl::Status Cast(OnnxNodeReader& node);
absl::Status Constant(OnnxNodeReader& node);
absl::Status ConstantOfShape(OnnxNodeReader& node);
absl::Status Expand(OnnxNodeReader& node);
absl::Status Identity(OnnxNodeReader& node);
absl::Status ShapeOf(OnnxNodeReader& node);
absl::Status Size(OnnxNodeReader& node);

}  // namespace onnx_import
}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_IMPORT_ROWS_H_
