#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {

// Expand stretches both ways, so that a batch which x has already may be 1 in
// the shape.
absl::Status Broadcast(OnnxNodeWriter& node) {
  const Shape shape = node.attributes().ShapeValue("shape");
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  if (!shape.has_symbolic_batch() || node.input_shape(0).has_symbolic_batch()) {
    if (shape.has_symbolic_batch()) dims[0] = 1;
    node.Result("Expand", {node.input(0), node.Ints(dims)});
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::string target, node.Batch());
  dims.erase(dims.begin());
  if (!dims.empty()) {
    target =
        node.Add("Concat", {target, node.Ints(dims)}, {{"axis", int64_t{0}}});
  }
  node.Result("Expand", {node.input(0), target});
  return absl::OkStatus();
}

// A 0 copies the dimension of x: the batch, which stays in front.
absl::Status Reshape(OnnxNodeWriter& node) {
  const Shape shape = node.attributes().ShapeValue("shape");
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  if (std::count(dims.begin(), dims.end(), 0) > 0) {
    return absl::UnimplementedError(
        absl::StrCat("a shape with a dimension of 0, ", shape.ToString(),
                     ", has no ONNX form"));
  }
  if (shape.has_symbolic_batch()) dims[0] = 0;
  node.Result("Reshape", {node.input(0), node.Ints(dims)});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
