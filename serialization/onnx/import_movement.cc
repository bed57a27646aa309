// Ops that take parts of one value, or turn its axes round.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/gather.h"
#include "ops/slice_pad.h"
#include "ops/transpose.h"
#include "serialization/onnx/import_operand.h"
#include "serialization/onnx/import_rows.h"

namespace espalier {
namespace onnx_import {
namespace {

// A step or a size beyond any dimension.
constexpr int64_t kBeyond = kMaxDimension + 1;

// What Slice takes along an axis: no multiple of N but where it ends.
struct SliceInputs {
  std::vector<int64_t> axes, starts, steps;
  std::vector<OnnxSize> ends;
};

absl::StatusOr<SliceInputs> ReadSliceInputs(OnnxNodeReader& node) {
  SliceInputs slice;
  const bool attributes = node.opset() < 10;
  RETURN_IF_ERROR(node.CheckArity(attributes ? 1 : 3, attributes ? 1 : 5));
  if (attributes) {
    slice.starts = node.Ints("starts").value_or(std::vector<int64_t>());
    for (const int64_t end :
         node.Ints("ends").value_or(std::vector<int64_t>())) {
      slice.ends.push_back({end, 0});
    }
    slice.axes = node.Ints("axes").value_or(std::vector<int64_t>());
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  if (!attributes) {
    ASSIGN_OR_RETURN(slice.starts, node.ConstantInts(1));
    ASSIGN_OR_RETURN(slice.ends, node.Sizes(2));
    if (node.has_input(3)) {
      ASSIGN_OR_RETURN(slice.axes, node.ConstantInts(3));
    }
    if (node.has_input(4)) {
      ASSIGN_OR_RETURN(slice.steps, node.ConstantInts(4));
    }
  }
  const size_t count = slice.starts.size();
  if (slice.axes.empty()) {
    for (size_t i = 0; i < count; ++i) {
      slice.axes.push_back(static_cast<int64_t>(i));
    }
  }
  if (slice.steps.empty()) slice.steps.assign(count, 1);
  if (slice.ends.size() != count || slice.axes.size() != count ||
      slice.steps.size() != count) {
    return absl::InvalidArgumentError(absl::StrCat(
        count, " starts, ", slice.ends.size(), " ends, ", slice.axes.size(),
        " axes and ", slice.steps.size(), " steps: expected as many of each"));
  }
  return slice;
}

// The elements start, start + step, ... along an axis.
struct Part {
  int64_t start = 0;
  int64_t count = 0;
  int64_t step = 1;
};

// The rules of ONNX, where starts and ends outside count as the nearest inside.
absl::StatusOr<Part> PartOf(int64_t dim, int64_t start, int64_t end,
                            int64_t step) {
  if (step == 0) return absl::InvalidArgumentError("a step is 0");
  if (dim == 0) return Part{};
  step = std::max(-kBeyond, std::min(step, kBeyond));
  const int64_t least = step > 0 ? 0 : -1;
  const int64_t most = step > 0 ? dim : dim - 1;
  const auto clamped = [&](int64_t at, int64_t low) {
    if (at < 0) at += dim;  // at least INT64_MIN
    return std::max(low, std::min(at, most));
  };
  Part part;
  part.step = step;
  part.start = clamped(start, 0);
  end = clamped(end, least);
  const int64_t length = step > 0 ? end - part.start : part.start - end;
  const int64_t stride = step > 0 ? step : -step;
  part.count = length <= 0 ? 0 : (length - 1) / stride + 1;
  if (part.count <= 1) part.step = 1;
  return part;
}

// x [..., dim, ...] to the elements of the part along axis `axis` of ours.
absl::StatusOr<Value> Taken(OnnxNodeReader& node, const Value& x, int axis,
                            const Part& part, absl::string_view name) {
  if (part.step > 0) {
    const int64_t start = part.count == 0 ? 0 : part.start;
    const int64_t end =
        part.count == 0 ? 0 : part.start + (part.count - 1) * part.step + 1;
    return espalier::Slice(x, {axis}, {start}, {end}, {part.step}, name);
  }
  // The op copies them.
  RETURN_IF_ERROR(
      node.graph().Charge(part.count * int64_t{2 * sizeof(int32_t)}));
  Tensor indices(DataType::kI32, Shape({part.count}));
  for (int64_t i = 0; i < part.count; ++i) {
    indices.data<int32_t>()[static_cast<size_t>(i)] =
        static_cast<int32_t>(part.start + i * part.step);
  }
  return espalier::Gather(x, node.graph().builder().Constant(indices), axis,
                          name);
}

OnnxView WholeView(const OnnxArray& array) {
  return {array.shape(), 0, RowMajorStrides(array.shape())};
}

void Narrow(OnnxView& view, int64_t axis, const Part& part) {
  const auto at = static_cast<size_t>(axis);
  if (part.count > 0) view.offset += part.start * view.strides[at];
  view.strides[at] *= part.step;
  view.shape.set_dim(static_cast<int>(axis), part.count);
}

bool IsWhole(const Part& part, int64_t dim) {
  return part.start == 0 && part.count == dim && part.step == 1;
}

// Whether a slice of the batch leaves it whole, however large it is.
bool IsWholeBatch(const SliceInputs& slice, size_t i) {
  return slice.starts[i] == 0 && slice.steps[i] == 1 &&
         (slice.ends[i] == OnnxSize{1, 1} ||
          (slice.ends[i].batch == 0 && slice.ends[i].factor >= kMaxDimension));
}

}  // namespace

absl::Status Slice(OnnxNodeReader& node) {
  ASSIGN_OR_RETURN(const SliceInputs slice, ReadSliceInputs(node));
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  if (slice.axes.empty()) {
    return node.graph().SetAlias(node.output(), node.input(0));
  }
  RETURN_IF_ERROR(NormalizedAxes(slice.axes, x.rank()).status());
  struct Narrowed {
    int64_t axis;
    Part part;
  };
  std::vector<Narrowed> narrowed;
  for (size_t i = 0; i < slice.axes.size(); ++i) {
    ASSIGN_OR_RETURN(const int64_t axis,
                     NormalizedAxis(slice.axes[i], x.rank()));
    if (axis == 0 && x.symbolic) {
      if (IsWholeBatch(slice, i)) continue;
      return BatchError("a slice would change its size");
    }
    if (slice.ends[i].batch != 0) {
      return absl::UnimplementedError(absl::StrCat(
          "the end along axis ", axis, " depends on the size N of the batch"));
    }
    const int64_t dim = x.dims[static_cast<size_t>(axis)];
    ASSIGN_OR_RETURN(
        const Part part,
        PartOf(dim, slice.starts[i], slice.ends[i].factor, slice.steps[i]));
    if (IsWhole(part, dim)) continue;
    if (axis == 0 && x.batch)
      return BatchError("a slice would change its size");
    narrowed.push_back({axis, part});
  }
  if (narrowed.empty()) {
    return node.graph().SetAlias(node.output(), node.input(0));
  }
  if (x.array != nullptr) {
    OnnxView view = WholeView(*x.array);
    for (const Narrowed& n : narrowed) Narrow(view, n.axis, n.part);
    RETURN_IF_ERROR(ChargeFor(node, *x.array, view.shape));
    return node.SetResult(CopyView(*x.array, view));
  }
  Value y = x.value;
  for (const Narrowed& n : narrowed) {
    const bool last = &n == &narrowed.back();
    ASSIGN_OR_RETURN(y, Taken(node, y, static_cast<int>(n.axis) + x.front,
                              n.part, last ? node.Name() : ""));
    RETURN_IF_ERROR(node.graph().builder().status());
  }
  return node.SetResult(y, 0, x.type);
}

namespace {

// Elements of each result of Split, of a dimension `dim`.
absl::StatusOr<std::vector<int64_t>> SplitSizes(OnnxNodeReader& node,
                                                int64_t dim) {
  const int results = node.num_outputs();
  std::vector<int64_t> sizes;
  absl::optional<std::vector<int64_t>> attribute;
  int64_t num_outputs = 0;
  if (node.opset() < 13) attribute = node.Ints("split");
  if (node.opset() >= 18) num_outputs = node.Int("num_outputs", 0);
  RETURN_IF_ERROR(node.FinishAttributes());
  if (attribute.has_value()) {
    sizes = *std::move(attribute);
  } else if (node.has_input(1)) {
    ASSIGN_OR_RETURN(sizes, node.ConstantInts(1, results));
  } else {
    if (node.opset() >= 18 && num_outputs != results) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute 'num_outputs' is ", num_outputs, " for ",
                       results, " results"));
    }
    // The last may be smaller since opset 18.
    const int64_t size = (dim + results - 1) / results;
    int64_t left = dim;
    for (int i = 0; i < results; ++i) {
      sizes.push_back(std::min(size, left));
      left -= sizes.back();
    }
    if (node.opset() < 18 && dim % results != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          dim, " elements cannot be split into ", results, " equal parts"));
    }
  }
  int64_t left = dim;
  for (const int64_t size : sizes) {
    if (size < 0 || size > left) left = -1;
    if (left < 0) break;
    left -= size;
  }
  if (left != 0 || static_cast<int>(sizes.size()) != results) {
    return absl::InvalidArgumentError(
        absl::StrCat("parts of ", sizes.size() > 16 ? "many" : "[",
                     sizes.size() > 16 ? "" : absl::StrJoin(sizes, ", "),
                     sizes.size() > 16 ? "" : "]", " elements of ", dim,
                     " for ", results, " results"));
  }
  return sizes;
}

}  // namespace

