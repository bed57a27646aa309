// The functions of the table of ONNX forms, by family.
#ifndef ESPALIER_SERIALIZATION_ONNX_EXPORT_ROWS_H_
#define ESPALIER_SERIALIZATION_ONNX_EXPORT_ROWS_H_

#include "absl/status/status.h"
#include "serialization/onnx/node_writer.h"

namespace espalier {
namespace onnx_rows {

// elementwise_rows.cc
absl::Status LeakyRelu(OnnxNodeWriter& node);
absl::Status Scale(OnnxNodeWriter& node);
absl::Status Square(OnnxNodeWriter& node);

// product_rows.cc
absl::Status MatMul(OnnxNodeWriter& node);
absl::Status Mean(OnnxNodeWriter& node);
absl::Status Softmax(OnnxNodeWriter& node);
absl::Status LogSoftmax(OnnxNodeWriter& node);
absl::Status SoftmaxCrossEntropy(OnnxNodeWriter& node);
absl::Status Sum(OnnxNodeWriter& node);

// shape_rows.cc
absl::Status Broadcast(OnnxNodeWriter& node);
absl::Status Reshape(OnnxNodeWriter& node);

}  // namespace onnx_rows
}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_EXPORT_ROWS_H_
