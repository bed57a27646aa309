#include "runtime/elementwise/compiled_elementwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "runtime/elementwise/kernels.h"
#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

// The arrays of all segments.
struct Memory {
  std::vector<std::vector<float>> arrays;

  std::vector<float*> pointers() {
    std::vector<float*> result;
    for (std::vector<float>& array : arrays) result.push_back(array.data());
    return result;
  }
};

int64_t ArraySize(Access access, const Segment& segment) {
  switch (access) {
    case Access::kFull:
      return segment.elements;
    case Access::kScalar:
      return 1;
    case Access::kRow:
      return segment.columns;
    case Access::kColumn:
      break;
  }
  return segment.columns == 0 ? 0 : segment.elements / segment.columns;
}

// Scalars are one array for all segments (as a learning rate would be), but
// for every other run of a test their own.
Memory RandomMemory(const ElementwiseProgram& program,
                    const std::vector<Segment>& segments,
                    std::mt19937& random) {
  Memory memory;
  const bool shared = random() % 2 == 0;
  for (size_t s = 0; s < segments.size(); ++s) {
    for (size_t j = 0; j < program.arrays.size(); ++j) {
      if (shared && s > 0 && program.arrays[j] == Access::kScalar) {
        memory.arrays.push_back(memory.arrays[j]);
        continue;
      }
      std::vector<float> array(ArraySize(program.arrays[j], segments[s]));
      for (float& x : array) x = RandomFloat(random);
      memory.arrays.push_back(std::move(array));
    }
  }
  return memory;
}

// The program's meaning: a loop over the elements, each instruction on one.
void Interpret(const ElementwiseProgram& program,
               const std::vector<Segment>& segments, Isa isa,
               const std::vector<float*>& arrays) {
  const KernelTable& kernels = KernelsFor(isa);
  const size_t num_arrays = program.arrays.size();
  for (size_t s = 0; s < segments.size(); ++s) {
    for (int64_t i = 0; i < segments[s].elements; ++i) {
      std::vector<float> registers(program.num_registers);
      const auto place = [&](const Operand& operand) -> float* {
        if (operand.kind == Operand::Kind::kRegister) {
          return &registers[operand.index];
        }
        float* array = arrays[s * num_arrays + operand.index];
        switch (program.arrays[operand.index]) {
          case Access::kFull:
            return array + i;
          case Access::kScalar:
            return array;
          case Access::kRow:
            return array + i % segments[s].columns;
          case Access::kColumn:
            break;
        }
        return array + i / segments[s].columns;
      };
      for (const Instruction& instruction : program.code) {
        const int arity = OpcodeArity(instruction.opcode);
        float values[kMaxSources] = {};
        for (int k = 0; k < arity; ++k) {
          const Operand& source = instruction.sources[k];
          values[k] = source.kind == Operand::Kind::kImmediate ? source.value
                                                               : *place(source);
        }
        kernels.elementwise[static_cast<int>(instruction.opcode)]
                           [(1 << arity) - 1](place(instruction.destination),
                                              &values[0], &values[1],
                                              &values[2], &values[3], 1);
      }
    }
  }
}

ElementwiseProgram RandomProgram(std::mt19937& random) {
  ElementwiseProgram program;
  std::vector<Operand> sources, full;
  full.push_back(program.AddArray(Access::kFull));
  const int others = static_cast<int>(random() % 6);
  for (int j = 0; j < others; ++j) {
    const Access access = static_cast<Access>(random() % 4);
    const Operand array = program.AddArray(access);
    (access == Access::kFull ? full : sources).push_back(array);
  }
  sources.insert(sources.end(), full.begin(), full.end());
  const int length = 1 + static_cast<int>(random() % 14);
  for (int i = 0; i < length; ++i) {
    Opcode opcode;
    do {
      opcode = static_cast<Opcode>(random() % kNumOpcodes);
    } while (IsReduction(opcode));
    Instruction instruction = {opcode, {}, {}};
    for (int s = 0; s < OpcodeArity(opcode); ++s) {
      instruction.sources[s] = random() % 4 == 0
                                   ? Immediate(RandomFloat(random))
                                   : sources[random() % sources.size()];
    }
    if (random() % 3 == 0 || i + 1 == length) {
      instruction.destination = full[random() % full.size()];
    } else {
      instruction.destination = {Operand::Kind::kRegister,
                                 program.num_registers++, 0};
      sources.push_back(instruction.destination);
    }
    program.code.push_back(instruction);
  }
  return program;
}

