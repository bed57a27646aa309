#include <cmath>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/layer_norm.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

// A constant variance is no less than 0; one that is computed may be anything.
absl::Status CheckVariance(OnnxNodeReader& node, int i) {
  if (node.constant(i) == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(node.graph().Charge(
      OnnxShape(*node.constant(i)).num_elements() * int64_t{sizeof(float)}));
  ASSIGN_OR_RETURN(const Tensor variance,
                   node.graph().ConstantFloats(node.input(i)));
  for (const float value : variance.data<float>()) {
    if (!(value >= 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a variance, of input ", i, ", is ", value,
                       ": expected none below 0"));
    }
  }
  return absl::OkStatus();
}

// Inference is what `is_test` asked for before opset 7, more than one result
// (which nothing reads, then) did not until 14, and `training_mode` of 0 since.
absl::Status ReadBatchNormMode(OnnxNodeReader& node) {
  if (node.opset() < 7 && node.Int("is_test", 0) == 0) {
    return absl::UnimplementedError("training mode");
  }
  if (node.opset() >= 14 && node.Int("training_mode", 0) != 0) {
    return absl::UnimplementedError("training mode");
  }
  return absl::OkStatus();
}

// [A, 1, C, ...] without its second axis, where A is a batch in front.
absl::StatusOr<Value> WithChannelsSecond(OnnxNodeReader& node, const Value& x) {
  if (RankInFile(node, x) == x.shape().rank()) return x;
  std::vector<int64_t> dims = DimsOf(x.shape());
  if (dims.size() < 3 || dims[1] != 1) {
    return absl::UnimplementedError(
        absl::StrCat("x is ", x.shape().ToString(),
                     " with a batch in front: expected 1 behind it"));
  }
  dims.erase(dims.begin() + 1);
  return Reshape(x, Shape(dims));
}

// `value` stretched to `row` and written as a vector.
absl::StatusOr<Value> AsRow(Value value, const Shape& row, int i) {
  const Shape shape = value.shape();
  const absl::StatusOr<Shape> together = BroadcastShapes(shape, row);
  if (shape.has_symbolic_batch() || !together.ok() || *together != row) {
    return absl::UnimplementedError(
        absl::StrCat("input ", i, " has shape ", shape.ToString(),
                     ": expected one that stretches to ", row.ToString()));
  }
  return Reshape(BroadcastTo(value, row), Shape({row.num_elements()}));
}

// The mean over the axes, and one over the square root of variance plus
// epsilon: results 1 and 2 of LayerNormalization.
absl::Status SetStatistics(OnnxNodeReader& node, const Value& x, int64_t at,
                           float epsilon) {
  if (!node.wants_output(1) && !node.wants_output(2)) return absl::OkStatus();
  std::vector<int64_t> axes(static_cast<size_t>(x.shape().rank() - at));
  std::iota(axes.begin(), axes.end(), at);
  GraphBuilder& builder = node.graph().builder();
  const bool named = node.wants_output(1);
  const Value mean = espalier::Mean(x, axes, true, named ? node.Name(1) : "");
  if (named) RETURN_IF_ERROR(node.SetResult(mean, 1));
  if (!node.wants_output(2)) return builder.status();
  const Value variance =
      espalier::Mean(Square(espalier::Sub(x, mean)), axes, true);
  const Value deviation =
      Sqrt(espalier::Add(variance, builder.Constant(epsilon)));
  return node.SetResult(
      espalier::Div(builder.Constant(1), deviation, node.Name(2)), 2);
}

}  // namespace

