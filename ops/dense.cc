// y = op(a) op(b) + bias. Contractions run over the index `k`; a matrix is read
// through its two strides, so a transpose is an exchange of them.
#include "ops/dense.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

// op(a): its sizes, and the steps between neighbours in memory.
struct Matrix {
  Matrix(const Shape& shape, bool transpose)
      : rows(shape.dim(transpose ? 1 : 0)),
        columns(shape.dim(transpose ? 0 : 1)),
        row_step(transpose ? 1 : shape.dim(1)),
        column_step(transpose ? shape.dim(1) : 1) {}
  int64_t At(int64_t row, int64_t column) const {
    return row * row_step + column * column_step;
  }

  int64_t rows;
  int64_t columns;
  int64_t row_step;
  int64_t column_step;
};

// `bias` is null or has an element per column of the result.
DoubleTensor Product(const DoubleTensor& a, bool transpose_a,
                     const DoubleTensor& b, bool transpose_b,
                     const DoubleTensor* bias, const Shape& output) {
  const Matrix ma(a.shape(), transpose_a);
  const Matrix mb(b.shape(), transpose_b);
  DoubleTensor y(output);
  for (int64_t i = 0; i < ma.rows; ++i) {
    for (int64_t j = 0; j < mb.columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < ma.columns; ++k) {
        sum += a[ma.At(i, k)] * b[mb.At(k, j)];
      }
      y[i * mb.columns + j] = bias == nullptr ? sum : sum + (*bias)[j];
    }
  }
  return y;
}

IntervalTensor ProductBounds(const IntervalTensor& a, bool transpose_a,
                             const IntervalTensor& b, bool transpose_b,
                             const IntervalTensor* bias, const Shape& output) {
  const Matrix ma(a.shape, transpose_a);
  const Matrix mb(b.shape, transpose_b);
  IntervalTensor y = IntervalTensor::Everything(output);
  for (int64_t i = 0; i < ma.rows; ++i) {
    std::vector<SumBounds> sums(static_cast<size_t>(mb.columns));
    for (int64_t k = 0; k < ma.columns; ++k) {
      const Interval factor = IntervalAt(a, ma.At(i, k));
      for (int64_t j = 0; j < mb.columns; ++j) {
        sums[static_cast<size_t>(j)].AddProduct(factor,
                                                IntervalAt(b, mb.At(k, j)));
      }
    }
    for (int64_t j = 0; j < mb.columns; ++j) {
      SumBounds& sum = sums[static_cast<size_t>(j)];
      if (bias != nullptr) sum.Add(IntervalAt(*bias, j));
      SetInterval(y, i * mb.columns + j, sum.Finish());
    }
  }
  return y;
}

class DenseOp : public Op {
 public:
  absl::string_view kind() const override { return "dense"; }
  int arity() const override { return 3; }  // x, weight, bias
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32Rank("x", inputs[0], 2));
    RETURN_IF_ERROR(CheckF32Rank("weight", inputs[1], 2));
    RETURN_IF_ERROR(CheckF32Rank("bias", inputs[2], 1));
    const Shape& x = inputs[0].shape;
    const Shape& weight = inputs[1].shape;
    const Shape& bias = inputs[2].shape;
    if (weight.dim(0) != x.dim(1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("weight has ", DimName(weight.dim(0)), " rows, x has ",
                       x.dim(1), " columns"));
    }
    if (bias.dim(0) != weight.dim(1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("bias has ", DimName(bias.dim(0)),
                       " elements, weight has ", weight.dim(1), " columns"));
    }
    return TensorType{DataType::kF32, Shape({x.dim(0), weight.dim(1)})};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    return Product(*inputs[0], false, *inputs[1], false, inputs[2], output);
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(3);
    if (wanted[0]) gradients[0] = MatMul(dy, inputs[1], false, true);
    if (wanted[1]) gradients[1] = MatMul(inputs[0], dy, true, false);
    if (wanted[2]) gradients[2] = Sum(dy, {0});
    return gradients;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    return ProductBounds(*inputs[0], false, *inputs[1], false, inputs[2],
                         output);
  }

  absl::Status Lower(Lowering& lowering) const override {
    MatMulSpec spec;
    spec.a = lowering.input(0);
    spec.b = lowering.input(1);
    spec.bias = lowering.input(2);
    lowering.SetResult(lowering.MatMul(spec, lowering.output_type().shape));
    return absl::OkStatus();
  }
};

