#include "tests/serialization/onnx/write_run.h"

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/file.h"
#include "serialization/npy.h"
#include "tests/testing/execution.h"

namespace espalier {

absl::StatusOr<LeafValues> WriteRun(const Model& model,
                                    const LeafValues& leaves,
                                    absl::string_view onnx,
                                    const std::string& path) {
  RETURN_IF_ERROR(WriteFile(absl::StrCat(path, ".onnx"), onnx));
  ASSIGN_OR_RETURN(Execution execution, Execution::Create(model.graph, leaves));
  ASSIGN_OR_RETURN(LeafValues outputs, execution.Run(leaves));
  for (const NodeId id : model.graph.inputs()) {
    const Node& input = model.graph.node(id);
    RETURN_IF_ERROR(WriteNpy(absl::StrCat(path, ".in.", input.name, ".npy"),
                             leaves.at(input.name).ToTensor(input.type.dtype)));
  }
  for (const GraphOutput& output : model.graph.outputs()) {
    const DataType dtype = model.graph.node(output.node).type.dtype;
    RETURN_IF_ERROR(WriteNpy(absl::StrCat(path, ".out.", output.name, ".npy"),
                             outputs.at(output.name).ToTensor(dtype)));
  }
  return outputs;
}

}  // namespace espalier
