// Arithmetic on constants of an ONNX file, as the sizes of shapes are computed.
#ifndef ESPALIER_SERIALIZATION_ONNX_FOLD_H_
#define ESPALIER_SERIALIZATION_ONNX_FOLD_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "serialization/onnx/node_reader.h"

namespace espalier {

// The first opset that has the op; nothing if no arithmetic of it is folded.
absl::optional<int> OnnxFoldSince(absl::string_view op_type);

// Sets the node's result if all its inputs are constants, or sizes that depend
// on the batch N, of FLOAT, INT32, INT64 or BOOL, and says whether it did. Of
// integers exactly: an error if they overflow, for a division by 0, and for
// what is no multiple of N. The time is in proportion to what is charged.
absl::StatusOr<bool> FoldOnnxNode(OnnxNodeReader& node);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_FOLD_H_
