#include "runtime/elementwise_emitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "runtime/elementwise/compiled_elementwise.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using Sharing = std::function<bool(int, int)>;

using ::testing::HasSubstr;

bool Apart(int i, int j) { return i == j; }

// The arrays of a test: each code array j lives in memory memory_of[j].
class Memory {
 public:
  Memory(std::vector<int> memory_of, int64_t elements)
      : memory_of_(std::move(memory_of)), elements_(elements) {
    TestRandom random(3);
    for (int m : memory_of_) {
      while (static_cast<int>(blocks_.size()) <= m) {
        std::vector<float> block;
        for (int64_t i = 0; i < elements; ++i) {
          block.push_back(static_cast<float>(random.Uniform(0.5, 2)));
        }
        blocks_.push_back(block);
      }
    }
  }

  const std::vector<float>& operator[](int array) const {
    return blocks_[static_cast<size_t>(memory_of_[static_cast<size_t>(array)])];
  }

  // Runs the code, batch size 10, and gives the program's text.
  std::string Run(ElementwiseCode code) {
    std::vector<int> memory_of;  // of the arrays that are used
    for (int array : code.RemoveUnused()) {
      memory_of.push_back(memory_of_[static_cast<size_t>(array)]);
    }
    const ElementwiseProgram program = EmitProgram(code, 10, [&](int i, int j) {
      return memory_of[static_cast<size_t>(i)] ==
             memory_of[static_cast<size_t>(j)];
    });
    auto compiled =
        CompiledElementwise::Compile(program, {{elements_, 1}}, DetectIsa(), 1);
    EXPECT_OK(compiled);
    if (!compiled.ok()) return "";
    std::vector<float*> pointers;
    for (int m : memory_of) {
      pointers.push_back(blocks_[static_cast<size_t>(m)].data());
    }
    std::vector<double> scratch(1000);
    compiled->Run(pointers, scratch.data());
    return program.ToString();
  }

 private:
  std::vector<int> memory_of_;
  int64_t elements_;
  std::vector<std::vector<float>> blocks_;
};

class ElementwiseEmitterTest : public ::testing::Test {
 protected:
  Term Read(Access access = Access::kFull) {
    return Term::Array(code_.AddArray(access));
  }
  void Store(Term term) {
    code_.stores.push_back({code_.AddArray(Access::kFull), term});
  }
  Term Mul(Term a, Term b) { return code_.Emit(Opcode::kMul, {a, b}); }
  Term Add(Term a, Term b) { return code_.Emit(Opcode::kAdd, {a, b}); }
  Term Sub(Term a, Term b) { return code_.Emit(Opcode::kSub, {a, b}); }
  Term Div(Term a, Term b) { return code_.Emit(Opcode::kDiv, {a, b}); }
  Term Sqrt(Term a) { return code_.Emit(Opcode::kSqrt, {a}); }
  static Term N(float value, int power = 0) {
    return Term::Number({value, power});
  }
  std::string Program(const Sharing& sharing = Apart) const {
    return EmitProgram(code_, 10, sharing).ToString();
  }

  ElementwiseCode code_;
};

TEST_F(ElementwiseEmitterTest, FillsInTheBatch) {
  Store(Mul(Read(), N(5, -1)));
  EXPECT_EQ(Program(), "@1:full = mul(@0:full, 0.5)\n");
}

TEST_F(ElementwiseEmitterTest, AdamTakesFourInstructions) {
  const Term m = Read(), v = Read(), p = Read(), g = Read();
  const Term rate = Read(Access::kScalar), scale = Read(Access::kScalar);
  const Term old_m = Mul(m, N(0.9f)), old_v = Mul(v, N(0.99f));
  const Term new_m = Add(old_m, Mul(g, N(0.1f)));
  const Term new_v = Add(old_v, Mul(Mul(g, g), N(0.01f)));
  const Term below = Add(Mul(scale, Sqrt(new_v)), N(1e-8f));
  Store(new_m);
  Store(new_v);
  Store(Sub(p, Div(Mul(rate, new_m), below)));
  EXPECT_EQ(Program(),
            "@6:full = scale_add(0.9, @0:full, 0.1, @3:full)\n"
            "@7:full = scale_add_square(0.99, @1:full, 0.01, @3:full)\n"
            "%0 = scale_sqrt_add(@5:scalar, @7:full, 1e-08)\n"
            "%1 = neg(@4:scalar)\n"
            "@8:full = scale_div_add(%1, @6:full, %0, @2:full)\n");
}

