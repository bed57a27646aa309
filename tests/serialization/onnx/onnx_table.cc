#include "tests/serialization/onnx/onnx_table.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/check.h"
#include "ops/registry.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/export_table.h"
#include "tests/ops/op_cases.h"
#include "tests/serialization/onnx/onnx_text.h"

namespace espalier {
namespace {

void AddOnce(const std::string& text, std::vector<std::string>* list) {
  if (std::find(list->begin(), list->end(), text) == list->end()) {
    list->push_back(text);
  }
}

// The ops of the cases of a kind: "Gemm or MatMul", "Exp, Log".
std::string Forms(absl::string_view kind, const std::vector<OpCase>& cases,
                  int opset) {
  std::vector<std::string> forms;
  for (const OpCase& op_case : cases) {
    if (op_case.kind != kind) continue;
    Model model;
    model.graph = BuildCase(op_case).value();
    const absl::StatusOr<std::string> bytes = ExportOnnx(model, {opset});
    ESPALIER_CHECK(bytes.ok());
    std::vector<std::string> ops;
    const onnx::ModelProto parsed = ParseOnnx(*bytes);
    for (const onnx::NodeProto& node : parsed.graph().node()) {
      AddOnce(node.op_type(), &ops);
    }
    AddOnce(absl::StrJoin(ops, ", "), &forms);
  }
  return absl::StrJoin(forms, " or ");
}

// The same for all opsets: as it is while it does not change.
std::string FormsByOpset(absl::string_view kind,
                         const std::vector<OpCase>& cases) {
  std::string text;
  int first = kFirstOnnxOpset;
  std::string forms = Forms(kind, cases, first);
  for (int opset = first + 1; opset <= kLastOnnxOpset; ++opset) {
    const std::string next = Forms(kind, cases, opset);
    if (next == forms) continue;
    absl::StrAppend(&text, forms, " before opset ", opset, "; ");
    forms = next;
  }
  return absl::StrCat(text, forms);
}

}  // namespace

std::string OnnxTable() {
  const std::vector<OpCase> cases = OpCases();
  std::string table = "| kind | in ONNX |\n|---|---|\n";
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    ESPALIER_CHECK(FindOnnxRow(entry.kind) != nullptr);
    const OnnxRow& row = *FindOnnxRow(entry.kind);
    const bool leaf = row.form == OnnxRow::Form::kLeaf;
    const bool none = row.form == OnnxRow::Form::kNone;
    absl::StrAppend(&table, "| `", row.kind, "` | ",
                    leaf   ? std::string(row.text)
                    : none ? absl::StrCat("none: ", row.text)
                           : FormsByOpset(row.kind, cases),
                    " |\n");
  }
  return table;
}

}  // namespace espalier