std::vector<Segment> RandomSegments(std::mt19937& random) {
  const int64_t columns[] = {1, 2, 3, 15, 16, 30, 127, 128, 129, 256, 257, 600};
  const int64_t rows[] = {0, 1, 2, 3, 9, 20, 40};
  std::vector<Segment> segments(1 + random() % 3);
  for (Segment& segment : segments) {
    segment.columns = columns[random() % 12];
    segment.elements = segment.columns * rows[random() % 7];
  }
  return segments;
}

CompiledElementwise CompileOrDie(const ElementwiseProgram& program,
                                 const std::vector<Segment>& segments, Isa isa,
                                 int threads) {
  auto compiled = CompiledElementwise::Compile(program, segments, isa, threads);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  return *std::move(compiled);
}

class CompiledElementwiseTest : public ::testing::TestWithParam<Isa> {};

TEST_P(CompiledElementwiseTest, RandomProgramsEqualTheInterpreter) {
  for (int seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    const ElementwiseProgram program = RandomProgram(random);
    const std::vector<Segment> segments = RandomSegments(random);
    Memory memory = RandomMemory(program, segments, random);
    Memory expected = memory;
    Interpret(program, segments, GetParam(), expected.pointers());
    const CompiledElementwise compiled =
        CompileOrDie(program, segments, GetParam(), 1);
    EXPECT_EQ(compiled.scratch_bytes(), 0);
    compiled.Run(memory.pointers(), nullptr);
    for (size_t a = 0; a < memory.arrays.size(); ++a) {
      for (size_t i = 0; i < memory.arrays[a].size(); ++i) {
        ASSERT_TRUE(SameFloat(memory.arrays[a][i], expected.arrays[a][i]))
            << "seed " << seed << " array " << a << " element " << i << ": "
            << memory.arrays[a][i] << " is not " << expected.arrays[a][i]
            << "\n"
            << program.ToString();
      }
    }
  }
}

TEST_P(CompiledElementwiseTest, BitsDoNotDependOnThreads) {
  std::mt19937 random(3);
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  const Operand y = program.AddArray(Access::kFull);
  const Operand row = program.AddArray(Access::kRow);
  const Operand column = program.AddArray(Access::kColumn);
  const Operand sum = program.AddArray(Access::kScalar);
  const Operand squares = program.AddArray(Access::kScalar);
  const Operand z = program.Emit(Opcode::kFma, {x, row, column});
  program.EmitTo(y, Opcode::kTanh, {z});
  program.EmitTo(sum, Opcode::kSum, {y, Immediate(0.5f)});
  program.EmitTo(squares, Opcode::kSumProduct, {y, y, Immediate(1)});
  for (const Segment& segment : {Segment{70000, 1}, Segment{70000, 70},
                                 Segment{70000, 700}, Segment{70000, 70000}}) {
    const std::vector<Segment> segments = {segment, {30, 30}, {6000, 30}};
    Memory first;
    for (int threads = 1; threads <= 5; ++threads) {
      random.seed(4);
      Memory memory = RandomMemory(program, segments, random);
      const CompiledElementwise compiled =
          CompileOrDie(program, segments, GetParam(), threads);
      EXPECT_EQ(compiled.threads(), threads);
      std::vector<double> scratch(compiled.scratch_bytes() / sizeof(double));
      compiled.Run(memory.pointers(), scratch.data());
      if (threads == 1) {
        first = memory;
        double exact_sum = 0, exact_squares = 0;
        for (int s = 0; s < 3; ++s) {
          for (const float v : memory.arrays[s * 6 + 1]) {
            exact_sum += 0.5 * v;
            exact_squares += static_cast<double>(v) * v;
          }
        }
        EXPECT_NEAR(memory.arrays[4][0], exact_sum, 1e-6 * exact_squares);
        EXPECT_NEAR(memory.arrays[5][0], exact_squares, 1e-6 * exact_squares);
      } else {
        EXPECT_EQ(memory.arrays, first.arrays) << threads << " threads";
      }
    }
  }
}

