#include "tests/ops/op_table.h"

#include <cmath>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/interpreter.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/registry.h"
#include "serialization/onnx/export_table.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/check_op.h"
#include "tests/ops/op_cases.h"
#include "tests/reference/reference_kinds.h"
#include "tests/testing/execution.h"

namespace espalier {
namespace {

constexpr char kHead[] =
    R"(# Ops

What every kind of op has, found by trying its cases (`tests/ops/cases/`); made by
`ops_op_table_test --write`, and a test sees to it that it is current. An empty place gives
its reason.

- *shape*: the type of the result is inferred.
- *oracle*: the interpreter computes it in double precision.
- *gradient*, *second*: it can be differentiated, and its gradient again.
- *bounds*: from a box of inputs, what float32 execution can give.
- *lowering*: it runs in float32.
- *ONNX*: what it becomes in an ONNX file (`docs/onnx.md`); *yes* where that depends on
  attributes and shapes.
- *PyTorch*: values and gradients are held against PyTorch's.

Leaves (input, parameter, state, constant) have no rules. Kinds that end in `_grad` are made
by gradients.

)";

constexpr char kYes[] = "yes";

// Why a kind has no bounds.
const std::map<std::string, std::string>& ReasonsForNoBounds() {
  static const auto* const reasons = new std::map<std::string, std::string>{
      {"batch_mean", "mixes samples"},
      {"batch_variance", "mixes samples"},
      {"layer_norm_grad", "only training needs it"}};
  return *reasons;
}

// "yes", or the kind's reason; an error if it has neither or both.
absl::StatusOr<std::string> Cell(
    absl::string_view column, const std::string& kind, bool has,
    const std::map<std::string, std::string>& reasons) {
  const auto reason = reasons.find(kind);
  if (has == (reason == reasons.end())) {
    return has ? std::string(kYes) : reason->second;
  }
  return absl::FailedPreconditionError(
      absl::StrCat(Quoted(kind), " has ", has ? "a" : "no", " rule for ",
                   column, " and ", has ? "a" : "no", " reason for none"));
}

absl::StatusOr<std::string> OnnxCell(const std::string& kind) {
  const OnnxRow* const row = FindOnnxRow(kind);
  if (row == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(kind), " has no row in the table of ONNX forms"));
  }
  switch (row->form) {
    case OnnxRow::Form::kSame:
      return absl::StrCat("`", row->text, "`");
    case OnnxRow::Form::kWritten:
      return std::string(kYes);
    case OnnxRow::Form::kLeaf:
    case OnnxRow::Form::kNone:
      break;
  }
  return absl::StrCat("none: ", row->text);
}

const Node& OpNode(const Graph& graph) {
  return graph.node(graph.outputs()[0].node);
}

absl::Status Run(const OpCase& op_case, const Graph& graph, bool lower) {
  TestRandom random(7);
  const LeafValues leaves = DrawLeaves(op_case, graph, 2, random);
  if (!lower) return Interpret(graph, leaves).status();
  ASSIGN_OR_RETURN(Execution execution, Execution::Create(graph, leaves));
  return execution.Run(leaves).status();
}

// The reason why there is nothing to differentiate; empty if there is.
std::string WithoutGradient(const OpCase& op_case, const Graph& graph) {
  bool real = OpNode(graph).type.dtype == DataType::kF32;
  bool any = false;
  for (const TensorType& type : op_case.inputs) {
    any = any || type.dtype == DataType::kF32;
  }
  if (!real || !any) return "integer";
  if (op_case.stops_gradient) return "stopped";
  return "";
}

// Whether any element is bounded for inputs between 0.25 and 0.5, or class 0.
bool HasBounds(const OpCase& op_case, const Graph& graph) {
  std::vector<IntervalTensor> boxes;
  for (const TensorType& type : op_case.inputs) {
    const Shape shape = type.shape.Bind(1);
    const bool real = type.dtype == DataType::kF32;
    const auto size = static_cast<size_t>(shape.num_elements());
    boxes.push_back({shape, std::vector<double>(size, real ? 0.25 : 0),
                     std::vector<double>(size, real ? 0.5 : 0)});
  }
  std::vector<const IntervalTensor*> inputs;
  for (const IntervalTensor& box : boxes) inputs.push_back(&box);
  const Node& node = OpNode(graph);
  const IntervalTensor y = node.op->Bounds(inputs, node.type.shape.Bind(1));
  for (size_t i = 0; i < y.lower.size(); ++i) {
    if (std::isfinite(y.lower[i]) || std::isfinite(y.upper[i])) return true;
  }
  return false;
}

// What the cases of a kind have.
struct Rules {
  bool gradient = false;
  std::string no_gradient;  // the reason, of cases that have none
  bool flat = true;
  bool bounds = false;
};

absl::Status Try(const OpCase& op_case, Rules& rules) {
  ASSIGN_OR_RETURN(const Graph graph, BuildCase(op_case));
  RETURN_IF_ERROR(Run(op_case, graph, /*lower=*/false));
  RETURN_IF_ERROR(Run(op_case, graph, /*lower=*/true));
  rules.flat = rules.flat && op_case.flat;
  rules.bounds = rules.bounds || HasBounds(op_case, graph);
  const std::string reason = WithoutGradient(op_case, graph);
  if (!reason.empty()) {
    rules.no_gradient = reason;
    return absl::OkStatus();
  }
  rules.gradient = true;
  // Its outputs are the gradients of first and of second order.
  ASSIGN_OR_RETURN(const Graph gradients, GradientGraph(op_case));
  return Run(op_case, gradients, /*lower=*/true);
}

}  // namespace

absl::StatusOr<std::string> MakeOpTable() {
  std::map<std::string, Rules> kinds;
  for (const OpCase& op_case : OpCases()) {
    const absl::Status status = Try(op_case, kinds[op_case.kind]);
    RETURN_IF_ERROR(Annotate(status, op_case.name));
  }
  ASSIGN_OR_RETURN(const std::set<std::string> references, PyTorchKinds());
  std::string table = kHead;
  const auto add_row = [&](const std::vector<std::string>& cells) {
    absl::StrAppend(&table, "| ", absl::StrJoin(cells, " | "), " |\n");
  };
  add_row({"kind", "shape", "oracle", "gradient", "second", "bounds",
           "lowering", "ONNX", "PyTorch"});
  absl::StrAppend(&table, "|---|---|---|---|---|---|---|---|---|\n");
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    if (IsLeafKind(entry.kind)) continue;
    const std::string kind(entry.kind);
    const Rules& rules = kinds.at(kind);
    const std::string gradient = !rules.gradient ? rules.no_gradient
                                 : rules.flat    ? "zero where there is one"
                                                 : kYes;
    ASSIGN_OR_RETURN(const std::string bounds,
                     Cell("bounds", kind, rules.bounds, ReasonsForNoBounds()));
    ASSIGN_OR_RETURN(const std::string reference,
                     Cell("PyTorch", kind, references.count(kind) > 0,
                          KindsWithoutPyTorch()));
    ASSIGN_OR_RETURN(const std::string onnx, OnnxCell(kind));
    add_row({absl::StrCat("`", kind, "`"), kYes, kYes, gradient, gradient,
             bounds, kYes, onnx, reference});
  }
  return table;
}

}  // namespace espalier
