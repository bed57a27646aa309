// No step of any op, forward or backward, falls to a slow reference loop of
// oneDNN's at 512 x 1024. Runs with every instruction set.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/executable.h"
#include "runtime/onednn/isa.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr int64_t kRows = 512;
constexpr CaseSizes kSizes = {/*rows=*/512, /*middle=*/8, /*inner=*/1024,
                              /*columns=*/1024};

// What is known to be slow, as in "matmul: ref:any", by the highest instruction
// set. With AVX-512 nothing may be.
const std::set<std::string>& KnownReferences(Isa isa) {
  static const auto* const known = new std::map<Isa, std::set<std::string>>{
      {Isa::kBaseline, {}}, {Isa::kAvx2, {}}, {Isa::kAvx512, {}}};
  return known->at(isa);
}

// Adds "kind: implementation" of every step that oneDNN computes.
void AddImplementations(const OpCase& op_case, const Graph& graph,
                        std::set<std::string>& found) {
  SCOPED_TRACE(op_case.name);
  ASSERT_OK_AND_ASSIGN(const auto executable, Executable::Compile(graph));
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> steps,
                       executable->Implementations(kRows));
  for (absl::string_view step : steps) {
    constexpr absl::string_view kOnednn = ": onednn ";
    const size_t at = step.find(kOnednn);
    if (at == absl::string_view::npos) {
      EXPECT_TRUE(absl::EndsWith(step, ": espalier")) << step;
      continue;
    }
    found.insert(
        absl::StrCat(op_case.kind, ": ", step.substr(at + kOnednn.size())));
  }
}

TEST(ImplementationsTest, NoneIsAReferenceLoop) {
  std::set<std::string> found;
  for (const OpCase& op_case : OpCasesOf(kSizes)) {
    for (Operands operands : {Operands::kInputs, Operands::kParameters}) {
      ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(op_case, operands));
      AddImplementations(op_case, graph, found);
    }
    ASSERT_OK_AND_ASSIGN(const Graph backward, GradientGraph(op_case));
    AddImplementations(op_case, backward, found);
  }
  std::set<std::string> references;
  bool dense = false;
  for (const std::string& implementation : found) {
    dense = dense || absl::StartsWith(implementation, "dense: ");
    if (absl::StrContains(implementation, "ref")) {
      references.insert(implementation);
    }
  }
  EXPECT_TRUE(dense) << "no step of a dense is oneDNN's";
  EXPECT_EQ(references, KnownReferences(onednn::MaxIsa()));
}

}  // namespace
}  // namespace espalier
