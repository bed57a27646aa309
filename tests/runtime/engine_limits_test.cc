// Graphs of which an elementwise step could become larger than the engine
// takes (runtime/elementwise/compiled_elementwise.h): they run all the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise_emitter.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

// The outputs are as the interpreter gives them.
void ExpectRuns(GraphBuilder& g) {
  const auto graph = g.Build();
  ASSERT_OK(graph);
  Running running = Start(*graph);
  ASSERT_TRUE(running.session.ok());
  for (const int64_t batch : {1, 3, 40}) {
    SCOPED_TRACE(batch);
    RunAndCompare(*graph, *running.store, *running.session,
                  RandomInputs(*graph, batch, 1));
    if (testing::Test::HasFatalFailure()) return;
  }
}

// Some functions of x that have nothing in common.
Value Clipped(const Value& x, int i) {
  return Clip(x, -1 - 0.1f * static_cast<float>(i),
              0.1f + 0.02f * static_cast<float>(i));
}

constexpr int kMany = 30;

TEST(EngineLimitsTest, ManySumsOfOneMatrix) {
  const std::vector<std::vector<int64_t>> kinds = {{1}, {0}, {0, 1}};
  for (const auto& axes : kinds) {
    SCOPED_TRACE(absl::StrCat("axis ", axes[0], " of ", axes.size()));
    GraphBuilder g("sums");
    const Value x = g.Input("x", {kBatch, 128});
    std::vector<Value> clipped;
    for (int i = 0; i < kMany; ++i) clipped.push_back(Clipped(x, i));
    for (int i = 0; i < kMany; ++i) {
      g.Output(absl::StrCat("sum", i), Sum(clipped[i], axes));
    }
    ExpectRuns(g);
  }
}

TEST(EngineLimitsTest, SumsOfAllKinds) {
  GraphBuilder g("sums");
  const Value x = g.Input("x", {kBatch, 128});
  std::vector<Value> clipped;
  for (int i = 0; i < kMany; ++i) clipped.push_back(Clipped(x, i));
  for (int i = 0; i < kMany; ++i) {
    g.Output(absl::StrCat("rows", i), Sum(clipped[i], {0}));
    g.Output(absl::StrCat("columns", i), Sum(clipped[i], {1}));
    g.Output(absl::StrCat("all", i), Sum(clipped[i]));
  }
  ExpectRuns(g);
}

// Short rows are repeated into blocks of their own.
TEST(EngineLimitsTest, SumsOfManyRows) {
  GraphBuilder g("rows");
  const Value x = g.Input("x", {kBatch, 5});
  for (int i = 0; i < kMany; ++i) {
    const Value row =
        g.Parameter(absl::StrCat("row", i), {5}, Initializer::Normal(1));
    g.Output(absl::StrCat("sum", i), Sum(Add(x, row)));
  }
  ExpectRuns(g);
}

// Code that grows at random until it no longer fits, of all kinds of arrays,
// with values that wait long for their readers.
class RandomCode {
 public:
  explicit RandomCode(uint64_t seed) : random_(seed) {
    for (int j = 0; j < 8; ++j) {
      code_.AddArray(accesses_[random_.Below(accesses_.size())]);
      terms_.push_back(Term::Array(j));
    }
    share_numbers_ = random_.Below(2) == 0;
    share_results_ = 2 + random_.Below(30);
  }

  const ElementwiseCode& code() const { return code_; }

  void Grow() {
    constexpr std::array<Opcode, 7> kOpcodes = {
        Opcode::kAdd,  Opcode::kSub, Opcode::kMul,          Opcode::kDiv,
        Opcode::kTanh, Opcode::kMin, Opcode::kSelectGreater};
    const Opcode opcode = kOpcodes[random_.Below(kOpcodes.size())];
    std::vector<Term> sources;
    for (int s = 0; s < OpcodeArity(opcode); ++s) sources.push_back(Source());
    const Term term = code_.Emit(opcode, sources);
    terms_.push_back(term);
    if (random_.Below(share_results_) > 1) return;
    if (random_.Below(2) == 0) {
      code_.stores.push_back({code_.AddArray(Access::kFull), term});
    } else {
      const Access access = accesses_[1 + random_.Below(3)];
      code_.sums.push_back({code_.AddArray(access), term, {}, {1, 0}});
    }
  }

 private:
  Term Source() {
    if (random_.Below(4) == 0) {
      const auto number = random_.Below(share_numbers_ ? 3 : 1000);
      return Term::Number({2 + 0.5f * static_cast<float>(number), 0});
    }
    return terms_[random_.Below(terms_.size())];
  }

  const std::array<Access, 4> accesses_ = {Access::kFull, Access::kScalar,
                                           Access::kRow, Access::kColumn};
  TestRandom random_;
  bool share_numbers_;
  uint64_t share_results_;
  ElementwiseCode code_;
  std::vector<Term> terms_;
};

TEST(EngineLimitsTest, WhatFitsCompiles) {
  int most_values = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    RandomCode random(seed);
    ElementwiseCode code;
    while (FitsEngine(random.code())) {
      code = random.code();
      random.Grow();
    }
    code.RemoveUnused();
    most_values = std::max(most_values, static_cast<int>(code.values.size()));
    for (const bool shared : {false, true}) {
      const ElementwiseProgram program = EmitProgram(
          code, 3, [shared](int i, int j) { return i == j || shared; });
      for (const Segment& segment :
           {Segment{1, 1}, Segment{15, 5}, Segment{7, 1}, Segment{300, 300},
            Segment{600, 300}}) {
        EXPECT_OK(CompiledElementwise::Compile(program, {segment}, DetectIsa(),
                                               /*threads=*/1))
            << "seed " << seed << ", " << segment.elements << " elements\n"
            << program.ToString();
      }
    }
  }
  EXPECT_GT(most_values, 30);
}

// What is summed may be the same in each row, or everywhere.
TEST(EngineLimitsTest, SumsOfWhatIsBroadcast) {
  GraphBuilder g("broadcast");
  const Shape shape = {kBatch, 128};
  g.Input("x", shape);
  const Value row = g.Parameter("row", {128}, Initializer::Normal(1));
  const Value one = g.Parameter("one", {}, Initializer::Normal(1));
  const Value column = g.Input("column", {kBatch, 1});
  const auto output = [&](const std::string& name, const Value& value) {
    const Value all = BroadcastTo(value, shape);
    g.Output(name, all);
    g.Output(name + "_rows", Sum(all, {0}));
    g.Output(name + "_columns", Sum(all, {1}));
    g.Output(name + "_sum", Sum(all));
  };
  output("all_row", row);
  output("all_one", one);
  output("all_column", column);
  ExpectRuns(g);
}

}  // namespace
}  // namespace espalier
