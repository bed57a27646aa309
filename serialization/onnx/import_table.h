// What the ops of ONNX become.
#ifndef ESPALIER_SERIALIZATION_ONNX_IMPORT_TABLE_H_
#define ESPALIER_SERIALIZATION_ONNX_IMPORT_TABLE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/onnx/graph_reader.h"

namespace espalier {

// Errors name the node, its op type, domain and opset.
absl::Status ReadOnnxNode(const onnx::NodeProto& node, OnnxGraphReader& reader);

// Sorted: the op types that are understood.
std::vector<absl::string_view> OnnxImportedOps();

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_IMPORT_TABLE_H_
