// What the tests of the ONNX export share.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_EXPORT_HELPERS_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_EXPORT_HELPERS_H_

#include <functional>
#include <string>

#include "espalier/onnx/onnx.pb.h"
#include "graph/builder.h"
#include "graph/model.h"

namespace espalier {

// Of the graph's parameters and states: their numbers, counted from 1.
Model ModelOf(const Graph& graph);

// The nodes of a model whose output "y" is what `build` makes of x, [N, 3].
std::string Exported(const std::function<Value(Value x)>& build,
                     int opset = 17);

// What the specification of ONNX asks of any file.
void CheckStructure(const onnx::ModelProto& model, int opset);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_EXPORT_HELPERS_H_
