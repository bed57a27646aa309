// Zeros around a value, and what negative numbers of them take off.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/slice_pad.h"
#include "serialization/onnx/import_operand.h"
#include "serialization/onnx/import_rows.h"

namespace espalier {
namespace onnx_import {
namespace {

struct PadInputs {
  std::vector<int64_t> pads;  // before each axis, then behind each
  std::vector<int64_t> axes;
};

// Attributes before opset 11.
absl::StatusOr<PadInputs> ReadPadInputs(OnnxNodeReader& node, int rank) {
  const bool as_input = node.opset() >= 11;
  const std::string mode = node.String("mode", "constant");
  double value = as_input ? 0 : node.Float("value", 0);
  PadInputs pad;
  if (!as_input) {
    pad.pads = node.Ints("pads").value_or(std::vector<int64_t>());
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  if (mode != "constant") {
    return absl::UnimplementedError(absl::StrCat(
        "mode ", Quoted(mode.substr(0, 80)), ": expected 'constant'"));
  }
  if (as_input) {
    ASSIGN_OR_RETURN(pad.pads, node.ConstantInts(1, 2 * kMaxRank));
    ASSIGN_OR_RETURN(const OnnxArray* const fill, node.array(2));
    if (node.has_input(2) && fill == nullptr) {
      return absl::UnimplementedError("input 2 is not constant");
    }
    if (fill != nullptr && fill->num_elements() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("input 2 has ", fill->num_elements(),
                       " elements: expected one number"));
    }
    if (fill != nullptr) {
      value = fill->is_floating() ? fill->FloatAt(0)
                                  : static_cast<double>(fill->IntAt(0));
    }
  }
  if (value != 0 || std::signbit(value)) {
    return absl::UnimplementedError(
        absl::StrCat("pads with ", value, ": expected 0"));
  }
  if (node.has_input(3)) {
    ASSIGN_OR_RETURN(pad.axes, node.ConstantInts(3));
  } else {
    pad.axes.resize(static_cast<size_t>(rank));
    std::iota(pad.axes.begin(), pad.axes.end(), 0);
  }
  if (pad.pads.size() != 2 * pad.axes.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(pad.pads.size(), " pads of ", pad.axes.size(),
                     " axes: expected two of each"));
  }
  return pad;
}

}  // namespace

absl::Status Pad(OnnxNodeReader& node) {
  if (node.opset() == 1) {
    return absl::UnimplementedError(
        "its pads are the attribute 'paddings' of opset 1: expected opset 2 or "
        "later");
  }
  const int most = node.opset() < 11 ? 1 : node.opset() < 18 ? 3 : 4;
  RETURN_IF_ERROR(node.CheckArity(std::min(most, 2), most));
  ASSIGN_OR_RETURN(Operand x, ReadOperand(node, 0));
  ASSIGN_OR_RETURN(const PadInputs pad, ReadPadInputs(node, x.rank()));
  RETURN_IF_ERROR(NormalizedAxes(pad.axes, x.rank()).status());
  const auto rank = static_cast<size_t>(x.rank() + x.front);
  std::vector<int64_t> before(rank);
  std::vector<int64_t> after(rank);
  // What is taken off, where pads are negative.
  std::vector<int64_t> cut;
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  bool none = true;
  for (size_t i = 0; i < pad.axes.size(); ++i) {
    ASSIGN_OR_RETURN(const int64_t axis, NormalizedAxis(pad.axes[i], x.rank()));
    const int64_t front = pad.pads[i];
    const int64_t back = pad.pads[i + pad.axes.size()];
    if (front == 0 && back == 0) continue;
    int64_t& dim = x.dims[static_cast<size_t>(axis)];
    const int64_t start = front < 0 ? -std::max(front, -kMaxDimension) : 0;
    const int64_t end =
        dim + std::max(std::min<int64_t>(back, 0), -kMaxDimension);
    if (front > kMaxDimension || back > kMaxDimension || start > end) {
      return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " of ", dim,
                                                     " elements has pads ",
                                                     front, " and ", back));
    }
    if (axis == 0 && x.batch) return BatchError("it cannot be padded");
    none = false;
    const int64_t ours = axis + x.front;
    before[static_cast<size_t>(ours)] = std::max<int64_t>(front, 0);
    after[static_cast<size_t>(ours)] = std::max<int64_t>(back, 0);
    if (start > 0 || end < dim) {
      cut.push_back(ours);
      starts.push_back(start);
      ends.push_back(end);
    }
    dim += front + back;
  }
  if (none) return node.graph().SetAlias(node.output(), node.input(0));
  RETURN_IF_ERROR(FixedShape(x.dims).status());
  ASSIGN_OR_RETURN(Value value, node.value(0));
  const auto padded = [](int64_t pads) { return pads > 0; };
  if (std::none_of(before.begin(), before.end(), padded) &&
      std::none_of(after.begin(), after.end(), padded)) {
    return node.SetResult(
        espalier::Slice(value, cut, starts, ends, {}, node.Name()), 0, x.type);
  }
  if (!cut.empty()) value = espalier::Slice(value, cut, starts, ends);
  return node.SetResult(espalier::Pad(value, before, after, {}, node.Name()), 0,
                        x.type);
}

}  // namespace onnx_import
}  // namespace espalier