TEST_F(ElementwiseEmitterTest, GradientDescentTakesOneInstruction) {
  const Term p = Read(), g = Read();
  Store(Sub(p, Mul(N(0.1f), g)));
  EXPECT_EQ(Program(), "@2:full = fma(-0.1, @1:full, @0:full)\n");
}

TEST_F(ElementwiseEmitterTest, LimitsTakeOneInstruction) {
  const auto limit = [this](Term x, float least, float most) {
    return code_.Emit(Opcode::kMin,
                      {code_.Emit(Opcode::kMax, {x, N(least)}), N(most)});
  };
  Store(limit(Read(), -1, 2));
  EXPECT_EQ(Program(), "@1:full = clamp(@0:full, -1, 2)\n");
  code_ = ElementwiseCode();
  Store(limit(Add(Mul(Read(), N(0.2f)), N(0.5f)), 0, 1));
  EXPECT_EQ(Program(), "@1:full = clamped_fma(0.2, @0:full, 0.5)\n");
  code_ = ElementwiseCode();
  Store(limit(Add(Mul(Read(), N(0.2f)), N(0.5f)), 0, 2));
  EXPECT_EQ(Program(),
            "%0 = fma(0.2, @0:full, 0.5)\n"
            "@1:full = clamp(%0, 0, 2)\n");
  code_ = ElementwiseCode();
  // The other order is another function where the limits cross.
  const Term below = code_.Emit(Opcode::kMin, {Read(), N(2)});
  Store(code_.Emit(Opcode::kMax, {below, N(-1)}));
  EXPECT_EQ(Program(),
            "%0 = min(@0:full, 2)\n"
            "@1:full = max(%0, -1)\n");
}

TEST_F(ElementwiseEmitterTest, SelectsAProductInOneInstruction) {
  const Term x = Read(), slope = Read(), other = Read();
  const auto select = [&](Term greater, Term otherwise) {
    return code_.Emit(Opcode::kSelectGreater, {x, N(0), greater, otherwise});
  };
  Store(select(x, Mul(x, N(0.1f))));
  Store(select(other, Mul(slope, other)));
  Store(select(other, Mul(slope, x)));
  Store(select(N(0), Mul(other, other)));
  EXPECT_EQ(Program(),
            "@3:full = select_product(@0:full, 0, @0:full, 0.1)\n"
            "@4:full = select_product(@0:full, 0, @2:full, @1:full)\n"
            "%0 = mul(@0:full, @1:full)\n"
            "@5:full = select_greater(@0:full, 0, @2:full, %0)\n"
            "@6:full = product_unless(@0:full, 0, @2:full, @2:full)\n");
}

TEST_F(ElementwiseEmitterTest, SlopesOfGatesTakeOneInstruction) {
  const Term x = Read(), dy = Read();
  const auto select = [this](Term a, Term b, Term greater, Term otherwise) {
    return code_.Emit(Opcode::kSelectGreater, {a, b, greater, otherwise});
  };
  // clip
  Store(select(N(-1), x, N(0), select(x, N(2), N(0), dy)));
  // hard sigmoid
  const Term line = Add(Mul(x, N(0.2f)), N(0.5f));
  const Term y =
      code_.Emit(Opcode::kMin, {code_.Emit(Opcode::kMax, {line, N(0)}), N(1)});
  Store(select(y, N(0), select(N(1), y, Mul(dy, N(0.2f)), N(0)), N(0)));
  // hard swish
  const Term inside = Mul(dy, Add(Div(x, N(3)), N(0.5f)));
  Store(select(x, N(3), dy, select(N(-3), x, N(0), inside)));
  // relu, leaky relu
  const Term relu = code_.Emit(Opcode::kMax, {x, N(0)});
  const Term leaky = select(x, N(0), x, Mul(x, N(0.1f)));
  Store(select(relu, N(0), dy, N(0)));
  Store(select(leaky, N(0), dy, Mul(dy, N(0.1f))));
  EXPECT_EQ(Program(),
            "@2:full = select_within(@0:full, -1, 2, @1:full)\n"
            "@3:full = clamped_fma_slope(0.2, @0:full, 0.5, @1:full)\n"
            "@4:full = hard_swish_slope(@0:full, @1:full)\n"
            "@5:full = select_greater(@0:full, 0, @1:full, 0)\n"
            "@6:full = select_product(@0:full, 0, @1:full, 0.1)\n");
}

