// The functions of the table of ONNX forms, by family.
#ifndef ESPALIER_SERIALIZATION_ONNX_EXPORT_ROWS_H_
#define ESPALIER_SERIALIZATION_ONNX_EXPORT_ROWS_H_

#include <string>

#include "absl/status/status.h"
#include "serialization/onnx/node_writer.h"

namespace espalier {
namespace onnx_rows {

// activation_rows.cc
absl::Status Celu(OnnxNodeWriter& node);
absl::Status Elu(OnnxNodeWriter& node);
absl::Status Gelu(OnnxNodeWriter& node);
absl::Status GeluTanh(OnnxNodeWriter& node);
absl::Status HardSigmoid(OnnxNodeWriter& node);
absl::Status HardSwish(OnnxNodeWriter& node);
absl::Status LeakyRelu(OnnxNodeWriter& node);
absl::Status Mish(OnnxNodeWriter& node);
absl::Status Swish(OnnxNodeWriter& node);

// elementwise_rows.cc
absl::Status Cast(OnnxNodeWriter& node);
absl::Status Clip(OnnxNodeWriter& node);
absl::Status Expm1(OnnxNodeWriter& node);
absl::Status Log1p(OnnxNodeWriter& node);
// A node: erf(x / sqrt(2)), x being the first input.
std::string ErfOfNormal(OnnxNodeWriter& node);
absl::Status NormalCdf(OnnxNodeWriter& node);
absl::Status Scale(OnnxNodeWriter& node);
absl::Status SelectGreater(OnnxNodeWriter& node);
absl::Status Square(OnnxNodeWriter& node);

// movement_rows.cc
absl::Status Broadcast(OnnxNodeWriter& node);
absl::Status Concat(OnnxNodeWriter& node);
absl::Status Gather(OnnxNodeWriter& node);
absl::Status Pad(OnnxNodeWriter& node);
absl::Status Reshape(OnnxNodeWriter& node);
absl::Status Slice(OnnxNodeWriter& node);
absl::Status Transpose(OnnxNodeWriter& node);

// normalization_rows.cc
absl::Status BatchNormalize(OnnxNodeWriter& node);
absl::Status LayerNorm(OnnxNodeWriter& node);

// product_rows.cc
absl::Status MatMul(OnnxNodeWriter& node);
absl::Status Mean(OnnxNodeWriter& node);
absl::Status ReduceMax(OnnxNodeWriter& node);
absl::Status ReduceMin(OnnxNodeWriter& node);
absl::Status Softmax(OnnxNodeWriter& node);
absl::Status LogSoftmax(OnnxNodeWriter& node);
absl::Status SoftmaxCrossEntropy(OnnxNodeWriter& node);
absl::Status Sum(OnnxNodeWriter& node);

}  // namespace onnx_rows
}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_EXPORT_ROWS_H_
