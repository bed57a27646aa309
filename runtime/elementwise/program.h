// A program of elementwise instructions: what one fused step of a plan
// computes. Plain data, made by the planner, printed in plans, compiled by
// compiled_elementwise.h.
//
// The program is run for every element of one or more segments (a segment:
// arrays of `elements` floats, seen as rows of `columns`). Its meaning is that
// of a loop over the elements that executes `code` in order for each of them,
// so an array may be read after it was written, and an array that is written
// may be the same memory as one that is read with Access::kFull (in place).
// Memory that is written must not overlap any other array in any other way.
//
// Example, y = max(0, x * w + b) for x of one column:
//   ElementwiseProgram p;
//   Operand x = p.AddArray(Access::kColumn), w = p.AddArray(Access::kRow);
//   Operand b = p.AddArray(Access::kRow), y = p.AddArray(Access::kFull);
//   Operand z = p.Emit(Opcode::kFma, {x, w, b});
//   p.EmitTo(y, Opcode::kMax, {z, Immediate(0)});
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_PROGRAM_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_PROGRAM_H_

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "runtime/elementwise/opcode.h"

namespace espalier {

absl::string_view OpcodeName(Opcode opcode);  // "scale_add"

// Which element of an array belongs to element i of the segment.
enum class Access {
  kFull,    // i
  kScalar,  // 0: the array is one float, read once per run
  kRow,     // i % columns: the array is one row
  kColumn,  // i / columns: the array has one element per row
};
absl::string_view AccessName(Access access);  // "full"

struct Operand {
  enum class Kind { kNone, kRegister, kArray, kImmediate };
  Kind kind = Kind::kNone;
  int index = 0;    // of the register or array
  float value = 0;  // of the immediate
};
inline Operand Immediate(float value) {
  return {Operand::Kind::kImmediate, 0, value};
}
Operand IntImmediate(int value);  // for the opcodes of i32 arrays

struct Instruction {
  Opcode opcode;
  Operand destination;  // register, or array with Access::kFull; opcode.h says
                        // which of reductions
  std::array<Operand, kMaxSources> sources;
};

// What depends on immediates and kScalar arrays only (bias corrections, rates)
// may be written as any other instruction: it is computed once per run.
struct ElementwiseProgram {
  std::vector<Access> arrays;
  int num_registers = 0;  // each is written by one instruction, then read
  std::vector<Instruction> code;

  Operand AddArray(Access access);
  // Appends an instruction with a new register as destination; returns it.
  Operand Emit(Opcode opcode, std::initializer_list<Operand> sources);
  void EmitTo(Operand destination, Opcode opcode,
              std::initializer_list<Operand> sources);

  // Checks what is said above of operands and registers; the error names the
  // instruction.
  absl::Status Validate() const;

  // One instruction a line: "%2 = fma(@0:column, @1:row, 0.5)", "@3:full =
  // ...".
  std::string ToString() const;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_PROGRAM_H_
