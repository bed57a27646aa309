#include "runtime/elementwise/program.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

struct OpcodeRow {
  Opcode opcode;
  absl::string_view name;
};

constexpr OpcodeRow kOpcodes[] = {
    {Opcode::kCopy, "copy"},
    {Opcode::kAdd, "add"},
    {Opcode::kSub, "sub"},
    {Opcode::kMul, "mul"},
    {Opcode::kDiv, "div"},
    {Opcode::kFma, "fma"},
    {Opcode::kSqrt, "sqrt"},
    {Opcode::kAbs, "abs"},
    {Opcode::kNeg, "neg"},
    {Opcode::kMax, "max"},
    {Opcode::kMin, "min"},
    {Opcode::kSign, "sign"},
    {Opcode::kSelectGreater, "select_greater"},
    {Opcode::kExp, "exp"},
    {Opcode::kExpm1, "expm1"},
    {Opcode::kLog, "log"},
    {Opcode::kLog1p, "log1p"},
    {Opcode::kTanh, "tanh"},
    {Opcode::kSigmoid, "sigmoid"},
    {Opcode::kSoftplus, "softplus"},
    {Opcode::kNormalCdf, "normal_cdf"},
    {Opcode::kHardSwish, "hard_swish"},
    {Opcode::kScaleAdd, "scale_add"},
    {Opcode::kScaleAddSquare, "scale_add_square"},
    {Opcode::kScaleSqrtAdd, "scale_sqrt_add"},
    {Opcode::kScaleDivAdd, "scale_div_add"},
    {Opcode::kClamp, "clamp"},
    {Opcode::kClampedFma, "clamped_fma"},
    {Opcode::kSelectProduct, "select_product"},
    {Opcode::kSelectWithin, "select_within"},
    {Opcode::kProductUnless, "product_unless"},
    {Opcode::kSubMul, "sub_mul"},
    {Opcode::kNormalize, "normalize"},
    {Opcode::kClampedFmaSlope, "clamped_fma_slope"},
    {Opcode::kHardSwishSlope, "hard_swish_slope"},
    {Opcode::kIntToFloat, "int_to_float"},
    {Opcode::kFloatToInt, "float_to_int"},
    {Opcode::kIntAdd, "int_add"},
    {Opcode::kSum, "sum"},
    {Opcode::kSumProduct, "sum_product"},
};

constexpr bool RowsAreInOrder() {
  int i = 0;
  for (const OpcodeRow& row : kOpcodes) {
    if (static_cast<int>(row.opcode) != i) return false;
    ++i;
  }
  return i == kNumOpcodes;
}
static_assert(RowsAreInOrder(), "one row per opcode, in the enum's order");

std::string OperandString(const ElementwiseProgram& program,
                          const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kNone:
      return "none";
    case Operand::Kind::kRegister:
      return absl::StrCat("%", operand.index);
    case Operand::Kind::kImmediate:
      return absl::StrCat(operand.value);
    case Operand::Kind::kArray:
      break;
  }
  if (operand.index < 0 ||
      operand.index >= static_cast<int>(program.arrays.size())) {
    return absl::StrCat("@", operand.index, ":undefined");
  }
  return absl::StrCat("@", operand.index, ":",
                      AccessName(program.arrays[operand.index]));
}

std::string InstructionString(const ElementwiseProgram& program,
                              const Instruction& instruction) {
  std::string text =
      absl::StrCat(OperandString(program, instruction.destination), " = ",
                   OpcodeName(instruction.opcode), "(");
  for (int s = 0; s < OpcodeArity(instruction.opcode); ++s) {
    absl::StrAppend(&text, s == 0 ? "" : ", ",
                    OperandString(program, instruction.sources[s]));
  }
  text += ")";
  return text;
}

// What Validate knows when it comes to an instruction.
struct State {
  const ElementwiseProgram& program;
  std::vector<bool> register_written;
  std::vector<bool> array_reduced;
};

absl::Status CheckSource(const State& state, const Operand& source) {
  const int registers = static_cast<int>(state.register_written.size());
  const int arrays = static_cast<int>(state.program.arrays.size());
  switch (source.kind) {
    case Operand::Kind::kNone:
      return absl::InvalidArgumentError("source is missing");
    case Operand::Kind::kImmediate:
      return absl::OkStatus();
    case Operand::Kind::kRegister:
      if (source.index < 0 || source.index >= registers ||
          !state.register_written[source.index]) {
        return absl::InvalidArgumentError(absl::StrCat("register %",
                                                       source.index,
                                                       " is read before it is "
                                                       "written"));
      }
      return absl::OkStatus();
    case Operand::Kind::kArray:
      if (source.index < 0 || source.index >= arrays) {
        return absl::InvalidArgumentError(absl::StrCat(
            "array @", source.index, " is not one of ", arrays, " arrays"));
      }
      return absl::OkStatus();
  }
  return absl::InvalidArgumentError("source is of no known kind");
}

