// Ops that give the same elements in the same order another shape.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "graph/planted_bug.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "serialization/onnx/import_operand.h"
#include "serialization/onnx/import_rows.h"

namespace espalier {
namespace onnx_import {
namespace {

absl::StatusOr<int64_t> Product(absl::Span<const int64_t> dims) {
  int64_t product = 1;
  for (const int64_t dim : dims) {
    const absl::optional<int64_t> next = CheckedMul(product, dim);
    if (!next.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape [", absl::StrJoin(dims, ", "),
                       "] has too many elements, or a negative dimension"));
    }
    product = *next;
  }
  return product;
}

// The axes of Squeeze and Unsqueeze, an attribute before opset 13; empty if
// there are none.
absl::StatusOr<std::vector<int64_t>> ReadAxes(OnnxNodeReader& node) {
  std::vector<int64_t> axes;
  const absl::optional<std::vector<int64_t>> attribute =
      node.opset() < 13 ? node.Ints("axes") : absl::nullopt;
  RETURN_IF_ERROR(node.FinishAttributes());
  if (attribute.has_value()) {
    axes = *attribute;
  } else if (node.has_input(1)) {
    ASSIGN_OR_RETURN(axes, node.ConstantInts(1));
  } else {
    return axes;
  }
  if (axes.empty() || axes.size() > kMaxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat(axes.size(), " axes are named: expected 1 to ", kMaxRank));
  }
  return axes;
}

// The shape that Reshape asks for, for one sample.
absl::StatusOr<std::vector<int64_t>> ReadNewDims(OnnxNodeReader& node,
                                                 const Operand& x,
                                                 bool allow_zero) {
  ASSIGN_OR_RETURN(const std::vector<OnnxSize> sizes, node.Sizes(1));
  std::vector<int64_t> dims;
  int rest = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    dims.push_back(sizes[i].factor);
    if (sizes[i].batch != 0) {
      if (i > 0 || !x.symbolic) {
        return absl::UnimplementedError(
            absl::StrCat("dimension ", i, " depends on the size N of the batch",
                         ": expected N in front, and of a value with it"));
      }
    } else if (dims[i] == 0 && !allow_zero) {
      if (i >= x.dims.size()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "dimension ", i, " is to be that of a value of rank ", x.rank()));
      }
      dims[i] = x.dims[i];
    } else if (dims[i] == -1) {
      if (rest >= 0) {
        return absl::InvalidArgumentError("two dimensions are -1");
      }
      rest = static_cast<int>(i);
      dims[i] = 1;
    } else if (dims[i] < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "dimension ", i, " is ", dims[i], ": expected -1 or more"));
    }
  }
  if (rest < 0) return dims;
  if (rest > 0 && x.symbolic && sizes[0] == OnnxSize{1, 0}) {
    return absl::UnimplementedError(
        "all samples together would become one, of dimensions [1, -1, ...]");
  }
  ASSIGN_OR_RETURN(const int64_t elements, Product(x.dims));
  ASSIGN_OR_RETURN(const int64_t known, Product(dims));
  if (known == 0 && !PlantedBug(17)) {
    return absl::InvalidArgumentError("-1 beside 0");
  }
  dims[static_cast<size_t>(rest)] = elements / known;
  return dims;
}

}  // namespace

absl::Status Flatten(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  int64_t axis = node.Int("axis", 1);
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  const int64_t rank = x.rank();
  if (axis < -rank || axis > rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " of ", rank));
  }
  if (axis < 0) axis += rank;
  if (axis == 0 && x.symbolic) return BatchError("it would be taken in");
  const absl::Span<const int64_t> all = x.dims;
  const auto at = static_cast<size_t>(axis);
  ASSIGN_OR_RETURN(const int64_t rows, Product(all.subspan(0, at)));
  ASSIGN_OR_RETURN(const int64_t columns, Product(all.subspan(at)));
  return SetReshaped(node, x, {rows, columns});
}

absl::Status Reshape(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  const bool allow_zero = node.Int("allowzero", 0) != 0;
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  ASSIGN_OR_RETURN(std::vector<int64_t> dims, ReadNewDims(node, x, allow_zero));
  return SetReshaped(node, x, std::move(dims));
}

absl::Status Squeeze(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, node.opset() < 13 ? 1 : 2));
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, ReadAxes(node));
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  if (axes.empty()) {
    for (int i = x.symbolic ? 1 : 0; i < x.rank(); ++i) {
      if (x.dims[static_cast<size_t>(i)] == 1) axes.push_back(i);
    }
  } else {
    ASSIGN_OR_RETURN(axes, NormalizedAxes(axes, x.rank()));
  }
  std::vector<int64_t> dims;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t dim = x.dims[static_cast<size_t>(i)];
    if (!IsReduced(axes, i)) {
      dims.push_back(dim);
    } else if (i == 0 && x.symbolic) {
      return BatchError("it cannot be left out");
    } else if (dim != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", i, " has ", dim, " elements: expected 1"));
    }
  }
  return SetReshaped(node, x, std::move(dims));
}

absl::Status Unsqueeze(OnnxNodeReader& node) {
  const int inputs = node.opset() < 13 ? 1 : 2;
  RETURN_IF_ERROR(node.CheckArity(inputs, inputs));
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, ReadAxes(node));
  if (axes.empty()) return absl::InvalidArgumentError("no axes are named");
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  const int rank = x.rank() + static_cast<int>(axes.size());
  ASSIGN_OR_RETURN(axes, NormalizedAxes(axes, rank));
  if (axes[0] == 0 && x.symbolic) return BatchError("it stays in front");
  std::vector<int64_t> dims;
  size_t next = 0;
  for (int i = 0; i < rank; ++i) {
    dims.push_back(IsReduced(axes, i) ? 1 : x.dims[next++]);
  }
  return SetReshaped(node, x, std::move(dims));
}

}  // namespace onnx_import
}  // namespace espalier