TEST_P(CompiledElementwiseTest, SumsOfIntegersAreExact) {
  for (const int64_t n :
       {0, 1, 31, 32, 33, 255, 256, 257, 4095, 4096, 4097, 20000}) {
    ElementwiseProgram program;
    const Operand x = program.AddArray(Access::kFull);
    const Operand y = program.AddArray(Access::kFull);
    const Operand sum = program.AddArray(Access::kScalar);
    const Operand product = program.AddArray(Access::kScalar);
    program.EmitTo(sum, Opcode::kSum, {x, Immediate(2)});
    program.EmitTo(product, Opcode::kSumProduct, {x, y, Immediate(1)});
    Memory memory = {{{}, {}, {-1}, {-1}}};
    double exact_sum = 0, exact_product = 0;
    for (int64_t i = 0; i < n; ++i) {
      const float a = static_cast<float>(i % 13 - 5);
      const float b = static_cast<float>(i % 7 - 2);
      memory.arrays[0].push_back(a);
      memory.arrays[1].push_back(b);
      exact_sum += 2 * a;
      exact_product += a * b;
    }
    const CompiledElementwise compiled =
        CompileOrDie(program, {{n, 1}}, GetParam(), 2);
    std::vector<double> scratch(compiled.scratch_bytes() / sizeof(double));
    compiled.Run(memory.pointers(), scratch.data());
    EXPECT_EQ(memory.arrays[2][0], exact_sum) << n;
    EXPECT_EQ(memory.arrays[3][0], exact_product) << n;
  }
}

