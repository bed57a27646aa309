#include "ops/gather.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "graph/status_macros.h"
#include "ops/interval_math.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

absl::Status CheckAxis(int64_t axis, absl::string_view what, int rank) {
  if (axis >= 0 && axis < rank) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "axis ", axis, " is not one of the ", rank, " axes of ", what));
}

// A table as [outer, rows, inner] around an axis, and indices in place of the
// rows: element [o, k, i] of what is picked is at (o * count + k) * inner + i.
struct Around {
  Around(const Shape& table, int64_t axis, const Shape& indices)
      : count(indices.num_elements()), rows(table.dim(static_cast<int>(axis))) {
    for (int i = 0; i < axis; ++i) outer *= table.dim(i);
    for (int i = static_cast<int>(axis) + 1; i < table.rank(); ++i) {
      inner *= table.dim(i);
    }
  }

  // Calls visit(k, element of the table in row 0, element of what is picked).
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t k = 0; k < count; ++k) {
        for (int64_t i = 0; i < inner; ++i) {
          visit(k, o * rows * inner + i, (o * count + k) * inner + i);
        }
      }
    }
  }

  // The interpreter has no errors: what an index picks that is no row is NaN.
  bool IsRow(double index) const {
    return index >= 0 && index < static_cast<double>(rows);
  }
  // The rows that an index in the interval may pick; none if first > last.
  struct Rows {
    int64_t first, last;
  };
  Rows RowsIn(Interval index) const {
    const auto past = static_cast<double>(rows);
    return {static_cast<int64_t>(
                std::ceil(std::min(std::max(index.lower, 0.0), past))),
            static_cast<int64_t>(
                std::floor(std::min(std::max(index.upper, -1.0), past - 1)))};
  }
  // The number of the outer and inner position of an element of the table.
  size_t Column(int64_t element) const {
    return static_cast<size_t>(element / (rows * inner) * inner +
                               element % inner);
  }

  int64_t outer = 1;
  int64_t inner = 1;
  int64_t count;
  int64_t rows;
};

Interval IndexAt(const IntervalTensor& indices, int64_t k) {
  const auto at = static_cast<size_t>(k);
  return {indices.lower[at], indices.upper[at]};
}

class GatherOp : public Op {
 public:
  explicit GatherOp(int64_t axis) : axis_(axis) {}

  absl::string_view kind() const override { return "gather"; }
  int arity() const override { return 2; }  // x, indices
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override { return {{"axis", axis_}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckDataType("indices", inputs[1], DataType::kI32));
    const Shape& x = inputs[0].shape;
    const Shape& indices = inputs[1].shape;
    RETURN_IF_ERROR(CheckAxis(axis_, "x", x.rank()));
    if (axis_ == 0 && x.has_symbolic_batch()) {
      return absl::InvalidArgumentError(
          absl::StrCat("x has shape ", x.ToString(),
                       ": a gather along axis 0 would change the batch N"));
    }
    if (axis_ > 0 && indices.has_symbolic_batch()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "indices has shape ", indices.ToString(), ": along axis ", axis_,
          " the batch N would not be in front"));
    }
    if (x.dim(static_cast<int>(axis_)) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "x has shape ", x.ToString(), ": there is nothing to gather"));
    }
    const auto dims = x.dims();
    const auto at = static_cast<size_t>(axis_);
    std::vector<int64_t> y(dims.begin(), dims.begin() + axis_);
    y.insert(y.end(), indices.dims().begin(), indices.dims().end());
    y.insert(y.end(), dims.begin() + static_cast<std::ptrdiff_t>(at) + 1,
             dims.end());
    return TensorType{inputs[0].dtype, Shape(y)};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const DoubleTensor& indices = *inputs[1];
    const Around around(x.shape(), axis_, indices.shape());
    DoubleTensor y(output, std::numeric_limits<double>::quiet_NaN());
    around.ForEach([&](int64_t k, int64_t table, int64_t picked) {
      if (!around.IsRow(indices[k])) return;
      y[picked] = x[table + static_cast<int64_t>(indices[k]) * around.inner];
    });
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(2);
    if (wanted[0]) {
      gradients[0] = ScatterAdd(
          dy, inputs[1], inputs[0].shape().dim(static_cast<int>(axis_)), axis_);
    }
    return gradients;
  }

  // The hull of the rows that the index may pick.
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const IntervalTensor& x = *inputs[0];
    const Around around(x.shape, axis_, inputs[1]->shape);
    const auto hull = [&](int64_t table, Around::Rows rows) {
      Interval all = {
          x.lower[static_cast<size_t>(table + rows.first * around.inner)],
          x.upper[static_cast<size_t>(table + rows.first * around.inner)]};
      for (int64_t row = rows.first + 1; row <= rows.last; ++row) {
        const auto from = static_cast<size_t>(table + row * around.inner);
        all.lower = std::min(all.lower, x.lower[from]);
        all.upper = std::max(all.upper, x.upper[from]);
      }
      return all;
    };
    // By outer and inner: the hull of all rows, once it is needed.
    std::vector<absl::optional<Interval>> whole(
        static_cast<size_t>(around.outer * around.inner));
    IntervalTensor y = IntervalTensor::Everything(output);
    around.ForEach([&](int64_t k, int64_t table, int64_t picked) {
      const Around::Rows rows = around.RowsIn(IndexAt(*inputs[1], k));
      if (rows.first > rows.last) return;  // no run gets there
      if (rows.first > 0 || rows.last < around.rows - 1) {
        SetInterval(y, picked, hull(table, rows));
        return;
      }
      absl::optional<Interval>& all = whole[around.Column(table)];
      if (!all.has_value()) all = hull(table, rows);
      SetInterval(y, picked, *all);
    });
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Gather(lowering.input(0), lowering.input(1),
                                       static_cast<int>(axis_),
                                       lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  const int64_t axis_;
};