absl::Status Split(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, node.opset() < 13 ? 1 : 2,
                                  std::numeric_limits<int>::max()));
  const int64_t axis_in_file = node.Int("axis", 0);
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  ASSIGN_OR_RETURN(const int64_t axis, NormalizedAxis(axis_in_file, x.rank()));
  if (axis == 0 && x.batch) return BatchError("it cannot be split");
  const int64_t dim = x.dims[static_cast<size_t>(axis)];
  ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, SplitSizes(node, dim));
  Part part;
  for (int i = 0; i < node.num_outputs(); ++i) {
    part.count = sizes[static_cast<size_t>(i)];
    if (!node.output(i).empty()) {
      if (x.array != nullptr) {
        OnnxView view = WholeView(*x.array);
        Narrow(view, axis, part);
        RETURN_IF_ERROR(ChargeFor(node, *x.array, view.shape));
        RETURN_IF_ERROR(node.SetResult(CopyView(*x.array, view), i));
      } else {
        ASSIGN_OR_RETURN(const Value y,
                         Taken(node, x.value, static_cast<int>(axis) + x.front,
                               part, node.Name(i)));
        RETURN_IF_ERROR(node.SetResult(y, i, x.type));
      }
    }
    part.start += part.count;
  }
  return absl::OkStatus();
}

