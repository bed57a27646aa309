// Axes as the file counts them and as ours are, where a batch may stand in
// front.
#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "serialization/onnx/import_rows.h"

namespace espalier {
namespace onnx_import {

namespace {

bool HasBatchInFront(OnnxNodeReader& node, const Value& value) {
  return node.graph().batch() == OnnxBatch::kInFront &&
         value.shape().has_symbolic_batch();
}

}  // namespace

int RankInFile(OnnxNodeReader& node, const Value& value) {
  return value.shape().rank() - (HasBatchInFront(node, value) ? 1 : 0);
}

absl::StatusOr<int64_t> AxisOf(OnnxNodeReader& node, const Value& x,
                               int64_t axis) {
  ASSIGN_OR_RETURN(const int64_t at, NormalizedAxis(axis, RankInFile(node, x)));
  return at + (HasBatchInFront(node, x) ? 1 : 0);
}

absl::Status CheckRanks(OnnxNodeReader& node, const Value& a, const Value& b) {
  const bool in_front = node.graph().batch() == OnnxBatch::kInFront;
  const bool a_has = a.shape().has_symbolic_batch();
  const bool b_has = b.shape().has_symbolic_batch();
  const int a_rank = RankInFile(node, a);
  const int b_rank = RankInFile(node, b);
  if ((a_has && b_has && a_rank != b_rank) ||
      (in_front && ((a_has && !b_has && b_rank > a_rank) ||
                    (b_has && !a_has && a_rank > b_rank)))) {
    return absl::UnimplementedError(absl::StrCat(
        "shapes ", a.shape().ToString(), " and ", b.shape().ToString(),
        " together: one with the batch "
        "would be stretched to a higher rank"));
  }
  return absl::OkStatus();
}

}  // namespace onnx_import
}  // namespace espalier
