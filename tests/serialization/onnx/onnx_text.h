// ONNX files in a form that tests can state.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_TEXT_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "espalier/onnx/onnx.pb.h"

namespace espalier {

// A test failure, and an empty message, if the bytes are none or hold anything
// that our schema does not list.
onnx::ModelProto ParseOnnx(const std::string& bytes);

// A line for each node, "y = LeakyRelu(x0; alpha=0.01)". Names of initializers
// that hold one float, or integers of rank 1, are replaced by the values.
std::string PrintNodes(const onnx::GraphProto& graph);

// "f32[N, 3]", as TensorType prints it.
std::string PrintType(const onnx::ValueInfoProto& value);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_TEXT_H_