// The slope is another one, the limits may be NaN, another number is scaled.
TEST_F(ElementwiseEmitterTest, OtherGatesStayAsTheyAre) {
  const Term x = Read(), dy = Read(), limit = Read();
  const auto select = [this](Term a, Term b, Term greater, Term otherwise) {
    return code_.Emit(Opcode::kSelectGreater, {a, b, greater, otherwise});
  };
  Store(select(N(-1), x, N(0), select(x, limit, N(0), dy)));
  Store(select(N(-1), x, N(0), select(x, N(1), dy, dy)));
  EXPECT_EQ(Program(),
            "%0 = select_greater(@0:full, @2:full, 0, @1:full)\n"
            "@3:full = select_greater(-1, @0:full, 0, %0)\n"
            "%1 = select_greater(@0:full, 1, @1:full, @1:full)\n"
            "@4:full = select_greater(-1, @0:full, 0, %1)\n");
  code_ = ElementwiseCode();
  const Term a = Read(), da = Read();
  // With a negative slope the result is above 0 where its operand is below.
  const Term bent = select(a, N(0), a, Mul(a, N(-0.1f)));
  Store(select(bent, N(0), da, N(0)));
  const Term y = code_.Emit(
      Opcode::kMin,
      {code_.Emit(Opcode::kMax, {Add(Mul(a, N(0.2f)), N(0.5f)), N(0)}), N(1)});
  Store(select(y, N(0), select(N(1), y, Mul(da, N(0.3f)), N(0)), N(0)));
  const Term inside = Mul(da, Add(Div(a, N(6)), N(0.5f)));
  Store(select(a, N(3), da, select(N(-3), a, N(0), inside)));
  EXPECT_EQ(Program(),
            "%0 = select_product(@0:full, 0, @0:full, -0.1)\n"
            "@2:full = select_greater(%0, 0, @1:full, 0)\n"
            "%1 = clamped_fma(0.2, @0:full, 0.5)\n"
            "%2 = mul(@1:full, 0.3)\n"
            "%3 = select_greater(1, %1, %2, 0)\n"
            "@3:full = select_greater(%1, 0, %3, 0)\n"
            "%4 = scale_div_add(1, @0:full, 6, 0.5)\n"
            "%5 = product_unless(-3, @0:full, %4, @1:full)\n"
            "@4:full = select_greater(@0:full, 3, @1:full, %5)\n");
}

// A slope may make NaN of a number, which its sign does not show then.
TEST_F(ElementwiseEmitterTest, OnlyNumbersAboveZeroKeepEverySign) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kSubnormal = std::numeric_limits<float>::denorm_min();
  for (const BatchNumber slope :
       {BatchNumber{0, 0}, BatchNumber{kInfinity, 0},
        BatchNumber{kSubnormal, 0}, BatchNumber{NAN, 0},
        BatchNumber{1e-30f, -9}}) {
    code_ = ElementwiseCode();
    const Term x = Read(), dy = Read();
    const Term product = Mul(x, Term::Number(slope));
    const Term y = code_.Emit(Opcode::kSelectGreater, {x, N(0), x, product});
    Store(code_.Emit(Opcode::kSelectGreater, {y, N(0), dy, N(0)}));
    EXPECT_THAT(Program(), HasSubstr("select_greater(%0, 0, @1:full, 0)"))
        << slope.ToString();
  }
}

TEST_F(ElementwiseEmitterTest, DeviationsTakeOneInstruction) {
  const Term x = Read(), mean = Read(), factor = Read(), shift = Read();
  const Term half = Add(Mul(x, N(0.5f)), Mul(mean, N(-0.5f)));
  Store(Add(Mul(half, factor), shift));
  Store(Mul(Sub(x, mean), factor));
  // Not where the product is part of something that takes one instruction.
  Store(Add(Mul(Sub(mean, x), factor), shift));
  EXPECT_EQ(Program(),
            "@4:full = normalize(@0:full, @1:full, @2:full, @3:full)\n"
            "@5:full = sub_mul(@0:full, @1:full, @2:full)\n"
            "%0 = sub(@1:full, @0:full)\n"
            "@6:full = fma(%0, @2:full, @3:full)\n");
}

TEST_F(ElementwiseEmitterTest, ContractsOnlyWhatNobodyElseReads) {
  const Term a = Read(), b = Read(), c = Read();
  const Term product = Mul(a, b);
  Store(Add(product, c));
  Store(product);
  EXPECT_EQ(Program(),
            "@4:full = mul(@0:full, @1:full)\n"
            "@3:full = add(@4:full, @2:full)\n");
}

