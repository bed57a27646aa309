#include "ops/nan_by_overflow.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/random_tensors.h"

namespace espalier {
namespace {

// Zeros, numbers of both signs and equal ones, none that overflows in double
// precision.
DoubleTensor Draw(const TensorType& type, int64_t classes, TestRandom& random) {
  DoubleTensor values(type.shape.Bind(4));
  for (int64_t i = 0; i < values.num_elements(); ++i) {
    values[i] = type.dtype == DataType::kI32
                    ? static_cast<double>(random.Below(classes))
                    : static_cast<double>(random.Below(7) - 3) * 17;
  }
  return values;
}

bool MakesNan(const OpCase& op_case) {
  const Graph graph = BuildCase(op_case).value();
  TestRandom random(3);
  for (int round = 0; round < 20; ++round) {
    LeafValues leaves;
    for (NodeId id : graph.inputs()) {
      const Node& input = graph.node(id);
      leaves[input.name] = Draw(input.type, op_case.classes, random);
    }
    const DoubleTensor y = Interpret(graph, leaves).value().outputs.at("y");
    for (double value : y.values()) {
      if (std::isnan(value)) return true;
    }
  }
  return false;
}

TEST(NanByOverflowTest, NoKindOnTheListMakesNanOfModerateNumbers) {
  const auto listed = KindsWithNanByOverflowOnly();
  EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
  std::set<absl::string_view> tried;
  bool seen_elsewhere = false;
  for (const OpCase& op_case : OpCases()) {
    if (std::binary_search(listed.begin(), listed.end(), op_case.kind)) {
      EXPECT_FALSE(MakesNan(op_case)) << op_case.name;
      tried.insert(*std::find(listed.begin(), listed.end(), op_case.kind));
    } else if (op_case.kind == "log" || op_case.kind == "div") {
      EXPECT_TRUE(MakesNan(op_case)) << op_case.name;
      seen_elsewhere = true;
    }
  }
  EXPECT_TRUE(seen_elsewhere);
  // Each is the kind of an op that there is.
  EXPECT_THAT(tried, ::testing::ElementsAreArray(listed));
}

}  // namespace
}  // namespace espalier