// Exact for integers, whatever the shape and the threads, beside a sum of all
// elements and a store.
TEST_P(CompiledElementwiseTest, SumsOfRowsAndColumnsAreExact) {
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  const Operand y = program.AddArray(Access::kFull);
  const Operand column = program.AddArray(Access::kColumn);
  const Operand row_sum = program.AddArray(Access::kRow);
  const Operand row_product = program.AddArray(Access::kRow);
  const Operand column_sum = program.AddArray(Access::kColumn);
  const Operand column_product = program.AddArray(Access::kColumn);
  const Operand sum = program.AddArray(Access::kScalar);
  const Operand z = program.Emit(Opcode::kAdd, {x, column});
  program.EmitTo(y, Opcode::kNeg, {z});
  program.EmitTo(row_sum, Opcode::kSum, {z, Immediate(2)});
  program.EmitTo(row_product, Opcode::kSumProduct, {z, x, Immediate(1)});
  program.EmitTo(column_sum, Opcode::kSum, {column, Immediate(1)});
  program.EmitTo(column_product, Opcode::kSumProduct, {z, x, Immediate(0.5f)});
  program.EmitTo(sum, Opcode::kSum, {z, Immediate(1)});
  struct Size {
    int64_t rows, columns;
  };
  for (const auto& [rows, columns] :
       {Size{0, 128}, Size{1, 1}, Size{7, 1}, Size{1, 300}, Size{9, 5},
        Size{3, 129}, Size{300, 130}, Size{40, 1024}, Size{4, 9001}}) {
    for (int threads = 1; threads <= 3; ++threads) {
      const auto r = static_cast<size_t>(rows),
                 c = static_cast<size_t>(columns);
      Memory memory = {{std::vector<float>(r * c),
                        std::vector<float>(r * c),
                        std::vector<float>(r),
                        std::vector<float>(c, -1),
                        std::vector<float>(c, -1),
                        std::vector<float>(r, -1),
                        std::vector<float>(r, -1),
                        {-1}}};
      Memory expected = memory;
      for (size_t k = 3; k < 8; ++k) {
        std::fill(expected.arrays[k].begin(), expected.arrays[k].end(), 0.0f);
      }
      for (size_t i = 0; i < r; ++i) {
        const auto shift = static_cast<float>(i % 5) - 2;
        memory.arrays[2][i] = expected.arrays[2][i] = shift;
        for (size_t j = 0; j < c; ++j) {
          const float a = static_cast<float>((i * c + j) % 11) - 4;
          memory.arrays[0][i * c + j] = expected.arrays[0][i * c + j] = a;
          expected.arrays[1][i * c + j] = -(a + shift);
          expected.arrays[3][j] += 2 * (a + shift);
          expected.arrays[4][j] += (a + shift) * a;
          expected.arrays[5][i] += shift;
          expected.arrays[6][i] += 0.5f * (a + shift) * a;
          expected.arrays[7][0] += a + shift;
        }
      }
      const CompiledElementwise compiled = CompileOrDie(
          program, {{rows * columns, columns}}, GetParam(), threads);
      std::vector<double> scratch(compiled.scratch_bytes() / sizeof(double) +
                                  1);
      compiled.Run(memory.pointers(), scratch.data());
      EXPECT_EQ(memory.arrays, expected.arrays)
          << rows << " x " << columns << ", " << threads << " threads";
    }
  }
}

TEST_P(CompiledElementwiseTest, SumsOfRowsAreOfOneSegment) {
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  program.EmitTo(program.AddArray(Access::kRow), Opcode::kSum,
                 {x, Immediate(1)});
  EXPECT_THAT(
      CompiledElementwise::Compile(program, {{30, 3}, {30, 3}}, GetParam(), 1)
          .status()
          .message(),
      HasSubstr("sums of rows or columns over several segments"));
  EXPECT_THAT(CompiledElementwise::Compile(program, {{0, 0}}, GetParam(), 1)
                  .status()
                  .message(),
              HasSubstr("sums of rows or columns over no column"));
}

TEST_P(CompiledElementwiseTest, InPlaceThroughTwoNamesOfOneArray) {
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  const Operand y = program.AddArray(Access::kFull);
  const Operand doubled = program.Emit(Opcode::kAdd, {x, x});
  program.EmitTo(y, Opcode::kAdd, {doubled, Immediate(1)});
  program.EmitTo(y, Opcode::kMul, {x, y});  // x is y by now
  std::vector<float> values(1000, 3);
  const CompiledElementwise compiled =
      CompileOrDie(program, {{1000, 1}}, GetParam(), 1);
  compiled.Run({values.data(), values.data()}, nullptr);
  EXPECT_EQ(values, std::vector<float>(1000, 49));
}

// What depends on scalars only is computed once, whatever the sizes.
TEST_P(CompiledElementwiseTest, ScalarChainsFillArrays) {
  ElementwiseProgram program;
  const Operand rate = program.AddArray(Access::kScalar);
  const Operand y = program.AddArray(Access::kFull);
  const Operand z = program.AddArray(Access::kFull);
  const Operand half = program.Emit(Opcode::kMul, {rate, Immediate(0.5f)});
  program.EmitTo(y, Opcode::kSub, {Immediate(1), half});
  program.EmitTo(z, Opcode::kCopy, {rate});
  Memory memory = {{{8}, std::vector<float>(600), std::vector<float>(600)}};
  CompileOrDie(program, {{600, 1}}, GetParam(), 1)
      .Run(memory.pointers(), nullptr);
  EXPECT_EQ(memory.arrays[1], std::vector<float>(600, -3));
  EXPECT_EQ(memory.arrays[2], std::vector<float>(600, 8));
}

