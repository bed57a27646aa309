#include "tests/serialization/onnx/write_run.h"

#include "absl/strings/str_cat.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/status_macros.h"
#include "serialization/file.h"
#include "serialization/npy.h"
#include "tests/testing/execution.h"

namespace espalier {

absl::StatusOr<LeafValues> WriteRun(const Model& model,
                                    const LeafValues& leaves,
                                    absl::string_view bytes,
                                    const std::string& path) {
  RETURN_IF_ERROR(WriteFile(absl::StrCat(path, ".onnx"), bytes));
  ASSIGN_OR_RETURN(Execution execution, Execution::Create(model.graph, leaves));
  ASSIGN_OR_RETURN(LeafValues outputs, execution.Run(leaves));
  onnx::ModelProto file;
  if (!file.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InternalError("cannot parse what was exported");
  }
  for (size_t i = 0; i < model.graph.inputs().size(); ++i) {
    const Node& input = model.graph.node(model.graph.inputs()[i]);
    const std::string& name = file.graph().input(static_cast<int>(i)).name();
    RETURN_IF_ERROR(WriteNpy(absl::StrCat(path, ".in.", name, ".npy"),
                             leaves.at(input.name).ToTensor(input.type.dtype)));
  }
  for (size_t i = 0; i < model.graph.outputs().size(); ++i) {
    const GraphOutput& output = model.graph.outputs()[i];
    const std::string& name = file.graph().output(static_cast<int>(i)).name();
    const DataType dtype = model.graph.node(output.node).type.dtype;
    RETURN_IF_ERROR(WriteNpy(absl::StrCat(path, ".out.", name, ".npy"),
                             outputs.at(output.name).ToTensor(dtype)));
  }
  return outputs;
}

}  // namespace espalier
