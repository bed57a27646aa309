// Drives every check of every op by the table of cases, and proves that the
// table is complete.
#include "ops/registry.h"

#include <algorithm>
#include <set>
#include <string>

#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/check_op.h"
#include "tests/ops/op_cases.h"

namespace espalier {
namespace {

TEST(RegistryTest, EveryKindHasACase) {
  std::set<std::string> tried;
  for (const OpCase& op_case : OpCases()) tried.insert(op_case.kind);
  std::set<std::string> known;
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    if (!IsLeafKind(entry.kind)) known.insert(std::string(entry.kind));
  }
  EXPECT_EQ(tried, known);
}

TEST(RegistryTest, EntriesAreSorted) {
  const auto entries = StandardOps().entries();
  EXPECT_TRUE(std::is_sorted(
      entries.begin(), entries.end(),
      [](const auto& a, const auto& b) { return a.kind < b.kind; }));
}

class OpCaseTest : public testing::TestWithParam<OpCase> {};

TEST_P(OpCaseTest, Type) { CheckType(GetParam()); }
TEST_P(OpCaseTest, Attributes) { CheckAttributes(GetParam()); }
TEST_P(OpCaseTest, Gradients) { CheckGradients(GetParam()); }
TEST_P(OpCaseTest, Execution) { CheckExecution(GetParam()); }
TEST_P(OpCaseTest, GradientExecution) { CheckGradientExecution(GetParam()); }
TEST_P(OpCaseTest, Bounds) { CheckBounds(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, OpCaseTest, testing::ValuesIn(OpCases()),
                         [](const testing::TestParamInfo<OpCase>& info) {
                           return info.param.name;
                         });

}  // namespace
}  // namespace espalier
