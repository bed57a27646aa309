// Products by constant weights become dense and matmul nodes of matrices
// [N, K]; what stands around them in the file's shapes is reshaped away.
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

Value AsShape(Value x, const Shape& shape) {
  return x.valid() && x.shape() != shape ? espalier::Reshape(x, shape) : x;
}

// x W, where W contracts axis `axis` of x.
struct ProductShape {
  Shape rows;    // of x as a matrix
  Shape result;  // where W has one column for each of U units, or is a vector
};

// Nothing where W does not fit, or x is no matrix: where another axis than the
// leading one is larger than 1 while that is N, or one behind `axis`.
absl::optional<ProductShape> ShapeOfProduct(const Shape& x, int axis,
                                            int64_t inputs, int64_t units,
                                            bool by_vector) {
  std::vector<int64_t> dims = DimsOf(x);
  const auto at = static_cast<size_t>(axis);
  if (axis < 0 || dims[at] != inputs) return absl::nullopt;
  // Rows: the batch, or all that stands before the last axis of fixed ones.
  int64_t rows = 1;
  const bool batched = x.has_symbolic_batch();
  if (batched && axis == 0) return absl::nullopt;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i == at || (batched && i == 0)) continue;
    if (dims[i] != 1 && (batched || i > at)) return absl::nullopt;
    const absl::optional<int64_t> product = CheckedMul(rows, dims[i]);
    if (!product.has_value() || *product > kMaxDimension) return absl::nullopt;
    rows = *product;
  }
  ProductShape shape;
  shape.rows = Shape({batched ? kBatch : rows, inputs});
  if (by_vector) {
    dims.erase(dims.begin() + axis);
  } else {
    dims[at] = units;
  }
  shape.result = Shape(dims);
  return shape;
}

// Whether the constant, as the other operand of Add, is one number a unit.
bool IsBiasOf(OnnxNodeReader& node, const OnnxProduct& product,
              const onnx::TensorProto& constant) {
  const Shape shape = OnnxShape(constant);
  const int64_t units = product.weight.shape().dim(1);
  const bool batched = product.shape.has_symbolic_batch();
  const bool in_front = batched && node.graph().batch() == OnnxBatch::kInFront;
  if (shape.rank() > product.shape.rank() - (in_front ? 1 : 0)) return false;
  const absl::StatusOr<Shape> together = BroadcastShapes(shape, product.shape);
  if (!together.ok() || *together != product.shape) return false;
  if (shape.num_elements() == 1) return true;
  return shape.num_elements() == units &&
         (batched || shape.dim(shape.rank() - 1) == units);
}

absl::Status AddBias(OnnxNodeReader& node, const OnnxProduct& product,
                     const std::string& constant, float factor) {
  ASSIGN_OR_RETURN(
      const Value bias,
      node.graph().Bias(constant, product.weight.shape().dim(1), factor));
  return node.SetResult(
      node.graph().WriteProduct(product, bias, node.output()));
}

// y + beta c, where y is a product of matrices.
absl::Status AddTerm(OnnxNodeReader& node, Value y, float beta) {
  ASSIGN_OR_RETURN(Value c, node.value(2));
  RETURN_IF_ERROR(node.graph().builder().status());
  RETURN_IF_ERROR(CheckRanks(node, y, c));
  const absl::StatusOr<Shape> together = BroadcastShapes(c.shape(), y.shape());
  if (!together.ok() || *together != y.shape()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "input 2 has shape ", c.shape().ToString(),
        ": expected one that stretches to ", y.shape().ToString()));
  }
  if (beta != 1) c = Scale(c, beta);
  return node.SetResult(espalier::Add(y, c, node.Name()));
}

// Gemm of an x that is computed and a constant weight.
absl::Status GemmByWeight(OnnxNodeReader& node, const Value& x,
                          const OnnxWeight& form, float beta) {
  ASSIGN_OR_RETURN(const Value weight,
                   node.graph().Weight(node.input(1), form));
  const int axis = x.shape().rank() - 1;
  const absl::optional<ProductShape> shape =
      ShapeOfProduct(x.shape(), axis, weight.shape().dim(0),
                     weight.shape().dim(1), /*by_vector=*/false);
  if (!shape.has_value()) {
    return absl::UnimplementedError(
        absl::StrCat("a product of ", x.shape().ToString(), " and a weight ",
                     weight.shape().ToString(), " as it lies in x W: ",
                     "expected as many columns as the weight has rows, and no "
                     "other axes but the batch"));
  }
  const OnnxProduct product = {AsShape(x, shape->rows), weight, shape->result};
  if (!node.has_input(2)) {
    return node.graph().SetProduct(node.output(), product);
  }
  if (node.constant(2) != nullptr &&
      IsBiasOf(node, product, *node.constant(2))) {
    return AddBias(node, product, node.input(2), beta);
  }
  return AddTerm(node, node.graph().WriteProduct(product, Value(), ""), beta);
}

