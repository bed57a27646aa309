#include "ops/slice_pad.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/move_op.h"

namespace espalier {
namespace {

using IntList = std::vector<int64_t>;

IntList ToList(absl::Span<const int64_t> values) {
  return {values.begin(), values.end()};
}

IntList Repeated(size_t count, int64_t value) { return IntList(count, value); }

// "found 3 starts for 2 axes".
absl::Status CheckLength(absl::string_view what, const IntList& list,
                         absl::string_view than, size_t length) {
  if (list.size() == length) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "found ", list.size(), " ", what, " for ", length, " ", than));
}

// One for each of the axes, which are ascending.
struct SliceAttributes {
  IntList axes, starts, ends, steps;
};

class SliceOp : public MoveOp {
 public:
  explicit SliceOp(SliceAttributes slice) : slice_(std::move(slice)) {}

  absl::string_view kind() const override { return "slice"; }
  int arity() const override { return 1; }
  Attributes attributes() const override {
    return {{"axes", slice_.axes},
            {"starts", slice_.starts},
            {"ends", slice_.ends},
            {"steps", slice_.steps}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    const size_t count = slice_.axes.size();
    RETURN_IF_ERROR(CheckLength("starts", slice_.starts, "axes", count));
    RETURN_IF_ERROR(CheckLength("ends", slice_.ends, "axes", count));
    RETURN_IF_ERROR(CheckLength("steps", slice_.steps, "axes", count));
    Shape y = inputs[0].shape;
    int64_t previous = -1;
    for (size_t i = 0; i < count; ++i) {
      const int64_t axis = slice_.axes[i];
      if (axis <= previous || axis >= y.rank()) {
        return absl::InvalidArgumentError(
            absl::StrCat("axis ", axis, " is not one of the ", y.rank(),
                         " axes of x, each named once and in ascending order"));
      }
      previous = axis;
      RETURN_IF_ERROR(CheckNotBatch(inputs[0].shape, axis, "a slice"));
      const int64_t start = slice_.starts[i];
      const int64_t end = slice_.ends[i];
      const int64_t step = slice_.steps[i];
      const int64_t dim = y.dim(static_cast<int>(axis));
      if (start < 0 || start > end || end > dim) {
        return absl::InvalidArgumentError(absl::StrCat(
            "axis ", axis, " of x has ", dim,
            " elements: there is no slice from ", start, " to ", end));
      }
      if (step < 1 || step > kMaxDimension) {
        return absl::InvalidArgumentError(
            absl::StrCat("the step along axis ", axis, " is ", step,
                         ": expected 1 to ", kMaxDimension));
      }
      y.set_dim(static_cast<int>(axis), (end - start + step - 1) / step);
    }
    return TensorType{inputs[0].dtype, y};
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value output, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    const Shape x = inputs[0].shape();
    const Shape y = output.shape();
    const auto rank = static_cast<size_t>(x.rank());
    IntList before = Repeated(rank, 0);
    IntList after = Repeated(rank, 0);
    IntList interior = Repeated(rank, 0);
    for (size_t i = 0; i < slice_.axes.size(); ++i) {
      const auto axis = static_cast<size_t>(slice_.axes[i]);
      const int64_t count = y.dim(static_cast<int>(axis));
      const int64_t covered =
          count == 0 ? 0 : (count - 1) * slice_.steps[i] + 1;
      before[axis] = slice_.starts[i];
      interior[axis] = slice_.steps[i] - 1;
      after[axis] = x.dim(static_cast<int>(axis)) - slice_.starts[i] - covered;
    }
    return std::vector<Value>{Pad(dy, before, after, interior)};
  }

 protected:
  int SourceOf(absl::Span<const Shape> /*inputs*/, absl::Span<const int64_t> at,
               absl::Span<int64_t> from) const override {
    std::copy(at.begin(), at.end(), from.begin());
    for (size_t i = 0; i < slice_.axes.size(); ++i) {
      int64_t& index = from[static_cast<size_t>(slice_.axes[i])];
      index = slice_.starts[i] + index * slice_.steps[i];
    }
    return 0;
  }

  Boxes BoxesOf(const Lowering& lowering) const override {
    const Shape& y = lowering.output_type().shape;
    BoxCopy box = WholeInput(lowering, 0);
    for (size_t i = 0; i < slice_.axes.size(); ++i) {
      BoxAxis& axis = box.axes[static_cast<size_t>(slice_.axes[i])];
      axis.size = y.dim(static_cast<int>(slice_.axes[i]));
      // Where nothing is taken, neither number matters, and they might be
      // large.
      if (axis.size == 0) continue;
      box.from_offset += slice_.starts[i] * axis.from_stride;
      axis.from_stride *= axis.size == 1 ? 1 : slice_.steps[i];
    }
    return {{box}, false};
  }

 private:
  const SliceAttributes slice_;
};

// One for each axis of x.
struct PadAttributes {
  IntList before, after, interior;
};

class PadOp : public MoveOp {
 public:
  explicit PadOp(PadAttributes pad) : pad_(std::move(pad)) {}

