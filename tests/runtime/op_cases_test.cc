// Every op as a session runs it, against what its Evaluate says, within the
// bound that its case states.
#include "tests/ops/op_cases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "tests/ops/check_op.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

class OpCaseTest : public ::testing::TestWithParam<OpCase> {};

DoubleTensor Interpreted(const Graph& graph, const LeafValues& leaves) {
  const absl::StatusOr<InterpretedRun> run = Interpret(graph, leaves);
  EXPECT_OK(run);
  return run.ok() ? run->outputs.at("y") : DoubleTensor();
}

DoubleTensor Executed(const Graph& graph, const LeafValues& leaves) {
  std::vector<Tensor> inputs;
  for (NodeId id : graph.inputs()) {
    const Node& node = graph.node(id);
    inputs.push_back(leaves.at(node.name).ToTensor(node.type.dtype));
  }
  const auto executable = Executable::Compile(graph);
  EXPECT_OK(executable);
  if (!executable.ok()) return DoubleTensor();
  auto session =
      Session::Create(*executable, ParameterStore::Initialised(graph, 1));
  EXPECT_OK(session);
  if (!session.ok()) return DoubleTensor();
  const absl::Status run =
      session->Run(std::vector<TensorView>(inputs.begin(), inputs.end()));
  EXPECT_OK(run);
  return run.ok() ? DoubleTensor(session->output(0)) : DoubleTensor();
}

DoubleTensor AbsoluteValues(const DoubleTensor& x) {
  DoubleTensor result = x;
  for (int64_t i = 0; i < x.num_elements(); ++i) result[i] = std::fabs(x[i]);
  return result;
}

TEST_P(OpCaseTest, ExecutesAsItEvaluates) {
  const OpCase& op_case = GetParam();
  ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(op_case));
  TestRandom random(5);
  for (int64_t batch : {1, 2, 17, 40}) {
    SCOPED_TRACE(batch);
    LeafValues leaves = DrawInputs(op_case, graph, batch, random);
    for (auto& [name, value] : leaves) value = DoubleTensor(value.ToTensor());
    const DoubleTensor expected = Interpreted(graph, leaves);
    const DoubleTensor found = Executed(graph, leaves);
    ASSERT_EQ(found.shape(), expected.shape());
    DoubleTensor magnitude(expected.shape());
    if (op_case.terms > 0) {
      for (auto& [name, value] : leaves) value = AbsoluteValues(value);
      magnitude = Interpreted(graph, leaves);
    }
    for (int64_t i = 0; i < expected.num_elements(); ++i) {
      const double bound =
          2 * static_cast<double>(op_case.terms + 2) * 0x1p-24 * magnitude[i] +
          op_case.relative * std::fabs(expected[i]) + op_case.absolute;
      ASSERT_LE(std::fabs(found[i] - expected[i]), bound)
          << "element " << i << ": expected " << expected[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllOps, OpCaseTest, ::testing::ValuesIn(OpCases()),
                         [](const ::testing::TestParamInfo<OpCase>& info) {
                           return info.param.name;
                         });

}  // namespace
}  // namespace espalier
