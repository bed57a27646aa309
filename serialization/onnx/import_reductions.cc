#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "serialization/onnx/import_rows.h"

namespace espalier {
namespace onnx_import {
namespace {

using Reducer = Value (*)(Value x, absl::Span<const int64_t> axes,
                          bool keep_axes, absl::string_view name);

// Axes were an attribute before opset `input_since`.
absl::Status Reduce(OnnxNodeReader& node, Reducer f, int input_since) {
  const bool as_input = node.opset() >= input_since;
  RETURN_IF_ERROR(node.CheckArity(1, as_input ? 2 : 1));
  const bool keep = node.Int("keepdims", 1) != 0;
  const bool keep_all = as_input && node.Int("noop_with_empty_axes", 0) != 0;
  std::vector<int64_t> axes;
  if (as_input) {
    if (node.has_input(1)) {
      ASSIGN_OR_RETURN(axes, node.ConstantInts(1));
    }
  } else {
    axes = node.Ints("axes").value_or(std::vector<int64_t>());
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  if (axes.empty() && !keep_all) {
    axes.resize(static_cast<size_t>(RankInFile(node, x)));
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (axes.empty()) {
    return node.graph().SetAlias(node.output(), node.input(0));
  }
  for (int64_t& axis : axes) {
    ASSIGN_OR_RETURN(axis, AxisOf(node, x, axis));
    if (axis == 0 && x.shape().has_symbolic_batch() &&
        node.graph().batch() == OnnxBatch::kLeading) {
      return absl::UnimplementedError("axis 0 is the batch");
    }
  }
  return node.SetResult(f(x, axes, keep, node.Name()));
}

using RowFunction = Value (*)(Value x, absl::string_view name);

// f over everything from axis `at` on, as one row.
Value OverRest(const Value& x, int64_t at, RowFunction f,
               const std::string& name) {
  const Shape shape = x.shape();
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().begin() + at);
  const Shape row(shape.dims().subspan(static_cast<size_t>(at)));
  dims.push_back(row.num_elements());
  return espalier::Reshape(f(espalier::Reshape(x, Shape(dims)), ""), shape,
                           name);
}

// f over axis `at`, which is the last for a while.
Value OverAxis(const Value& x, int64_t at, RowFunction f,
               const std::string& name) {
  std::vector<int64_t> order(static_cast<size_t>(x.shape().rank()));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[static_cast<size_t>(at)], order.back());
  return Transpose(f(Transpose(x, order), ""), order, name);
}

// Before opset 13, what is behind the axis was one row.
absl::Status OverRows(OnnxNodeReader& node, RowFunction f) {
  const bool old = node.opset() < 13;
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  const int64_t axis = node.Int("axis", old ? 1 : -1);
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const int64_t at, AxisOf(node, x, axis));
  if (at == 0 && x.shape().has_symbolic_batch()) {
    return absl::UnimplementedError("axis 0 is the batch");
  }
  const std::string name = node.Name();
  if (at == x.shape().rank() - 1) return node.SetResult(f(x, name));
  return node.SetResult(old ? OverRest(x, at, f, name)
                            : OverAxis(x, at, f, name));
}

}  // namespace

absl::Status LogSoftmax(OnnxNodeReader& node) {
  return OverRows(node, espalier::LogSoftmax);
}

absl::Status ReduceMax(OnnxNodeReader& node) {
  return Reduce(node, espalier::ReduceMax, 18);
}

absl::Status ReduceMean(OnnxNodeReader& node) {
  return Reduce(node, espalier::Mean, 18);
}

absl::Status ReduceMin(OnnxNodeReader& node) {
  return Reduce(node, espalier::ReduceMin, 18);
}

absl::Status ReduceSum(OnnxNodeReader& node) {
  return Reduce(node, espalier::Sum, 13);
}

absl::Status Softmax(OnnxNodeReader& node) {
  return OverRows(node, espalier::Softmax);
}

}  // namespace onnx_import
}  // namespace espalier
