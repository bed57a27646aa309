#include "runtime/elementwise/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace espalier {
namespace {

using ::testing::HasSubstr;

TEST(ElementwiseProgramTest, PrintsOneInstructionALine) {
  ElementwiseProgram p;
  const Operand x = p.AddArray(Access::kColumn);
  const Operand w = p.AddArray(Access::kRow);
  const Operand y = p.AddArray(Access::kFull);
  const Operand z = p.Emit(Opcode::kFma, {x, w, Immediate(0.5f)});
  p.EmitTo(y, Opcode::kMax, {z, Immediate(0)});
  EXPECT_TRUE(p.Validate().ok()) << p.Validate();
  EXPECT_EQ(p.ToString(),
            "%0 = fma(@0:column, @1:row, 0.5)\n"
            "@2:full = max(%0, 0)\n");
}

TEST(ElementwiseProgramTest, AcceptsReadingAnArrayThatWasWritten) {
  ElementwiseProgram p;
  const Operand x = p.AddArray(Access::kFull);
  p.EmitTo(x, Opcode::kExp, {x});
  p.EmitTo(x, Opcode::kNeg, {x});
  EXPECT_TRUE(p.Validate().ok()) << p.Validate();
}

// Each broken program with what its error must say.
TEST(ElementwiseProgramTest, RefusesBrokenPrograms) {
  const Operand reg0 = {Operand::Kind::kRegister, 0, 0};
  struct Case {
    const char* error;
    void (*make)(ElementwiseProgram&, Operand full, Operand row, Operand scalar,
                 Operand reg);
  };
  const Case cases[] = {
      {"instruction 0, @0:full = neg(%0): register %0 is read before",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand reg) {
         p.num_registers = 1;
         p.EmitTo(full, Opcode::kNeg, {reg});
       }},
      {"register %0 is written twice",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand reg) {
         p.Emit(Opcode::kNeg, {full});
         p.EmitTo(reg, Opcode::kNeg, {full});
       }},
      {"destination array must be full, is row",
       [](ElementwiseProgram& p, Operand full, Operand row, Operand, Operand) {
         p.EmitTo(row, Opcode::kNeg, {full});
       }},
      {"destination array must not be full, is full",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand) {
         p.EmitTo(full, Opcode::kSum, {full, Immediate(1)});
       }},
      {"destination is no array",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand) {
         p.Emit(Opcode::kSum, {full, Immediate(1)});
       }},
      {"the factor must be an immediate",
       [](ElementwiseProgram& p, Operand full, Operand, Operand scalar,
          Operand) {
         p.EmitTo(scalar, Opcode::kSum, {full, full});
       }},
      {"two reductions write one array",
       [](ElementwiseProgram& p, Operand full, Operand, Operand scalar,
          Operand) {
         p.EmitTo(scalar, Opcode::kSum, {full, Immediate(1)});
         p.EmitTo(scalar, Opcode::kSum, {full, Immediate(1)});
       }},
      {"array @2 is read, but a reduction writes it",
       [](ElementwiseProgram& p, Operand full, Operand, Operand scalar,
          Operand) {
         p.EmitTo(full, Opcode::kNeg, {scalar});
         p.EmitTo(scalar, Opcode::kSum, {full, Immediate(1)});
       }},
      {"array @7 is not one of 3 arrays",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand) {
         p.EmitTo(full, Opcode::kNeg, {Operand{Operand::Kind::kArray, 7, 0}});
       }},
      {"destination is neither a register nor an array",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand) {
         p.EmitTo(Immediate(1), Opcode::kNeg, {full});
       }},
      {"source is missing",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand) {
         p.EmitTo(full, Opcode::kNeg, {Operand()});
       }},
      {"takes 1 sources",
       [](ElementwiseProgram& p, Operand full, Operand, Operand, Operand) {
         p.EmitTo(full, Opcode::kNeg, {full});
         p.code[0].sources[1] = full;
       }},
  };
  for (const Case& c : cases) {
    ElementwiseProgram p;
    const Operand full = p.AddArray(Access::kFull);
    const Operand row = p.AddArray(Access::kRow);
    const Operand scalar = p.AddArray(Access::kScalar);
    c.make(p, full, row, scalar, reg0);
    const absl::Status status = p.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.error;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.error));
  }
}

TEST(OpcodeTest, NamesAreDistinct) {
  for (int i = 0; i < kNumOpcodes; ++i) {
    for (int j = 0; j < i; ++j) {
      EXPECT_NE(OpcodeName(static_cast<Opcode>(i)),
                OpcodeName(static_cast<Opcode>(j)));
    }
  }
}

}  // namespace
}  // namespace espalier
