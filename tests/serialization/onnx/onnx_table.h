// The table of docs/onnx.md, made from what is exported.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_TABLE_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_TABLE_H_

#include <string>

namespace espalier {

// Markdown: a line per kind with the ONNX ops that its cases become, by opset
// where that matters, or why there are none.
std::string OnnxTable();

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_TABLE_H_