  absl::string_view kind() const override { return "pad"; }
  int arity() const override { return 1; }
  Attributes attributes() const override {
    return {{"before", pad_.before},
            {"after", pad_.after},
            {"interior", pad_.interior}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    const Shape& x = inputs[0].shape;
    Shape y = x;
    const auto rank = static_cast<size_t>(x.rank());
    struct Counts {
      absl::string_view what;
      const IntList& list;
    };
    for (const Counts& counts :
         {Counts{"before", pad_.before}, Counts{"after", pad_.after},
          Counts{"interior", pad_.interior}}) {
      RETURN_IF_ERROR(CheckLength(absl::StrCat("'", counts.what, "' counts"),
                                  counts.list, "axes of x", rank));
      for (size_t i = 0; i < rank; ++i) {
        if (counts.list[i] < 0 || counts.list[i] > kMaxDimension) {
          return absl::InvalidArgumentError(
              absl::StrCat("'", counts.what, "' of axis ", i, " is ",
                           counts.list[i], ": expected 0 to ", kMaxDimension));
        }
        if (counts.list[i] > 0) {
          RETURN_IF_ERROR(CheckNotBatch(x, static_cast<int64_t>(i), "zeros"));
        }
      }
    }
    for (int i = x.has_symbolic_batch() ? 1 : 0; i < x.rank(); ++i) {
      y.set_dim(i, SizeAlong(x.dim(i), static_cast<size_t>(i)));
    }
    return TensorType{inputs[0].dtype, y};
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    const Shape x = inputs[0].shape();
    IntList axes, starts, ends, steps;
    for (int i = x.has_symbolic_batch() ? 1 : 0; i < x.rank(); ++i) {
      const auto axis = static_cast<size_t>(i);
      axes.push_back(i);
      starts.push_back(pad_.before[axis]);
      ends.push_back(pad_.before[axis] + Covered(x.dim(i), axis));
      steps.push_back(pad_.interior[axis] + 1);
    }
    return std::vector<Value>{Slice(dy, axes, starts, ends, steps)};
  }

 protected:
  int SourceOf(absl::Span<const Shape> inputs, absl::Span<const int64_t> at,
               absl::Span<int64_t> from) const override {
    for (size_t i = 0; i < at.size(); ++i) {
      const int64_t past = at[i] - pad_.before[i];
      const int64_t step = pad_.interior[i] + 1;
      if (past < 0 || past % step != 0) return kZero;
      from[i] = past / step;
      if (from[i] >= inputs[0].dim(static_cast<int>(i))) return kZero;
    }
    return 0;
  }

  Boxes BoxesOf(const Lowering& lowering) const override {
    BoxCopy box = WholeInput(lowering, 0);
    for (size_t i = 0; i < box.axes.size(); ++i) {
      box.axes[i].to_begin = pad_.before[i];
      if (box.axes[i].size > 1) box.axes[i].to_step = pad_.interior[i] + 1;
    }
    return {{box},
            lowering.input_type(0).shape != lowering.output_type().shape};
  }

 private:
  // From the first element of x to the last one, both included.
  int64_t Covered(int64_t dim, size_t axis) const {
    return dim == 0 ? 0 : (dim - 1) * (pad_.interior[axis] + 1) + 1;
  }
  // No product overflows: no factor is above 2^31.
  int64_t SizeAlong(int64_t dim, size_t axis) const {
    return pad_.before[axis] + Covered(dim, axis) + pad_.after[axis];
  }

  const PadAttributes pad_;
};

absl::StatusOr<OpPtr> ReadSlice(AttributeReader& attributes) {
  SliceAttributes slice;
  slice.axes = attributes.IntList("axes");
  slice.starts = attributes.IntList("starts");
  slice.ends = attributes.IntList("ends");
  slice.steps = attributes.IntList("steps");
  return std::make_shared<SliceOp>(std::move(slice));
}

absl::StatusOr<OpPtr> ReadPad(AttributeReader& attributes) {
  PadAttributes pad;
  pad.before = attributes.IntList("before");
  pad.after = attributes.IntList("after");
  pad.interior = attributes.IntList("interior");
  return std::make_shared<PadOp>(std::move(pad));
}

constexpr OpTable::Entry kEntries[] = {{"pad", ReadPad}, {"slice", ReadSlice}};

// As attributes: axes ascending, everything counted from 0. What does not fit
// x is left for InferType to refuse.
SliceAttributes Normalized(const SliceAttributes& slice, const Shape& x) {
  struct Along {
    int64_t axis, start, end, step;
  };
  std::vector<Along> along;
  for (size_t i = 0; i < slice.axes.size(); ++i) {
    const int64_t rank = x.rank();
    const int64_t axis = slice.axes[i] + (slice.axes[i] < 0 ? rank : 0);
    const bool exists = axis >= 0 && axis < rank;
    const int64_t dim = exists ? x.dim(static_cast<int>(axis)) : 0;
    const auto counted = [&](int64_t index) {
      if (index == kToEnd) return dim;
      return index < 0 && dim > 0 ? index + dim : index;
    };
    along.push_back({axis, counted(slice.starts[i]), counted(slice.ends[i]),
                     slice.steps[i]});
  }
  std::stable_sort(
      along.begin(), along.end(),
      [](const Along& a, const Along& b) { return a.axis < b.axis; });
  SliceAttributes result;
  for (const Along& a : along) {
    result.axes.push_back(a.axis);
    result.starts.push_back(a.start);
    result.ends.push_back(a.end);
    result.steps.push_back(a.step);
  }
  return result;
}

}  // namespace

Value Slice(Value x, absl::Span<const int64_t> axes,
            absl::Span<const int64_t> starts, absl::Span<const int64_t> ends,
            absl::Span<const int64_t> steps, absl::string_view name) {
  SliceAttributes slice = {
      ToList(axes), ToList(starts), ToList(ends),
      steps.empty() ? Repeated(axes.size(), 1) : ToList(steps)};
  const size_t count = axes.size();
  if (x.valid() && starts.size() == count && ends.size() == count &&
      slice.steps.size() == count) {
    slice = Normalized(slice, x.shape());
  }
  return Apply(std::make_shared<SliceOp>(std::move(slice)), {x}, name);
}

Value Pad(Value x, absl::Span<const int64_t> before,
          absl::Span<const int64_t> after, absl::Span<const int64_t> interior,
          absl::string_view name) {
  PadAttributes pad = {
      ToList(before), ToList(after),
      interior.empty() ? Repeated(before.size(), 0) : ToList(interior)};
  return Apply(std::make_shared<PadOp>(std::move(pad)), {x}, name);
}

absl::Span<const OpTable::Entry> SlicePadEntries() { return kEntries; }

}  // namespace espalier