absl::Status Transpose(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  absl::optional<std::vector<int64_t>> attribute = node.Ints("perm");
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  std::vector<int64_t> from;
  for (int i = x.rank(); i-- > 0;) from.push_back(i);
  if (attribute.has_value()) from = *std::move(attribute);
  std::vector<int64_t> sorted = from;
  std::sort(sorted.begin(), sorted.end());
  bool each_once = sorted.size() == x.dims.size();
  for (size_t i = 0; each_once && i < sorted.size(); ++i) {
    each_once = sorted[i] == static_cast<int64_t>(i);
  }
  if (!each_once) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'perm' names ", from.size(),
                     " axes: expected each of the ", x.rank(), " once"));
  }
  if (x.array != nullptr) {
    const OnnxView whole = WholeView(*x.array);
    OnnxView view = whole;
    for (size_t i = 0; i < from.size(); ++i) {
      const auto axis = static_cast<size_t>(from[i]);
      view.strides[i] = whole.strides[axis];
      view.shape.set_dim(static_cast<int>(i), x.dims[axis]);
    }
    RETURN_IF_ERROR(ChargeFor(node, *x.array, view.shape));
    return node.SetResult(CopyView(*x.array, view));
  }
  if (x.batch && from[0] != 0) return BatchError("it stays in front");
  if (x.front > 0) {
    for (int64_t& axis : from) ++axis;
    from.insert(from.begin(), 0);
  }
  return node.SetResult(espalier::Transpose(x.value, from, node.Name()), 0,
                        x.type);
}

}  // namespace onnx_import
}  // namespace espalier