// Each of these would compute a number that was not written, and that may
// overflow or underflow where no written one does.
TEST_F(ElementwiseEmitterTest, ReordersNothing) {
  const Term a = Read(), b = Read(), c = Read();
  Store(Add(Mul(N(-1e-27f), Div(a, b)), c));
  EXPECT_EQ(Program(),
            "%0 = div(@0:full, @1:full)\n"
            "@3:full = fma(-1e-27, %0, @2:full)\n");
  code_ = ElementwiseCode();
  const Term m = Read(), g = Read();
  Store(Add(Mul(m, N(0.9f)), Mul(Mul(g, N(1e-30f)), g)));
  EXPECT_EQ(Program(),
            "%0 = mul(@1:full, 1e-30)\n"
            "@2:full = scale_add(%0, @1:full, 0.9, @0:full)\n");
}

TEST_F(ElementwiseEmitterTest, NegatesNoWholeArrayToContract) {
  const Term a = Read(), b = Read(), c = Read();
  Store(Sub(c, Mul(a, b)));
  EXPECT_EQ(Program(),
            "%0 = mul(@0:full, @1:full)\n"
            "@3:full = sub(@2:full, %0)\n");
}

TEST_F(ElementwiseEmitterTest, SumsProductsWithoutARegister) {
  const Term a = Read(), b = Read();
  code_.sums.push_back(
      {code_.AddArray(Access::kScalar), Mul(a, b), {}, {1, -1}});
  EXPECT_EQ(Program(), "@2:scalar = sum_product(@0:full, @1:full, 0.1)\n");
}

// Contracted or not, the value is the one that was written.
TEST_F(ElementwiseEmitterTest, ContractionsMeanTheSame) {
  using Formula = std::function<Term(Term, Term, Term, Term)>;
  using Value = std::function<double(double, double, double, double)>;
  const std::vector<std::pair<Formula, Value>> cases = {
      {[&](Term a, Term b, Term c, Term) { return Add(Mul(a, b), c); },
       [](double a, double b, double c, double) { return a * b + c; }},
      {[&](Term a, Term b, Term c, Term) { return Sub(Mul(a, b), N(c.index)); },
       [](double a, double b, double, double) { return a * b - 2; }},
      {[&](Term a, Term b, Term c, Term d) {
         return Add(Mul(a, b), Mul(c, d));
       },
       [](double a, double b, double c, double d) { return a * b + c * d; }},
      {[&](Term a, Term b, Term c, Term d) {
         return Sub(Mul(a, b), Mul(c, d));
       },
       [](double a, double b, double c, double d) { return a * b - c * d; }},
      {[&](Term a, Term b, Term c, Term) {
         return Sub(Mul(a, b), Mul(c, N(3)));
       },
       [](double a, double b, double c, double) { return a * b - c * 3; }},
      {[&](Term a, Term b, Term c, Term) {
         return Sub(Mul(a, b), Mul(Mul(c, c), N(3)));
       },
       [](double a, double b, double c, double) { return a * b - c * c * 3; }},
      {[&](Term a, Term b, Term c, Term) {
         return Add(Mul(Mul(c, N(3)), c), Mul(a, b));
       },
       [](double a, double b, double c, double) { return a * b + c * c * 3; }},
      {[&](Term a, Term, Term c, Term) { return Add(a, Sqrt(c)); },
       [](double a, double, double c, double) { return a + std::sqrt(c); }},
      {[&](Term a, Term, Term c, Term) { return Sub(a, Sqrt(c)); },
       [](double a, double, double c, double) { return a - std::sqrt(c); }},
      {[&](Term a, Term b, Term c, Term) { return Add(a, Mul(b, Sqrt(c))); },
       [](double a, double b, double c, double) {
         return a + b * std::sqrt(c);
       }},
      {[&](Term a, Term b, Term c, Term) { return Sub(a, Div(b, c)); },
       [](double a, double b, double c, double) { return a - b / c; }},
      {[&](Term a, Term b, Term c, Term) {
         return Sub(a, Mul(N(7), Div(b, c)));
       },
       [](double a, double b, double c, double) { return a - 7 * b / c; }},
      {[&](Term a, Term b, Term c, Term d) {
         return Sub(a, Div(Mul(b, d), c));
       },
       [](double a, double b, double c, double d) { return a - b * d / c; }},
      {[&](Term a, Term b, Term c, Term d) {
         return Add(Div(Mul(b, d), c), a);
       },
       [](double a, double b, double c, double d) { return a + b * d / c; }},
      {[&](Term a, Term b, Term c, Term) {
         return code_.Emit(Opcode::kMin, {code_.Emit(Opcode::kMax, {a, b}), c});
       },
       [](double a, double b, double c, double) {
         return std::min(std::max(a, b), c);
       }},
      {[&](Term a, Term b, Term c, Term d) {
         return code_.Emit(Opcode::kSelectGreater, {a, b, c, Mul(d, c)});
       },
       [](double a, double b, double c, double d) {
         return a > b ? c : c * d;
       }},
      {[&](Term a, Term, Term, Term) { return Sub(N(1), Mul(a, a)); },
       [](double a, double, double, double) { return 1 - a * a; }},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    code_ = ElementwiseCode();
    const Term a = Read(), b = Read(), c = Read(), d = Read();
    Store(cases[i].first(a, b, c, d));
    Memory memory({0, 1, 2, 3, 4}, 50);
    const std::string program = memory.Run(code_);
    for (size_t e = 0; e < 50; ++e) {
      const double expected = cases[i].second(memory[0][e], memory[1][e],
                                              memory[2][e], memory[3][e]);
      EXPECT_NEAR(memory[4][e], expected, 3e-6) << "case " << i << "\n"
                                                << program;
    }
  }
}