absl::Status BatchNormalization(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(5, 5, node.opset() < 14 ? 5 : 3));
  RETURN_IF_ERROR(ReadBatchNormMode(node));
  RETURN_IF_ERROR(node.CheckUnread(1));
  const float epsilon = node.Float("epsilon", 1e-5f);
  node.Float("momentum", 0);
  const bool spatial = node.opset() >= 9 || node.Int("spatial", 1) != 0;
  RETURN_IF_ERROR(node.FinishAttributes());
  RETURN_IF_ERROR(CheckVariance(node, 4));
  ASSIGN_OR_RETURN(const Value input, node.value(0));
  ASSIGN_OR_RETURN(const Value scale, node.value(1));
  ASSIGN_OR_RETURN(const Value shift, node.value(2));
  ASSIGN_OR_RETURN(const Value mean, node.value(3));
  ASSIGN_OR_RETURN(const Value variance, node.value(4));
  ASSIGN_OR_RETURN(const Value x, WithChannelsSecond(node, input));
  if (!spatial && x.shape().rank() > 2) {
    return absl::UnimplementedError(
        "statistics of each place: 'spatial' is not 1");
  }
  if (x == input) {
    return node.SetResult(
        BatchNormalize(x, mean, variance, scale, shift, epsilon, node.Name()));
  }
  return node.SetResult(
      Reshape(BatchNormalize(x, mean, variance, scale, shift, epsilon),
              input.shape(), node.Name()));
}

// Inference is what `is_test` asked for before opset 7, what there was until
// 12, and is told by the third input since.
absl::Status Dropout(OnnxNodeReader& node) {
  const int opset = node.opset();
  RETURN_IF_ERROR(node.CheckArity(1, opset < 12 ? 1 : 3, 2));
  RETURN_IF_ERROR(node.CheckUnread(1));
  bool training = opset < 7 && node.Int("is_test", 0) == 0;
  if (opset < 12) {
    node.Float("ratio", 0);
  } else {
    node.Int("seed", 0);
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  if (node.has_input(2)) {
    ASSIGN_OR_RETURN(const OnnxArray* const mode, node.array(2));
    if (mode == nullptr || mode->type() != onnx::TensorProto::BOOL ||
        mode->num_elements() != 1) {
      return absl::UnimplementedError(
          "the training mode, input 2, is no constant of one BOOL");
    }
    training = mode->IntAt(0) != 0;
  }
  if (training) return absl::UnimplementedError("training mode");
  return node.graph().SetAlias(node.output(), node.input(0));
}

absl::Status LayerNormalization(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 3, 3));
  const int64_t axis = node.Int("axis", -1);
  const float epsilon = node.Float("epsilon", 1e-5f);
  // The type that statistics are computed in: 1 is float.
  const int64_t type = node.Int("stash_type", 1);
  RETURN_IF_ERROR(node.FinishAttributes());
  if (type != 1) {
    return absl::UnimplementedError(
        absl::StrCat("'stash_type' is ", type, ": expected 1 (FLOAT)"));
  }
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  const Shape shape = x.shape();
  ASSIGN_OR_RETURN(const int64_t at, AxisOf(node, x, axis));
  if (at == 0 && shape.has_symbolic_batch()) {
    return absl::UnimplementedError("axis 0 is the batch");
  }
  // What is normalized becomes one axis, the last.
  const Shape row(shape.dims().subspan(static_cast<size_t>(at)));
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().begin() + at);
  dims.push_back(row.num_elements());
  ASSIGN_OR_RETURN(const Value factor, node.value(1));
  ASSIGN_OR_RETURN(const Value scale, AsRow(factor, row, 1));
  Value term = node.graph().builder().Constant(0);
  if (node.has_input(2)) {
    ASSIGN_OR_RETURN(term, node.value(2));
  }
  ASSIGN_OR_RETURN(const Value shift, AsRow(term, row, 2));
  if (row.rank() == 1) {
    RETURN_IF_ERROR(
        node.SetResult(LayerNorm(x, scale, shift, epsilon, node.Name())));
  } else {
    RETURN_IF_ERROR(node.SetResult(
        Reshape(LayerNorm(Reshape(x, Shape(dims)), scale, shift, epsilon),
                shape, node.Name())));
  }
  return SetStatistics(node, x, at, epsilon);
}

}  // namespace onnx_import
}  // namespace espalier
