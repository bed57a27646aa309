// Every op that PyTorch has, against PyTorch's values and gradients of first
// and second order: the interpreter, and float32 execution. The files are
// written by make_reference.py. Prints the largest errors of every op.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/interpreter.h"
#include "graph/status_macros.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/op_cases.h"
#include "tests/reference/pytorch_tolerances.h"
#include "tests/reference/reference_file.h"
#include "tests/reference/reference_functions.h"
#include "tests/reference/reference_kinds.h"
#include "tests/testing/execution.h"
#include "tests/testing/status_matchers.h"

namespace espalier {

// How GoogleTest prints one.
void PrintTo(const ReferenceCase& reference, std::ostream* os) {
  *os << reference.name;
}

namespace {

std::vector<ReferenceCase> AllCases() {
  absl::StatusOr<std::vector<ReferenceCase>> cases = PyTorchCases();
  if (!cases.ok()) ADD_FAILURE() << cases.status();
  return cases.ok() ? *std::move(cases) : std::vector<ReferenceCase>();
}

// The kind or the function.
std::string WhatOf(const ReferenceCase& reference) {
  return reference.op.empty() ? reference.function : reference.kind();
}

// What it computes: a function, or the op of its line of graph text.
absl::StatusOr<OpCase> ToOpCase(const ReferenceCase& reference) {
  OpCase op_case;
  op_case.name = reference.name;
  std::string text = "graph reference {\n";
  for (const ReferenceTensor& x : reference.inputs()) {
    const TensorType& type = *x.leaf;
    const std::string name = InputName(op_case.inputs.size());
    absl::StrAppend(&text, "  ", name, ": ", type.ToString(),
                    " = input(dtype=\"", DataTypeName(type.dtype),
                    "\", shape=[", absl::StrJoin(type.shape.dims(), ", "),
                    "])\n");
    op_case.inputs.push_back(type);
  }
  if (reference.op.empty()) {
    op_case.build = [reference](absl::Span<const Value> inputs) {
      return ApplyReferenceFunction(reference, inputs);
    };
    return op_case;
  }
  absl::StrAppend(&text, "  y = ", reference.op, "\n  output y = y\n}\n");
  ASSIGN_OR_RETURN(const Graph graph, ParseGraph(text, StandardOps()));
  const Node& node = graph.node(graph.outputs()[0].node);
  op_case.build = [op = node.op,
                   order = node.inputs](absl::Span<const Value> inputs) {
    std::vector<Value> operands;
    for (NodeId id : order) operands.push_back(inputs[static_cast<size_t>(id)]);
    return Apply(op, operands);
  };
  return op_case;
}

struct Errors {
  double value = 0;
  double gradient = 0;
  double second = 0;
};

struct OpErrors {
  int cases = 0;
  Errors interpreted;
  Errors executed;
};

class PyTorchTest : public testing::TestWithParam<ReferenceCase> {
 protected:
  static void TearDownTestSuite() {
    std::printf(
        "largest errors      cases  interpreter: y  dx      ddx     "
        "float32: y  dx      ddx\n");
    for (const auto& [kind, e] : *errors_) {
      std::printf("%-26s %3d  %-7.1e %-7.1e %-7.1e   %-7.1e %-7.1e %-7.1e\n",
                  kind.c_str(), e.cases, e.interpreted.value,
                  e.interpreted.gradient, e.interpreted.second,
                  e.executed.value, e.executed.gradient, e.executed.second);
    }
  }
  static std::map<std::string, OpErrors>* const errors_;
};
std::map<std::string, OpErrors>* const PyTorchTest::errors_ =
    new std::map<std::string, OpErrors>;

// Of |found - expected| / max(|expected|, floor).
double LargestError(const DoubleTensor& found, const DoubleTensor& expected,
                    double floor) {
  EXPECT_EQ(found.shape(), expected.shape());
  double largest = 0;
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const double error = std::fabs(found[i] - expected[i]) /
                         std::max(std::fabs(expected[i]), floor);
    const bool same = found[i] == expected[i] ||
                      (std::isnan(found[i]) && std::isnan(expected[i]));
    if (same) continue;
    largest = std::max(largest, std::isnan(error) ? HUGE_VAL : error);
  }
  return largest;
}

// Where they are too large for float32, infinities.
DoubleTensor InFloat32Range(DoubleTensor x) {
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    if (std::isinf(static_cast<float>(x[i]))) x[i] = static_cast<float>(x[i]);
  }
  return x;
}

TEST_P(PyTorchTest, Agrees) {
  const ReferenceCase& reference = GetParam();
  ASSERT_OK_AND_ASSIGN(const OpCase op_case, ToOpCase(reference));
  ASSERT_OK_AND_ASSIGN(const Graph graph, GradientGraph(op_case));
  int64_t batch = 1;
  for (const ReferenceTensor& x : reference.inputs()) {
    if (x.leaf->shape.has_symbolic_batch()) batch = x.values.shape().dim(0);
  }
  LeafValues leaves;
  for (NodeId id : graph.inputs()) {
    const Node& node = graph.node(id);
    const auto given = reference.tensors.find(node.name);
    // Without weights there are no gradients to compare.
    leaves[node.name] = given == reference.tensors.end()
                            ? DoubleTensor(node.type.shape.Bind(batch))
                            : given->second.values;
  }
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
  OpErrors& errors = (*errors_)[WhatOf(reference)];
  ++errors.cases;
  const Tolerance tolerance = PyTorchTolerance(WhatOf(reference));
  const auto compare = [&](const std::string& output, const std::string& tensor,
                           double Errors::*kind) {
    const DoubleTensor& expected = reference.tensors.at(tensor).values;
    const auto check = [&](const DoubleTensor& found,
                           const DoubleTensor& wanted, const ErrorBound& bound,
                           Errors& largest) {
      const double error = LargestError(found, wanted, bound.floor);
      EXPECT_LE(error, bound.relative) << output;
      largest.*kind = std::max(largest.*kind, error);
    };
    const bool value = kind == &Errors::value;
    check(run.outputs.at(output), expected,
          value ? tolerance.value : tolerance.gradient, errors.interpreted);
    check(outputs.at(output), InFloat32Range(expected),
          value ? tolerance.executed_value : tolerance.executed_gradient,
          errors.executed);
  };
  compare("y", "y", &Errors::value);
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const std::string x = InputName(i);
    if (reference.tensors.count(absl::StrCat("d", x)) == 0) continue;
    compare(absl::StrCat("once_", x), absl::StrCat("d", x), &Errors::gradient);
    compare(absl::StrCat("twice_", x), absl::StrCat("dd", x), &Errors::second);
  }
}

INSTANTIATE_TEST_SUITE_P(All, PyTorchTest, testing::ValuesIn(AllCases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace

}  // namespace espalier
