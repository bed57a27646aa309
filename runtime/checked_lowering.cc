#include "runtime/checked_lowering.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "runtime/expression.h"

namespace espalier {
namespace {

constexpr DataType kF32 = DataType::kF32;
constexpr DataType kI32 = DataType::kI32;

// A part of a formula, for messages.
std::string Described(const Expr::Node& part) {
  switch (part.kind) {
    case Expr::Node::Kind::kOperand:
      return absl::StrCat("operand ", part.operand);
    case Expr::Node::Kind::kNumber:
      return "a number";
    case Expr::Node::Kind::kOperation:
      break;
  }
  return absl::StrCat("what ", OpcodeName(part.opcode), " gives");
}

// What a formula expects that operands of these types are not; empty if there
// is nothing.
std::string MissingFor(const Expr& expr, absl::Span<const DataType> types) {
  absl::flat_hash_set<const Expr::Node*> seen;
  std::vector<Expr> pending = {expr};
  // Nothing reads what the formula gives.
  absl::optional<DataType> wanted;
  const auto missing = [&](const Expr& part) -> std::string {
    const Expr::Node& node = part.node();
    if (node.kind == Expr::Node::Kind::kOperand &&
        (node.operand < 0 ||
         static_cast<size_t>(node.operand) >= types.size())) {
      return absl::StrCat("operands up to number ", node.operand);
    }
    if (!wanted.has_value() || TypeOf(part, types) == *wanted) return "";
    return absl::StrCat(Described(node), " as ", DataTypeName(*wanted));
  };
  std::string found = missing(expr);
  while (found.empty() && !pending.empty()) {
    const Expr current = pending.back();
    pending.pop_back();
    const Expr::Node& node = current.node();
    if (!seen.insert(&node).second) continue;
    wanted =
        node.opcode == Opcode::kIntToFloat || node.opcode == Opcode::kIntAdd
            ? kI32
            : kF32;
    for (const Expr& source : node.sources) {
      if (found.empty()) found = missing(source);
      pending.push_back(source);
    }
  }
  return found;
}

// The dimensions of `from` with those of `indices` in place of one.
Shape Around(const Shape& from, int axis, const Shape& indices) {
  const auto dims = from.dims();
  const auto at = static_cast<size_t>(axis);
  std::vector<int64_t> result(dims.begin(), dims.begin() + axis);
  result.insert(result.end(), indices.dims().begin(), indices.dims().end());
  result.insert(result.end(),
                dims.begin() + static_cast<std::ptrdiff_t>(at) + 1, dims.end());
  return Shape(result);
}

// Whether the box's elements are some of its array's, and go to elements of a
// result of this shape.
bool IsInside(const BoxCopy& box, const Shape& from, const Shape& to) {
  double least = static_cast<double>(box.from_offset);
  double most = least;
  bool takes_samples = false;
  bool empty = false;
  for (int i = 0; i < to.rank(); ++i) {
    const BoxAxis& axis = box.axes[static_cast<size_t>(i)];
    if (axis.size == kBatch) {
      // All samples, of which the array has as many, or the same for each.
      const bool has_samples =
          axis.from_stride == 0 ||
          (from.has_symbolic_batch() &&
           axis.from_stride == from.num_elements_per_sample());
      if (i != 0 || to.dim(0) != kBatch || axis.to_begin != 0 ||
          axis.to_step != 1 || !has_samples) {
        return false;
      }
      takes_samples = true;
      continue;
    }
    if (axis.size < 0 || to.dim(i) == kBatch) return false;
    if (axis.size == 0) {
      empty = true;
      continue;
    }
    const double span = static_cast<double>(axis.size - 1);
    const double last = static_cast<double>(axis.to_begin) +
                        span * static_cast<double>(axis.to_step);
    const auto size = static_cast<double>(to.dim(i));
    if (axis.to_begin < 0 || axis.to_begin >= to.dim(i) || last < 0 ||
        last >= size) {
      return false;
    }
    const double reach = span * static_cast<double>(axis.from_stride);
    (reach < 0 ? least : most) += reach;
  }
  // A batch may have no sample.
  if (empty || (from.has_symbolic_batch() && !takes_samples)) return empty;
  return least >= 0 &&
         most < static_cast<double>(from.num_elements_per_sample());
}

}  // namespace

void CheckedLowering::Fail(absl::string_view message) const {
  if (status_.ok()) status_ = absl::InternalError(message);
}

bool CheckedLowering::IsF32(BufferId buffer) const {
  return plan_.buffers[static_cast<size_t>(buffer)].type.dtype == kF32;
}

bool CheckedLowering::Is(BufferId buffer, DataType dtype,
                         const Shape& shape) const {
  return plan_.buffers[static_cast<size_t>(buffer)].type ==
         TensorType{dtype, shape};
}

const Shape& CheckedLowering::shape_of(BufferId buffer) const {
  return plan_.shape(buffer);
}

bool CheckedLowering::Begin(absl::string_view verb,
                            absl::Span<const BufferId> operands,
                            const Shape& shape) {
  if (!status_.ok()) return false;
  for (const BufferId operand : operands) {
    if (operand < 0 || static_cast<size_t>(operand) >= plan_.buffers.size()) {
      Fail(absl::StrCat(verb, ": expected a buffer of this lowering, found ",
                        operand));
      return false;
    }
  }
  call_ = {verb, {operands.begin(), operands.end()}, shape};
  const absl::Status valid = shape.Validate();
  if (!valid.ok()) Fail(absl::StrCat(DescribeCall(), ": ", valid.message()));
  return valid.ok();
}

std::string CheckedLowering::DescribeCall() const {
  std::vector<std::string> types;
  for (const BufferId operand : call_.operands) {
    types.push_back(
        plan_.buffers[static_cast<size_t>(operand)].type.ToString());
  }
  return absl::StrCat(call_.verb, " of ", absl::StrJoin(types, ", "), " to ",
                      call_.shape.ToString());
}

bool CheckedLowering::Refuse(absl::string_view expected) {
  Fail(absl::StrCat(DescribeCall(), ": expected ", expected));
  return false;
}

BufferId CheckedLowering::input(int i) const {
  if (i >= 0 && i < inputs_) return builder_.input(i);
  Fail(absl::StrCat("input(", i, "): the node has ", inputs_, " inputs"));
  return kNoBuffer;
}

const TensorType& CheckedLowering::input_type(int i) const {
  if (i >= 0 && i < inputs_) return builder_.input_type(i);
  Fail(absl::StrCat("input_type(", i, "): the node has ", inputs_, " inputs"));
  return output_type();
}

const TensorType& CheckedLowering::output_type() const {
  return builder_.output_type();
}

BufferId CheckedLowering::Elementwise(const Expr& expr,
                                      absl::Span<const BufferId> operands,
                                      const Shape& shape) {
  if (!Begin("Elementwise", operands, shape)) return kNoBuffer;
  std::vector<DataType> types;
  for (const BufferId operand : operands) {
    const absl::StatusOr<Shape> both =
        BroadcastShapes(shape_of(operand), shape);
    if (!Expect(both.ok() && *both == shape,
                "operands that stretch to the result")) {
      return kNoBuffer;
    }
    types.push_back(plan_.buffers[static_cast<size_t>(operand)].type.dtype);
  }
  const std::string missing = MissingFor(expr, types);
  if (!missing.empty()) {
    Refuse(absl::StrCat("(by its formula) ", missing));
    return kNoBuffer;
  }
  return builder_.Elementwise(expr, operands, shape);
}

BufferId CheckedLowering::MatMul(const MatMulSpec& spec, const Shape& shape) {
  std::vector<BufferId> operands = {spec.a, spec.b};
  if (spec.bias.has_value()) operands.push_back(*spec.bias);
  if (!Begin("MatMul", operands, shape)) return kNoBuffer;
  const Shape& a = shape_of(spec.a);
  const Shape& b = shape_of(spec.b);
  const int ta = spec.transpose_a ? 1 : 0;
  const int tb = spec.transpose_b ? 1 : 0;
  const bool fits = IsF32(spec.a) && IsF32(spec.b) && a.rank() == 2 &&
                    b.rank() == 2 && shape.rank() == 2 &&
                    a.dim(1 - ta) == b.dim(tb) && a.dim(ta) == shape.dim(0) &&
                    b.dim(1 - tb) == shape.dim(1);
  if (!fits) {
    Refuse(absl::StrCat("f32 ", ta == 1 ? "[K, M]" : "[M, K]", " and ",
                        tb == 1 ? "[N, K]" : "[K, N]", " to give [M, N]"));
    return kNoBuffer;
  }
  if (spec.bias.has_value() &&
      !Expect(Is(*spec.bias, kF32, Shape({shape.dim(1)})),
              "a bias f32[N] where the result is [M, N]")) {
    return kNoBuffer;
  }
  return builder_.MatMul(spec, shape);
}

BufferId CheckedLowering::Reduce(ReduceKind kind, BufferId x,
                                 absl::Span<const int64_t> axes,
                                 const Shape& shape) {
  if (!Begin("Reduce", {x}, shape)) return kNoBuffer;
  Shape kept = shape_of(x);
  int64_t before = -1;
  bool fits = IsF32(x);
  for (const int64_t axis : axes) {
    fits = fits && axis > before && axis < kept.rank();
    if (!fits) break;
    kept.set_dim(static_cast<int>(axis), 1);
    before = axis;
  }
  if (!fits || ExtentOf(kept) != ExtentOf(shape)) {
    Refuse(absl::StrCat("f32 and ascending axes of it, found axes [",
                        absl::StrJoin(axes, ", "),
                        "], which the result has left out or as 1"));
    return kNoBuffer;
  }
  return builder_.Reduce(kind, x, axes, shape);
}

BufferId CheckedLowering::MeanSquaredDeviation(BufferId x, BufferId centers,
                                               const Shape& shape) {
  if (!Begin("MeanSquaredDeviation", {x, centers}, shape)) return kNoBuffer;
  const Shape& from = shape_of(x);
  return Expect(IsF32(x) && from.rank() >= 2 && shape == Shape({from.dim(1)}) &&
                    Is(centers, kF32, shape),
                "f32[N, C, ...] and f32[C] to give [C]")
             ? builder_.MeanSquaredDeviation(x, centers, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::Softmax(BufferId x, bool log, const Shape& shape) {
  if (!Begin("Softmax", {x}, shape)) return kNoBuffer;
  return Expect(Is(x, kF32, shape) && shape.rank() > 0,
                "f32 of the result's shape, with an axis")
             ? builder_.Softmax(x, log, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::CrossEntropy(BufferId logits, BufferId labels,
                                       const Shape& shape) {
  if (!Begin("CrossEntropy", {logits, labels}, shape)) return kNoBuffer;
  const Shape& from = shape_of(logits);
  return Expect(IsF32(logits) && from.rank() == 2 &&
                    shape == Shape({from.dim(0)}) && Is(labels, kI32, shape),
                "f32[N, C] and i32[N] to give [N]")
             ? builder_.CrossEntropy(logits, labels, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::CrossEntropyGradient(BufferId logits, BufferId labels,
                                               BufferId dy,
                                               const Shape& shape) {
  if (!Begin("CrossEntropyGradient", {logits, labels, dy}, shape)) {
    return kNoBuffer;
  }
  const bool fits = Is(logits, kF32, shape) && shape.rank() == 2 &&
                    Is(labels, kI32, Shape({shape.dim(0)})) &&
                    Is(dy, kF32, Shape({shape.dim(0)}));
  return Expect(fits, "f32[N, C], i32[N] and f32[N] to give [N, C]")
             ? builder_.CrossEntropyGradient(logits, labels, dy, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::LayerNorm(BufferId x, BufferId scale, BufferId shift,
                                    float epsilon, const Shape& shape) {
  if (!Begin("LayerNorm", {x, scale, shift}, shape)) return kNoBuffer;
  const bool has_columns = Is(x, kF32, shape) && shape.rank() > 0;
  const Shape columns =
      has_columns ? Shape({shape.dim(shape.rank() - 1)}) : Shape();
  return Expect(has_columns && Is(scale, kF32, columns) &&
                    Is(shift, kF32, columns),
                "f32[..., C], f32[C] and f32[C] to give the first's shape")
             ? builder_.LayerNorm(x, scale, shift, epsilon, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::LayerNormGradient(BufferId x, BufferId g,
                                            float epsilon, const Shape& shape) {
  if (!Begin("LayerNormGradient", {x, g}, shape)) return kNoBuffer;
  return Expect(Is(x, kF32, shape) && Is(g, kF32, shape) && shape.rank() > 0,
                "two f32 of the result's shape, with an axis")
             ? builder_.LayerNormGradient(x, g, epsilon, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::Dropout(const DropoutSpec& spec, const Shape& shape) {
  if (!Begin("Dropout", {spec.x, spec.step}, shape)) return kNoBuffer;
  return Expect(Is(spec.x, kF32, shape) && Is(spec.step, kI32, Shape()),
                "f32 of the result's shape and i32[]")
             ? builder_.Dropout(spec, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::Rearrange(absl::Span<const BoxCopy> boxes, bool zeros,
                                    const Shape& shape) {
  std::vector<BufferId> operands;
  for (const BoxCopy& box : boxes) operands.push_back(box.from);
  if (!Begin("Rearrange", operands, shape)) return kNoBuffer;
  bool fits = !boxes.empty();
  for (const BoxCopy& box : boxes) {
    const TensorType& from = plan_.buffers[static_cast<size_t>(box.from)].type;
    fits = fits && IsF32(box.from) == IsF32(boxes[0].from) &&
           box.axes.size() == static_cast<size_t>(shape.rank()) &&
           IsInside(box, from.shape, shape);
  }
  return Expect(fits,
                "boxes of operands of one type, each inside its operand and "
                "inside the result")
             ? builder_.Rearrange(boxes, zeros, shape)
             : kNoBuffer;
}

BufferId CheckedLowering::Gather(BufferId x, BufferId indices, int axis,
                                 const Shape& shape) {
  if (!Begin("Gather", {x, indices}, shape)) return kNoBuffer;
  const Shape& from = shape_of(x);
  const bool fits = axis >= 0 && axis < from.rank() &&
                    from.dim(axis) != kBatch && !IsF32(indices) &&
                    Around(from, axis, shape_of(indices)) == shape;
  if (fits) return builder_.Gather(x, indices, axis, shape);
  Refuse(absl::StrCat(
      "an array and i32 indices, whose shape the result has in place of axis ",
      axis));
  return kNoBuffer;
}

BufferId CheckedLowering::ScatterAdd(BufferId values, BufferId indices,
                                     int axis, const Shape& shape) {
  if (!Begin("ScatterAdd", {values, indices}, shape)) return kNoBuffer;
  const bool fits = axis >= 0 && axis < shape.rank() &&
                    shape.dim(axis) != kBatch && !IsF32(indices) &&
                    Is(values, kF32, Around(shape, axis, shape_of(indices)));
  if (fits) return builder_.ScatterAdd(values, indices, axis, shape);
  Refuse(absl::StrCat(
      "f32 and i32 indices, whose shape the first has in place of axis ", axis,
      " of the result"));
  return kNoBuffer;
}

BufferId CheckedLowering::Reshape(BufferId x, const Shape& shape) {
  if (!Begin("Reshape", {x}, shape)) return kNoBuffer;
  return Expect(ExtentOf(shape_of(x)) == ExtentOf(shape), "as many elements")
             ? builder_.Reshape(x, shape)
             : kNoBuffer;
}

void CheckedLowering::SetResult(BufferId buffer) {
  if (!Begin("SetResult", {buffer}, output_type().shape)) return;
  if (Is(buffer, output_type().dtype, output_type().shape)) {
    builder_.SetResult(buffer);
  } else {
    Refuse(absl::StrCat("the node's type, ", output_type().ToString()));
  }
}

}  // namespace espalier