// alpha op(a) op(b) + beta c, of operands that are computed or constant.
absl::Status GemmOfAny(OnnxNodeReader& node, float alpha, float beta,
                       bool transpose_a, bool transpose_b) {
  if (node.graph().batch() == OnnxBatch::kInFront) {
    return absl::UnimplementedError("expected a constant input 1");
  }
  ASSIGN_OR_RETURN(const Value a, node.value(0));
  ASSIGN_OR_RETURN(const Value b, node.value(1));
  if (b.shape().has_symbolic_batch() ||
      (transpose_a && a.shape().has_symbolic_batch())) {
    return absl::UnimplementedError("a contraction over the batch");
  }
  const bool plain = alpha == 1 && !node.has_input(2);
  Value y = espalier::MatMul(a, b, transpose_a, transpose_b,
                             plain ? node.Name() : "");
  if (alpha != 1) {
    y = Scale(y, alpha, false, node.has_input(2) ? "" : node.Name());
  }
  RETURN_IF_ERROR(node.graph().builder().status());
  if (node.has_input(2)) return AddTerm(node, y, beta);
  return node.SetResult(y);
}

// Elements of the largest value that a product of stacks may go through, for
// each sample.
constexpr int64_t kMostMultiplied = int64_t{1} << 20;

// Of an operand of MatMul: its matrix is [rows, columns], a vector's too.
struct Stack {
  Value value;
  bool is_vector;
  int64_t rows;
  int64_t columns;
  std::vector<int64_t> leading;
};

absl::StatusOr<Stack> StackOf(OnnxNodeReader& node, int i) {
  Stack stack;
  ASSIGN_OR_RETURN(stack.value, node.value(i));
  const Shape shape = stack.value.shape();
  const int rank = RankInFile(node, stack.value);
  stack.is_vector = rank == 1;
  if ((rank == 0 && !PlantedBug(16)) ||
      (shape.has_symbolic_batch() && shape.rank() < 2)) {
    return absl::UnimplementedError(absl::StrCat(
        "input ", i, " has shape ", shape.ToString(), ": expected a matrix"));
  }
  const int64_t last = shape.dim(shape.rank() - 1);
  const int64_t second = rank == 1 ? 0 : shape.dim(shape.rank() - 2);
  stack.rows = !stack.is_vector ? second : i == 0 ? 1 : last;
  stack.columns = !stack.is_vector ? last : i == 0 ? last : 1;
  stack.leading.assign(shape.dims().begin(),
                       shape.dims().end() - (stack.is_vector ? 1 : 2));
  return stack;
}

// Matrices that are stacked, and vectors: all products of a row and a column,
// added up.
absl::Status MatMulOfStacks(OnnxNodeReader& node, const Stack& a,
                            const Stack& b) {
  std::vector<int64_t> rows = a.leading;
  rows.insert(rows.end(), {a.rows, a.columns, 1});
  std::vector<int64_t> columns = b.leading;
  columns.insert(columns.end(), {1, b.rows, b.columns});
  if (rows.size() > kMaxRank || columns.size() > kMaxRank) {
    return absl::UnimplementedError("a product of this rank");
  }
  const Value left = espalier::Reshape(a.value, Shape(rows));
  const Value right = espalier::Reshape(b.value, Shape(columns));
  RETURN_IF_ERROR(node.graph().builder().status());
  RETURN_IF_ERROR(CheckRanks(node, left, right));
  ASSIGN_OR_RETURN(const Shape all,
                   BroadcastShapes(left.shape(), right.shape()));
  RETURN_IF_ERROR(all.Validate());
  if (all.num_elements_per_sample() > kMostMultiplied) {
    return absl::UnimplementedError(
        absl::StrCat("a product of ", a.value.shape().ToString(), " and ",
                     b.value.shape().ToString(), ": matrices of more than ",
                     kMostMultiplied, " products in all are not stacked"));
  }
  const bool plain = !a.is_vector && !b.is_vector;
  const Value sum = espalier::Sum(espalier::Mul(left, right), {-2}, false,
                                  plain ? node.Name() : "");
  if (plain) return node.SetResult(sum);
  std::vector<int64_t> dims = DimsOf(sum.shape());
  if (b.is_vector) dims.pop_back();
  if (a.is_vector) dims.erase(dims.end() - (b.is_vector ? 1 : 2));
  return node.SetResult(espalier::Reshape(sum, Shape(dims), node.Name()));
}