class ScatterAddOp : public Op {
 public:
  ScatterAddOp(int64_t rows, int64_t axis) : rows_(rows), axis_(axis) {}

  absl::string_view kind() const override { return "scatter_add"; }
  int arity() const override { return 2; }  // values, indices
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override {
    return {{"rows", rows_}, {"axis", axis_}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32("values", inputs[0]));
    RETURN_IF_ERROR(CheckDataType("indices", inputs[1], DataType::kI32));
    const auto values = inputs[0].shape.dims();
    const auto indices = inputs[1].shape.dims();
    const int rank = inputs[0].shape.rank() - inputs[1].shape.rank() + 1;
    RETURN_IF_ERROR(CheckAxis(axis_, "the result", std::max(rank, 0)));
    if (rows_ < 1 || rows_ > kMaxDimension) {
      return absl::InvalidArgumentError(
          absl::StrCat(rows_, " rows: expected 1 to ", kMaxDimension));
    }
    const auto at = static_cast<size_t>(axis_);
    if (values.subspan(at, indices.size()) != indices) {
      return absl::InvalidArgumentError(absl::StrCat(
          "values has shape ", inputs[0].shape.ToString(), ", indices ",
          inputs[1].shape.ToString(), ": expected the dimensions of the ",
          "indices in it from axis ", axis_, " on"));
    }
    std::vector<int64_t> y(values.begin(), values.begin() + axis_);
    y.push_back(rows_);
    const auto rest = values.subspan(at + indices.size());
    y.insert(y.end(), rest.begin(), rest.end());
    // Of indices that are one number, [N, 3] stays behind the rows.
    if (std::count(y.begin() + 1, y.end(), kBatch) > 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "values has shape ", inputs[0].shape.ToString(), ", indices ",
          inputs[1].shape.ToString(), ": along axis ", axis_,
          " the batch N would not be in front"));
    }
    return TensorType{DataType::kF32, Shape(y)};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& values = *inputs[0];
    const DoubleTensor& indices = *inputs[1];
    const Around around(output, axis_, indices.shape());
    DoubleTensor y(output);
    bool all_rows = true;
    around.ForEach([&](int64_t k, int64_t table, int64_t picked) {
      all_rows = all_rows && around.IsRow(indices[k]);
      if (!all_rows) return;
      y[table + static_cast<int64_t>(indices[k]) * around.inner] +=
          values[picked];
    });
    return all_rows
               ? y
               : DoubleTensor(output, std::numeric_limits<double>::quiet_NaN());
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(2);
    if (wanted[0]) gradients[0] = Gather(dy, inputs[1], axis_);
    return gradients;
  }

  // A value whose index is not known may be added to any row or not.
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const Around around(output, axis_, inputs[1]->shape);
    IntervalTensor y = IntervalTensor::Everything(output);
    std::vector<SumBounds> sums(y.lower.size());
    // By outer and inner: the values that any row may get.
    std::vector<SumBounds> anywhere(
        static_cast<size_t>(around.outer * around.inner));
    around.ForEach([&](int64_t k, int64_t table, int64_t picked) {
      const Around::Rows rows = around.RowsIn(IndexAt(*inputs[1], k));
      const Interval value = IntervalAt(*inputs[0], picked);
      if (rows.first == rows.last) {
        sums[static_cast<size_t>(table + rows.first * around.inner)].Add(value);
      } else {
        anywhere[around.Column(table)].Add(HullOfZeroAnd(value));
      }
    });
    for (size_t i = 0; i < sums.size(); ++i) {
      const auto element = static_cast<int64_t>(i);
      sums[i].AddTerms(anywhere[around.Column(element)]);
      SetInterval(y, element, sums[i].Finish());
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.ScatterAdd(lowering.input(0), lowering.input(1),
                                           static_cast<int>(axis_),
                                           lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  const int64_t rows_;
  const int64_t axis_;
};

absl::StatusOr<OpPtr> ReadGather(AttributeReader& attributes) {
  return std::make_shared<GatherOp>(attributes.Int("axis"));
}

absl::StatusOr<OpPtr> ReadScatterAdd(AttributeReader& attributes) {
  const int64_t rows = attributes.Int("rows");
  return std::make_shared<ScatterAddOp>(rows, attributes.Int("axis"));
}

constexpr OpTable::Entry kEntries[] = {{"gather", ReadGather},
                                       {"scatter_add", ReadScatterAdd}};

}  // namespace

Value Gather(Value x, Value indices, int64_t axis, absl::string_view name) {
  if (axis < 0) axis += x.shape().rank();
  return Apply(std::make_shared<GatherOp>(axis), {x, indices}, name);
}

Value ScatterAdd(Value values, Value indices, int64_t rows, int64_t axis,
                 absl::string_view name) {
  if (axis < 0) {
    axis += values.shape().rank() - indices.shape().rank() + 1;
  }
  return Apply(std::make_shared<ScatterAddOp>(rows, axis), {values, indices},
               name);
}

absl::Span<const OpTable::Entry> GatherEntries() { return kEntries; }

}  // namespace espalier