absl::Status CheckDestination(const State& state,
                              const Instruction& instruction) {
  const Operand& destination = instruction.destination;
  const int arrays = static_cast<int>(state.program.arrays.size());
  const bool reduces = IsReduction(instruction.opcode);
  if (destination.kind == Operand::Kind::kArray && destination.index >= 0 &&
      destination.index < arrays) {
    const Access access = state.program.arrays[destination.index];
    if (reduces != (access != Access::kFull)) {
      return absl::InvalidArgumentError(
          absl::StrCat("destination array must ", reduces ? "not be " : "be ",
                       AccessName(Access::kFull), ", is ", AccessName(access)));
    }
    if (reduces && state.array_reduced[destination.index]) {
      return absl::InvalidArgumentError("two reductions write one array");
    }
    return absl::OkStatus();
  }
  if (!reduces && destination.kind == Operand::Kind::kRegister &&
      destination.index >= 0 &&
      destination.index < state.program.num_registers) {
    if (state.register_written[destination.index]) {
      return absl::InvalidArgumentError(
          absl::StrCat("register %", destination.index, " is written twice"));
    }
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      reduces ? "destination is no array"
              : "destination is neither a register nor an array");
}

absl::Status CheckInstruction(const State& state,
                              const Instruction& instruction) {
  const int arity = OpcodeArity(instruction.opcode);
  for (int s = 0; s < arity; ++s) {
    RETURN_IF_ERROR(CheckSource(state, instruction.sources[s]));
  }
  for (int s = arity; s < kMaxSources; ++s) {
    if (instruction.sources[s].kind != Operand::Kind::kNone) {
      return absl::InvalidArgumentError(
          absl::StrCat("takes ", arity, " sources"));
    }
  }
  if (IsReduction(instruction.opcode) &&
      instruction.sources[arity - 1].kind != Operand::Kind::kImmediate) {
    return absl::InvalidArgumentError("the factor must be an immediate");
  }
  return CheckDestination(state, instruction);
}

}  // namespace

absl::string_view OpcodeName(Opcode opcode) {
  return kOpcodes[static_cast<int>(opcode)].name;
}

absl::string_view AccessName(Access access) {
  switch (access) {
    case Access::kFull:
      return "full";
    case Access::kScalar:
      return "scalar";
    case Access::kRow:
      return "row";
    case Access::kColumn:
      return "column";
  }
  return "unknown";
}

Operand IntImmediate(int value) {
  Operand operand = Immediate(0);
  static_assert(sizeof(value) == sizeof(operand.value), "32 bits each");
  std::memcpy(&operand.value, &value, sizeof(value));
  return operand;
}

Operand ElementwiseProgram::AddArray(Access access) {
  arrays.push_back(access);
  return {Operand::Kind::kArray, static_cast<int>(arrays.size()) - 1, 0};
}

Operand ElementwiseProgram::Emit(Opcode opcode,
                                 std::initializer_list<Operand> sources) {
  const Operand destination = {Operand::Kind::kRegister, num_registers++, 0};
  EmitTo(destination, opcode, sources);
  return destination;
}

void ElementwiseProgram::EmitTo(Operand destination, Opcode opcode,
                                std::initializer_list<Operand> sources) {
  ESPALIER_CHECK(static_cast<int>(sources.size()) == OpcodeArity(opcode));
  Instruction instruction = {opcode, destination, {}};
  int s = 0;
  for (const Operand& source : sources) instruction.sources[s++] = source;
  code.push_back(instruction);
}

absl::Status ElementwiseProgram::Validate() const {
  State state = {*this, std::vector<bool>(num_registers),
                 std::vector<bool>(arrays.size())};
  for (size_t i = 0; i < code.size(); ++i) {
    const Instruction& instruction = code[i];
    RETURN_IF_ERROR(
        Annotate(CheckInstruction(state, instruction),
                 absl::StrCat("elementwise instruction ", i, ", ",
                              InstructionString(*this, instruction))));
    const Operand& destination = instruction.destination;
    if (destination.kind == Operand::Kind::kRegister) {
      state.register_written[destination.index] = true;
    } else if (IsReduction(instruction.opcode)) {
      state.array_reduced[destination.index] = true;
    }
  }
  for (const Instruction& instruction : code) {
    for (const Operand& source : instruction.sources) {
      if (source.kind == Operand::Kind::kArray &&
          state.array_reduced[source.index]) {
        return absl::InvalidArgumentError(
            absl::StrCat("elementwise array @", source.index,
                         " is read, but a reduction writes it"));
      }
    }
  }
  return absl::OkStatus();
}

std::string ElementwiseProgram::ToString() const {
  std::string text;
  for (const Instruction& instruction : code) {
    absl::StrAppend(&text, InstructionString(*this, instruction), "\n");
  }
  return text;
}

}  // namespace espalier
