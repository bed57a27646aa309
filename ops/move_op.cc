#include "ops/move_op.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/axes.h"

namespace espalier {
namespace {

// Calls visit(element, index) for all elements in row-major order.
template <typename Visit>
void ForEachIndex(const Shape& shape, const Visit& visit) {
  const int64_t elements = shape.num_elements();
  std::vector<int64_t> at(static_cast<size_t>(shape.rank()), 0);
  for (int64_t element = 0; element < elements; ++element) {
    visit(element, at);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      int64_t& i = at[static_cast<size_t>(axis)];
      if (++i < shape.dim(axis)) break;
      i = 0;
    }
  }
}

// Calls move(element, input, its element) for all elements of the result that
// come from an input. `source_of` is MoveOp::SourceOf.
template <typename SourceOf, typename Move>
void ForEachMove(absl::Span<const Shape> inputs, const Shape& output,
                 const SourceOf& source_of, const Move& move) {
  std::vector<std::vector<int64_t>> strides;
  for (const Shape& input : inputs) strides.push_back(RowMajorStrides(input));
  std::vector<int64_t> from(static_cast<size_t>(output.rank()));
  ForEachIndex(output, [&](int64_t element, absl::Span<const int64_t> at) {
    const int input = source_of(at, absl::MakeSpan(from));
    if (input < 0) return;
    int64_t source = 0;
    const auto number = static_cast<size_t>(input);
    for (size_t i = 0; i < strides[number].size(); ++i) {
      source += from[i] * strides[number][i];
    }
    move(element, number, source);
  });
}

}  // namespace

DoubleTensor MoveOp::Evaluate(absl::Span<const DoubleTensor* const> inputs,
                              const Shape& output) const {
  std::vector<Shape> shapes;
  for (const DoubleTensor* input : inputs) shapes.push_back(input->shape());
  DoubleTensor y(output);
  ForEachMove(
      shapes, output,
      [&](absl::Span<const int64_t> at, absl::Span<int64_t> from) {
        return SourceOf(shapes, at, from);
      },
      [&](int64_t element, size_t input, int64_t source) {
        y[element] = (*inputs[input])[source];
      });
  return y;
}

IntervalTensor MoveOp::Bounds(absl::Span<const IntervalTensor* const> inputs,
                              const Shape& output) const {
  std::vector<Shape> shapes;
  for (const IntervalTensor* input : inputs) shapes.push_back(input->shape);
  const std::vector<double> zeros(static_cast<size_t>(output.num_elements()));
  IntervalTensor y = {output, zeros, zeros};
  ForEachMove(
      shapes, output,
      [&](absl::Span<const int64_t> at, absl::Span<int64_t> from) {
        return SourceOf(shapes, at, from);
      },
      [&](int64_t element, size_t input, int64_t source) {
        const auto to = static_cast<size_t>(element);
        y.lower[to] = inputs[input]->lower[static_cast<size_t>(source)];
        y.upper[to] = inputs[input]->upper[static_cast<size_t>(source)];
      });
  return y;
}

absl::Status MoveOp::Lower(Lowering& lowering) const {
  const Boxes moves = BoxesOf(lowering);
  lowering.SetResult(lowering.Rearrange(moves.boxes, moves.zeros,
                                        lowering.output_type().shape));
  return absl::OkStatus();
}

BoxCopy MoveOp::WholeInput(const Lowering& lowering, int i) {
  const Shape& x = lowering.input_type(i).shape;
  const std::vector<int64_t> strides = RowMajorStrides(x);
  BoxCopy box = {lowering.input(i), 0, {}};
  for (int axis = 0; axis < x.rank(); ++axis) {
    box.axes.push_back({x.dim(axis), strides[static_cast<size_t>(axis)]});
  }
  return box;
}

absl::Status CheckNotBatch(const Shape& x, int64_t axis,
                           absl::string_view what) {
  if (axis != 0 || !x.has_symbolic_batch()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("x has shape ", x.ToString(), ": ", what,
                   " along axis 0 would change the batch N"));
}

}  // namespace espalier