// Of operands that are computed or constant.
absl::Status MatMulOfAny(OnnxNodeReader& node) {
  ASSIGN_OR_RETURN(const Stack a, StackOf(node, 0));
  ASSIGN_OR_RETURN(const Stack b, StackOf(node, 1));
  if (b.rows == kBatch) {
    return absl::UnimplementedError("a contraction over the batch");
  }
  if (a.columns != b.rows) {
    return absl::InvalidArgumentError(
        absl::StrCat("a product of ", a.value.shape().ToString(), " and ",
                     b.value.shape().ToString(), ": ", a.columns,
                     " columns, and ", b.rows, " rows: expected as many"));
  }
  if (!b.leading.empty() || b.is_vector || a.is_vector) {
    return MatMulOfStacks(node, a, b);
  }
  if (a.leading.empty()) {
    return node.SetResult(
        espalier::MatMul(a.value, b.value, false, false, node.Name()));
  }
  // Many matrices by one: they are one of all their rows.
  const absl::optional<ProductShape> shape =
      ShapeOfProduct(a.value.shape(), a.value.shape().rank() - 1, b.rows,
                     b.columns, /*by_vector=*/false);
  if (!shape.has_value()) return MatMulOfStacks(node, a, b);
  return node.graph().SetProduct(
      node.output(), {AsShape(a.value, shape->rows), b.value, shape->result});
}

}  // namespace

absl::Status Add(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  // Where attributes say how the operands meet, there is no bias.
  if (node.opset() < 7) return Binary(node, espalier::Add);
  for (const int i : {0, 1}) {
    const OnnxProduct* product = node.graph().FindProduct(node.input(i));
    const onnx::TensorProto* constant = node.constant(1 - i);
    if (product == nullptr || constant == nullptr ||
        !IsBiasOf(node, *product, *constant)) {
      continue;
    }
    RETURN_IF_ERROR(node.FinishAttributes());
    return AddBias(node, *product, node.input(1 - i), 1);
  }
  // Of two INT32, modulo 2^32 as ours; INT64 might be more.
  for (const int i : {0, 1}) {
    const int type = node.type(i);
    if (type == onnx::TensorProto::INT32 || IsOnnxFloat(type)) continue;
    if (type != 0) return ComputedIntegersError(node, i);
  }
  return Binary(node, espalier::Add);
}

absl::Status Gemm(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 3));
  const float alpha = node.Float("alpha", 1);
  const float beta = node.Float("beta", 1);
  const bool transpose_a = node.Int("transA", 0) != 0;
  const bool transpose_b = node.Int("transB", 0) != 0;
  // C stretched only if this said so; its shape says the same.
  if (node.opset() < 7) node.Int("broadcast", 0);
  RETURN_IF_ERROR(node.FinishAttributes());
  if (node.constant(1) != nullptr && node.constant(0) == nullptr &&
      !transpose_a) {
    ASSIGN_OR_RETURN(const Value x, node.value(0));
    if (RankInFile(node, x) != 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input 0 has shape ", x.shape().ToString(), ": expected a matrix"));
    }
    return GemmByWeight(node, x, {transpose_b, alpha}, beta);
  }
  return GemmOfAny(node, alpha, beta, transpose_a, transpose_b);
}

absl::Status MatMul(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  RETURN_IF_ERROR(node.FinishAttributes());
  const bool left = node.constant(0) != nullptr;
  const bool right = node.constant(1) != nullptr;
  if (left == right) return MatMulOfAny(node);
  // A constant matrix or vector is a weight if what is computed is a matrix.
  const int constant = left ? 0 : 1;
  const Shape shape = OnnxShape(*node.constant(constant));
  const bool vector = shape.rank() == 1;
  if (!vector && shape.rank() != 2) return MatMulOfAny(node);
  ASSIGN_OR_RETURN(const Value x, node.value(1 - constant));
  const int rank = x.shape().rank();
  const bool column = left && RankInFile(node, x) > 1;
  const int64_t inputs = shape.dim(left && !vector ? 1 : 0);
  const int64_t units = vector ? 1 : shape.dim(left ? 0 : 1);
  const absl::optional<ProductShape> product = ShapeOfProduct(
      x.shape(), column ? rank - 2 : rank - 1, inputs, units, vector);
  if (!product.has_value()) {
    if (RankInFile(node, x) < rank) {  // of fixed shape it may be a layer
      return absl::UnimplementedError(
          absl::StrCat("a product of ", x.shape().ToString(), " and a weight ",
                       shape.ToString(), ", of matrices for each sample"));
    }
    return MatMulOfAny(node);
  }
  OnnxWeight form;
  form.transpose = left && !vector;
  form.is_vector = vector;
  ASSIGN_OR_RETURN(const Value weight,
                   node.graph().Weight(node.input(constant), form));
  return node.graph().SetProduct(
      node.output(), {AsShape(x, product->rows), weight, product->result});
}

}  // namespace onnx_import
}  // namespace espalier
