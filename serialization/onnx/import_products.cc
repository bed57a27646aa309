// Products by constant weights become dense and matmul nodes of matrices
// [N, K]; what stands around them in the file's shapes is reshaped away.
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/reshape.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

std::vector<int64_t> DimsOf(const Value& x) {
  const Shape shape = x.shape();
  return {shape.dims().begin(), shape.dims().end()};
}

Value AsShape(Value x, const Shape& shape) {
  return x.valid() && x.shape() != shape ? espalier::Reshape(x, shape) : x;
}

absl::Status ShapeError(const Value& x, const Value& weight) {
  return absl::UnimplementedError(
      absl::StrCat("a product of ", x.shape().ToString(), " and a weight ",
                   weight.shape().ToString(), " as it lies in x W"));
}

// x W, where axis `axis` of x is what W contracts, no other but the leading one
// is larger than 1, and `weight` is [K, U].
absl::StatusOr<OnnxProduct> ProductOf(const Value& x, int axis,
                                      const Value& weight) {
  std::vector<int64_t> dims = DimsOf(x);
  const auto at = static_cast<size_t>(axis);
  if (axis < 0 || dims[at] != weight.shape().dim(0)) {
    return ShapeError(x, weight);
  }
  // Rows: the batch, or all that stands before the last axis of fixed ones.
  int64_t rows = 1;
  const bool batched = x.shape().has_symbolic_batch();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i == at || (batched && i == 0)) continue;
    if (dims[i] != 1 && (batched || i > at)) return ShapeError(x, weight);
    const absl::optional<int64_t> product = CheckedMul(rows, dims[i]);
    if (!product.has_value()) return ShapeError(x, weight);
    rows = *product;
  }
  OnnxProduct product;
  product.rows = AsShape(x, Shape({batched ? kBatch : rows, dims[at]}));
  product.weight = weight;
  dims[at] = weight.shape().dim(1);
  product.shape = Shape(dims);
  return product;
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

// Gemm of an x that is computed and a constant weight.
absl::Status GemmByWeight(OnnxNodeReader& node, const OnnxWeight& form,
                          float beta) {
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  ASSIGN_OR_RETURN(const Value weight,
                   node.graph().Weight(node.input(1), form));
  ASSIGN_OR_RETURN(const OnnxProduct product,
                   ProductOf(x, x.shape().rank() - 1, weight));
  if (!node.has_input(2)) {
    return node.graph().SetProduct(node.output(), product);
  }
  if (node.constant(2) == nullptr ||
      !IsBiasOf(node, product, *node.constant(2))) {
    return absl::UnimplementedError("input 2 is not one constant a column");
  }
  return AddBias(node, product, node.input(2), beta);
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
  if (node.has_input(2)) {
    ASSIGN_OR_RETURN(Value c, node.value(2));
    if (beta != 1) c = Scale(c, beta);
    y = espalier::Add(y, c, node.Name());
  }
  return node.SetResult(y);
}

}  // namespace

absl::Status Add(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
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
  RETURN_IF_ERROR(node.FinishAttributes());
  if (node.constant(1) != nullptr && node.constant(0) == nullptr &&
      !transpose_a) {
    return GemmByWeight(node, {transpose_b, alpha}, beta);
  }
  return GemmOfAny(node, alpha, beta, transpose_a, transpose_b);
}

absl::Status MatMul(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  RETURN_IF_ERROR(node.FinishAttributes());
  const bool left = node.constant(0) != nullptr;
  const bool right = node.constant(1) != nullptr;
  if (left == right) {
    ASSIGN_OR_RETURN(const Value a, node.value(0));
    ASSIGN_OR_RETURN(const Value b, node.value(1));
    if (b.shape().has_symbolic_batch()) {
      return absl::UnimplementedError("a contraction over the batch");
    }
    return node.SetResult(espalier::MatMul(a, b, false, false, node.Name()));
  }
  ASSIGN_OR_RETURN(const Value x, node.value(left ? 1 : 0));
  OnnxWeight form;
  form.transpose = left;
  ASSIGN_OR_RETURN(const Value weight,
                   node.graph().Weight(node.input(left ? 0 : 1), form));
  const int rank = x.shape().rank();
  const bool column = left && RankInFile(node, x) > 1;
  ASSIGN_OR_RETURN(const OnnxProduct product,
                   ProductOf(x, column ? rank - 2 : rank - 1, weight));
  return node.graph().SetProduct(node.output(), product);
}

}  // namespace onnx_import
}  // namespace espalier
