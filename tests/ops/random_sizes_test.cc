// The cases of every op in many random sizes: gradients of first and second
// order in every one of them, execution in some.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/check_op.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/random_tensors.h"

namespace espalier {
namespace {

constexpr int kSizes = 50;
constexpr int kRandomSizesExecuted = 6;
constexpr int kSeedsOfKind = 20;  // at least, for each size
constexpr int kSeedsOfCase = 5;   // likewise

// All 1 to begin with; then 1 to 9, and 1 more often than the others.
CaseSizes RandomSizes(int number) {
  TestRandom random(static_cast<uint64_t>(number));
  const auto size = [&] {
    return number == 0 || random.Below(6) == 0 ? 1 : 1 + random.Below(9);
  };
  CaseSizes sizes;
  sizes.rows = size();
  sizes.middle = size();
  sizes.inner = size();
  sizes.columns = size();
  return sizes;
}

std::string ToString(const CaseSizes& sizes) {
  return absl::StrCat("rows ", sizes.rows, ", middle ", sizes.middle,
                      ", inner ", sizes.inner, ", columns ", sizes.columns);
}

std::vector<std::string> Kinds() {
  std::map<std::string, int> cases;
  for (const OpCase& op_case : OpCasesOf(CaseSizes())) ++cases[op_case.kind];
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : cases) kinds.push_back(kind);
  return kinds;
}

std::vector<OpCase> CasesOf(const std::string& kind, const CaseSizes& sizes) {
  std::vector<OpCase> cases;
  for (const OpCase& op_case : OpCasesOf(sizes)) {
    if (op_case.kind == kind) cases.push_back(op_case);
  }
  return cases;
}

class RandomSizesTest : public testing::TestWithParam<std::string> {};

TEST_P(RandomSizesTest, Gradients) {
  for (int number = 0; number < kSizes && !HasFailure(); ++number) {
    const CaseSizes sizes = RandomSizes(number);
    SCOPED_TRACE(ToString(sizes));
    const std::vector<OpCase> cases = CasesOf(GetParam(), sizes);
    const int count = static_cast<int>(cases.size());
    Seeds seeds;
    seeds.count = std::max(kSeedsOfCase, (kSeedsOfKind + count - 1) / count);
    for (const OpCase& op_case : cases) {
      CheckGradients(op_case, seeds);
      seeds.first += static_cast<uint64_t>(seeds.count);
    }
  }
}

// And what is around the widths of vectors.
std::vector<CaseSizes> ExecutedSizes() {
  std::vector<CaseSizes> sizes = {{2, 3, 7, 15},   {3, 2, 15, 16},
                                  {2, 5, 16, 17},  {15, 3, 8, 31},
                                  {17, 2, 31, 33}, {1, 2, 65, 127}};
  for (int number = 0; number < kRandomSizesExecuted; ++number) {
    sizes.push_back(RandomSizes(number));
  }
  return sizes;
}

TEST_P(RandomSizesTest, Execution) {
  for (const CaseSizes& sizes : ExecutedSizes()) {
    if (HasFailure()) return;
    for (const OpCase& op_case : CasesOf(GetParam(), sizes)) {
      SCOPED_TRACE(absl::StrCat(op_case.name, ", ", ToString(sizes)));
      CheckExecution(op_case);
      CheckGradientExecution(op_case);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, RandomSizesTest, testing::ValuesIn(Kinds()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace espalier