// Large enough that most of it is copied from its beginning.
TEST_P(CompiledElementwiseTest, RowsAndScalarsAreRepeated) {
  constexpr int64_t kElements = 150000;
  std::mt19937 random(6);
  for (int64_t columns : {1, 6, 10, 120, 130, 400, 1000, 30000}) {
    ElementwiseProgram program;
    const Operand row = program.AddArray(Access::kRow);
    const Operand scalar = program.AddArray(Access::kScalar);
    const Operand product = program.AddArray(Access::kFull);
    const Operand copy = program.AddArray(Access::kFull);
    program.AddArray(Access::kFull);  // neither read nor written
    program.EmitTo(product, Opcode::kMul, {row, scalar});
    program.EmitTo(copy, Opcode::kCopy, {scalar});
    const int64_t elements = kElements / columns * columns;
    const std::vector<Segment> segments = {{elements, columns}};
    for (int threads : {1, 3}) {
      Memory memory = RandomMemory(program, segments, random);
      for (float& x : memory.arrays[0]) x = static_cast<float>(random() % 100);
      memory.arrays[1][0] = 3;
      for (float& x : memory.arrays[4]) x = 5;
      const std::vector<float> untouched = memory.arrays[4];
      CompiledElementwise::Compile(program, segments, GetParam(), threads)
          ->Run(memory.pointers(), nullptr);
      for (int64_t i = 0; i < elements; ++i) {
        ASSERT_EQ(memory.arrays[2][i], 3 * memory.arrays[0][i % columns])
            << i << ", " << columns << " columns, " << threads << " threads";
        ASSERT_EQ(memory.arrays[3][i], 3) << i << ", " << columns;
      }
      ASSERT_EQ(memory.arrays[4], untouched);
    }
  }
}

TEST(CompiledElementwiseThreadsTest, SmallWorkStaysOnTheCallingThread) {
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  program.EmitTo(x, Opcode::kNeg, {x});
  EXPECT_EQ(CompileOrDie(program, {{200, 1}}, DetectIsa(), 4).threads(), 1);
  EXPECT_EQ(CompileOrDie(program, {{1000000, 1}}, DetectIsa(), 4).threads(), 4);
}

TEST(CompiledElementwiseErrorTest, RefusesWhatDoesNotFit) {
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  std::vector<Operand> registers;
  for (int i = 0; i < kMaxLiveBlocks + 1; ++i) {
    registers.push_back(program.Emit(Opcode::kNeg, {x}));
  }
  for (const Operand& r : registers) {
    program.EmitTo(x, Opcode::kAdd, {x, r});
  }
  const auto compiled =
      CompiledElementwise::Compile(program, {{10, 1}}, DetectIsa(), 1);
  EXPECT_EQ(compiled.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(compiled.status().message()),
              HasSubstr("needs 41 blocks"));
}

TEST(CompiledElementwiseErrorTest, RefusesBrokenSegmentsAndPrograms) {
  ElementwiseProgram program;
  const Operand x = program.AddArray(Access::kFull);
  program.EmitTo(x, Opcode::kNeg, {x});
  for (const Segment& segment :
       {Segment{7, 2}, Segment{-1, 1}, Segment{1, 0}, Segment{2, -1}}) {
    EXPECT_EQ(CompiledElementwise::Compile(program, {segment}, DetectIsa(), 1)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(
      CompiledElementwise::Compile(program, {}, DetectIsa(), 1).status().code(),
      absl::StatusCode::kInvalidArgument);
  program.code[0].sources[0].index = 5;
  EXPECT_EQ(CompiledElementwise::Compile(program, {{1, 1}}, DetectIsa(), 1)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(AllIsas, CompiledElementwiseTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
