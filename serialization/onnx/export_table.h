// What becomes of each kind of op in an ONNX file. Rows work from kind,
// attributes and types alone.
#ifndef ESPALIER_SERIALIZATION_ONNX_EXPORT_TABLE_H_
#define ESPALIER_SERIALIZATION_ONNX_EXPORT_TABLE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "serialization/onnx/node_writer.h"

namespace espalier {

struct OnnxRow {
  enum class Form {
    kLeaf,     // `text` says what it is in ONNX
    kSame,     // the ONNX op `text` of the same inputs, without attributes
    kWritten,  // what `write` writes
    kNone,     // none; `text` says why
  };

  absl::string_view kind;
  Form form;
  absl::string_view text;
  absl::Status (*write)(OnnxNodeWriter& node);
};

// Sorted by kind: a row for every kind of StandardOps().
absl::Span<const OnnxRow> OnnxRows();
// Null for a kind without a row.
const OnnxRow* FindOnnxRow(absl::string_view kind);

// Writes one node. Unimplemented where it has no ONNX form.
// REQUIRES: not a leaf.
absl::Status WriteOnnxNode(absl::string_view kind, OnnxNodeWriter& node);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_EXPORT_TABLE_H_