TEST_F(ElementwiseEmitterTest, ReadsBeforeItOverwrites) {
  // x <- exp(x) is computed first, but log(x) still needs the old x.
  const Term x = Read();
  Store(code_.Emit(Opcode::kExp, {x}));
  Store(code_.Emit(Opcode::kLog, {x}));
  Memory memory({0, 0, 1}, 300);
  const std::vector<float> old = memory[0];
  memory.Run(code_);
  for (size_t i = 0; i < old.size(); ++i) {
    EXPECT_NEAR(memory[1][i], std::exp(old[i]), 1e-5);
    EXPECT_NEAR(memory[2][i], std::log(old[i]), 1e-5);
  }
}

TEST_F(ElementwiseEmitterTest, SwapsTwoArrays) {
  const Term x = Read(), y = Read();
  Store(y);
  Store(x);
  Memory memory({0, 1, 0, 1}, 300);
  const std::vector<float> old_x = memory[0], old_y = memory[1];
  memory.Run(code_);
  EXPECT_EQ(memory[0], old_y);
  EXPECT_EQ(memory[1], old_x);
}

TEST_F(ElementwiseEmitterTest, RotatesThroughAValue) {
  // x <- y, y <- z, z <- x + y, all from the old values.
  const Term x = Read(), y = Read(), z = Read();
  Store(y);
  Store(z);
  Store(Add(x, y));
  Memory memory({0, 1, 2, 0, 1, 2}, 300);
  const std::vector<float> old_x = memory[0], old_y = memory[1],
                           old_z = memory[2];
  memory.Run(code_);
  EXPECT_EQ(memory[0], old_y);
  EXPECT_EQ(memory[1], old_z);
  for (size_t i = 0; i < old_x.size(); ++i) {
    EXPECT_EQ(memory[2][i], old_x[i] + old_y[i]);
  }
}

TEST_F(ElementwiseEmitterTest, SumsWhatIsOverwritten) {
  const Term x = Read();
  Store(code_.Emit(Opcode::kNeg, {x}));
  code_.sums.push_back({code_.AddArray(Access::kScalar), x, {}, {2, 0}});
  Memory memory({0, 0, 1}, 64);
  float expected = 0;
  for (float value : memory[0]) expected += 2 * value;
  memory.Run(code_);
  EXPECT_NEAR(memory[2][0], expected, 1e-3);
  EXPECT_LT(memory[0][0], 0);
}

TEST_F(ElementwiseEmitterTest, StoresOneValueTwice) {
  const Term x = Read();
  const Term root = Sqrt(x);
  Store(root);
  Store(root);
  Store(N(4));
  Memory memory({0, 1, 0, 2}, 64);
  const std::vector<float> old = memory[0];
  memory.Run(code_);
  EXPECT_EQ(memory[1], memory[2]);
  EXPECT_EQ(memory[1][5], std::sqrt(old[5]));
  EXPECT_EQ(memory[3][63], 4);
}

}  // namespace
}  // namespace espalier
