// Every op, forward and backward, with an empty batch, a batch of one, and
// sizes of one: the run gives what the interpreter gives. An empty batch may be
// refused, with an error that names a node.
#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/check_op.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/execution.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr CaseSizes kOnes = {1, 1, 1, 1};

// A NaN (a mean of nothing) is one in both, and an infinity the same one.
void ExpectNear(const DoubleTensor& found, const DoubleTensor& expected) {
  ASSERT_EQ(found.shape(), expected.shape());
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << found[i];
      continue;
    }
    if (found[i] == expected[i]) continue;
    const double scale = std::max(1.0, std::fabs(expected[i]));
    EXPECT_NEAR(found[i], expected[i], 1e-5 * scale) << "element " << i;
  }
}

void CheckAt(const OpCase& op_case, const Graph& graph, int64_t batch) {
  TestRandom random(6);
  const LeafValues leaves = DrawLeaves(op_case, graph, batch, random);
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  const absl::StatusOr<LeafValues> outputs = execution.Run(leaves);
  if (batch == 0 && !outputs.ok()) {
    EXPECT_THAT(outputs, StatusIs(absl::StatusCode::kInvalidArgument,
                                  testing::HasSubstr("'")));
    return;
  }
  ASSERT_OK(outputs);
  for (const auto& [name, expected] : run.outputs) {
    SCOPED_TRACE(absl::StrCat("output ", name));
    ExpectNear(outputs->at(name), expected);
  }
}

class EdgeSizesTest : public testing::TestWithParam<OpCase> {};

TEST_P(EdgeSizesTest, ForwardAndBackward) {
  const OpCase& op_case = GetParam();
  ASSERT_OK_AND_ASSIGN(const Graph forward, BuildCase(op_case));
  ASSERT_OK_AND_ASSIGN(const Graph backward, GradientGraph(op_case));
  for (int64_t batch : {0, 1}) {
    SCOPED_TRACE(absl::StrCat("batch ", batch));
    CheckAt(op_case, forward, batch);
    CheckAt(op_case, backward, batch);
  }
}

const auto kName = [](const testing::TestParamInfo<OpCase>& info) {
  return info.param.name;
};
INSTANTIATE_TEST_SUITE_P(SizesOfOne, EdgeSizesTest,
                         testing::ValuesIn(OpCasesOf(kOnes)), kName);
INSTANTIATE_TEST_SUITE_P(StandardSizes, EdgeSizesTest,
                         testing::ValuesIn(OpCases()), kName);

}  // namespace
}  // namespace espalier
