// Shapes, and where elements go.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {
namespace {

// What ONNX's Reshape takes for a shape: a 0 copies the dimension of its input,
// which serves the batch in front.
absl::StatusOr<std::string> ReshapeTarget(OnnxNodeWriter& node,
                                          std::vector<int64_t> dims) {
  if (std::count(dims.begin(), dims.end(), 0) > 0) {
    return absl::UnimplementedError(
        absl::StrCat("a reshape to ", Shape(dims).ToString(),
                     ", with a dimension of 0, has no ONNX form"));
  }
  std::replace(dims.begin(), dims.end(), kBatch, int64_t{0});
  return node.Ints(dims);
}

absl::StatusOr<std::string> AddReshape(OnnxNodeWriter& node,
                                       const std::string& x,
                                       std::vector<int64_t> dims) {
  ASSIGN_OR_RETURN(const std::string target,
                   ReshapeTarget(node, std::move(dims)));
  return node.Add("Reshape", {x, target});
}

// x with zeros between neighbours: each axis that gets some is split in two,
// [size, 1], the second padded, and both taken together. Leaves zeros behind
// the last element too.
absl::StatusOr<std::string> AddInterior(OnnxNodeWriter& node,
                                        const std::vector<int64_t>& interior) {
  std::vector<int64_t> split;
  std::vector<int64_t> after;
  std::vector<int64_t> together;
  for (size_t i = 0; i < interior.size(); ++i) {
    const int64_t dim = node.input_shape(0).dim(static_cast<int>(i));
    split.push_back(dim);
    after.push_back(0);
    together.push_back(dim);
    if (interior[i] == 0) continue;
    split.push_back(1);
    after.push_back(interior[i]);
    together.back() = dim * (1 + interior[i]);
  }
  ASSIGN_OR_RETURN(std::string x,
                   AddReshape(node, node.input(0), std::move(split)));
  std::vector<int64_t> pads(after.size());
  pads.insert(pads.end(), after.begin(), after.end());
  x = node.Add("Pad", {x, node.Ints(pads)});
  return AddReshape(node, x, std::move(together));
}

}  // namespace

// Expand stretches both ways, so that a batch which x has already may be 1 in
// the shape.
absl::Status Broadcast(OnnxNodeWriter& node) {
  const Shape shape = node.attributes().ShapeValue("shape");
  std::vector<int64_t> dims = DimsOf(shape);
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

absl::Status Concat(OnnxNodeWriter& node) {
  node.attributes().Int("count");
  const int64_t axis = node.attributes().Int("axis");
  node.Result("Concat", node.inputs(), {{"axis", axis}});
  return absl::OkStatus();
}

absl::Status Gather(OnnxNodeWriter& node) {
  const int64_t axis = node.attributes().Int("axis");
  node.Result("Gather", node.inputs(), {{"axis", axis}});
  return absl::OkStatus();
}

// Zeros that AddInterior left behind the last element are taken off: ONNX's
// numbers of zeros may be negative.
absl::Status Pad(OnnxNodeWriter& node) {
  std::vector<int64_t> pads = node.attributes().IntList("before");
  std::vector<int64_t> after = node.attributes().IntList("after");
  const std::vector<int64_t> interior = node.attributes().IntList("interior");
  std::string x = node.input(0);
  if (std::any_of(interior.begin(), interior.end(),
                  [](int64_t zeros) { return zeros != 0; })) {
    ASSIGN_OR_RETURN(x, AddInterior(node, interior));
    for (size_t i = 0; i < after.size(); ++i) after[i] -= interior[i];
  }
  pads.insert(pads.end(), after.begin(), after.end());
  if (pads.empty()) {  // ONNX Runtime pads no scalar
    node.Result("Identity", {x});
    return absl::OkStatus();
  }
  node.Result("Pad", {x, node.Ints(pads)});
  return absl::OkStatus();
}

absl::Status Reshape(OnnxNodeWriter& node) {
  const Shape shape = node.attributes().ShapeValue("shape");
  ASSIGN_OR_RETURN(const std::string target,
                   ReshapeTarget(node, DimsOf(shape)));
  node.Result("Reshape", {node.input(0), target});
  return absl::OkStatus();
}

absl::Status Slice(OnnxNodeWriter& node) {
  const std::vector<int64_t> axes = node.attributes().IntList("axes");
  const std::vector<int64_t> starts = node.attributes().IntList("starts");
  const std::vector<int64_t> ends = node.attributes().IntList("ends");
  const std::vector<int64_t> steps = node.attributes().IntList("steps");
  if (axes.empty()) {
    node.Result("Identity", node.inputs());
    return absl::OkStatus();
  }
  std::vector<std::string> inputs = {node.input(0), node.Ints(starts),
                                     node.Ints(ends), node.Ints(axes)};
  if (!steps.empty()) inputs.push_back(node.Ints(steps));
  node.Result("Slice", inputs);
  return absl::OkStatus();
}

absl::Status Transpose(OnnxNodeWriter& node) {
  std::vector<int64_t> axes = node.attributes().IntList("permutation");
  for (int64_t& axis : axes) {
    if (axis < 0) axis += node.type().shape.rank();
  }
  if (axes.empty()) {  // ONNX has no empty list of axes
    node.Result("Identity", node.inputs());
    return absl::OkStatus();
  }
  node.Result("Transpose", node.inputs(), {{"perm", std::move(axes)}});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
