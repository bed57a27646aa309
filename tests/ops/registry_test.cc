// Drives every check of every op by the table of cases, and proves that the
// table is complete.
#include "ops/registry.h"

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/check_op.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/pass_op.h"

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

TEST(RegistryTest, EntriesAreSortedAndNoKindIsThereTwice) {
  const auto entries = StandardOps().entries();
  for (size_t i = 1; i < entries.size(); ++i) {
    EXPECT_LT(entries[i - 1].kind, entries[i].kind);
  }
}

TEST(RegistryTest, KindsOfStandardOpsAreTaken) {
  const auto check = [](OpPtr op) {
    GraphBuilder g("g");
    g.Output("y", g.AddNode(std::move(op), {g.Input("x", {kBatch, 2})}, "n"));
    const absl::StatusOr<Graph> graph = g.Build();
    return graph.ok() ? CheckOwnKinds(*graph) : graph.status();
  };
  EXPECT_EQ(check(*StandardOps().Make("relu", {})), absl::OkStatus());
  EXPECT_EQ(check(std::make_shared<PassOp>("relux")), absl::OkStatus());
  for (const char* kind : {"relu", "leaky_relu"}) {
    EXPECT_EQ(check(std::make_shared<PassOp>(kind)),
              absl::InvalidArgumentError(absl::StrCat(
                  "node 'n' (", kind,
                  "): this op of the program's own has the kind of a standard "
                  "one, as which a saved model would be read: expected a kind "
                  "that is new")));
  }
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