class MatMulOp : public Op {
 public:
  MatMulOp(bool transpose_a, bool transpose_b)
      : transpose_a_(transpose_a), transpose_b_(transpose_b) {}

  bool transpose_a() const { return transpose_a_; }
  bool transpose_b() const { return transpose_b_; }
  absl::string_view kind() const override { return "matmul"; }
  int arity() const override { return 2; }
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override {
    return {{"transpose_a", transpose_a_}, {"transpose_b", transpose_b_}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32Rank("a", inputs[0], 2));
    RETURN_IF_ERROR(CheckF32Rank("b", inputs[1], 2));
    const Shape& a = inputs[0].shape;
    const Shape& b = inputs[1].shape;
    const int64_t a_columns = a.dim(transpose_a_ ? 0 : 1);
    const int64_t b_rows = b.dim(transpose_b_ ? 1 : 0);
    if (transpose_b_ && b.has_symbolic_batch()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "transposing b of shape ", b.ToString(),
          " would move the batch N from the front of it to the columns"));
    }
    if (a_columns != b_rows) {
      return absl::InvalidArgumentError(absl::StrCat(
          Name("a", transpose_a_), " has ", DimName(a_columns), " columns, ",
          Name("b", transpose_b_), " has ", DimName(b_rows), " rows"));
    }
    return TensorType{DataType::kF32, Shape({a.dim(transpose_a_ ? 1 : 0),
                                             b.dim(transpose_b_ ? 0 : 1)})};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    return Product(*inputs[0], transpose_a_, *inputs[1], transpose_b_, nullptr,
                   output);
  }

  // With A = op(a), B = op(b): dA = dy B', dB = A' dy, each transposed where
  // its operand is.
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value a = inputs[0];
    const Value b = inputs[1];
    std::vector<Value> gradients(2);
    if (wanted[0]) {
      gradients[0] = transpose_a_ ? MatMul(b, dy, transpose_b_, true)
                                  : MatMul(dy, b, false, !transpose_b_);
    }
    if (wanted[1]) {
      gradients[1] = transpose_b_ ? MatMul(dy, a, true, transpose_a_)
                                  : MatMul(a, dy, !transpose_a_, false);
    }
    return gradients;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    return ProductBounds(*inputs[0], transpose_a_, *inputs[1], transpose_b_,
                         nullptr, output);
  }

  absl::Status Lower(Lowering& lowering) const override {
    MatMulSpec spec;
    spec.a = lowering.input(0);
    spec.b = lowering.input(1);
    spec.transpose_a = transpose_a_;
    spec.transpose_b = transpose_b_;
    lowering.SetResult(lowering.MatMul(spec, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  static std::string Name(absl::string_view operand, bool transposed) {
    return absl::StrCat(transposed ? "transposed " : "", operand);
  }

  bool transpose_a_;
  bool transpose_b_;
};

}  // namespace

Value Dense(Value x, Value weight, Value bias, absl::string_view name) {
  return Apply(std::make_shared<DenseOp>(), {x, weight, bias}, name);
}

Value MatMul(Value a, Value b, bool transpose_a, bool transpose_b,
             absl::string_view name) {
  return Apply(std::make_shared<MatMulOp>(transpose_a, transpose_b), {a, b},
               name);
}

absl::optional<MatMulView> AsMatMul(const Node& node) {
  if (dynamic_cast<const DenseOp*>(node.op.get()) != nullptr) {
    return MatMulView{node.inputs[0], node.inputs[1], false, false,
                      node.inputs[2]};
  }
  const auto* matmul = dynamic_cast<const MatMulOp*>(node.op.get());
  if (matmul == nullptr) return absl::nullopt;
  return MatMulView{node.inputs[0], node.inputs[1], matmul->transpose_a(),
                    matmul->transpose_b(), kNoNode};
}

absl::optional<MatMulView> AsDense(const Node& node) {
  const absl::optional<MatMulView> view = AsMatMul(node);
  if (view.has_value() && !view->transpose_a && !view->transpose_b) {
    return view;
  }
  return absl::nullopt;
}

absl::StatusOr<OpPtr> ReadDense(AttributeReader& /*attributes*/) {
  return std::make_shared<DenseOp>();
}

absl::StatusOr<OpPtr> ReadMatMul(AttributeReader& attributes) {
  const bool transpose_a = attributes.Bool("transpose_a");
  const bool transpose_b = attributes.Bool("transpose_b");
  return std::make_shared<MatMulOp>(transpose_a, transpose_b);
}

}  // namespace espalier
