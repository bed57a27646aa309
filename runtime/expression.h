// What an Expr is made of.
#ifndef ESPALIER_RUNTIME_EXPRESSION_H_
#define ESPALIER_RUNTIME_EXPRESSION_H_

#include <vector>

#include "absl/types/span.h"
#include "graph/shape.h"
#include "runtime/elementwise/program.h"
#include "runtime/lowering.h"

namespace espalier {

struct Expr::Node {
  Node() = default;
  Node(Node&&) = default;
  ~Node();  // not recursive: formulas may be deep

  enum class Kind { kOperand, kNumber, kOperation };
  Kind kind = Kind::kNumber;
  int operand = 0;                // of kOperand
  float value = 0;                // of kNumber: value * N^batch_power
  int batch_power = 0;            // of kNumber
  Opcode opcode = Opcode::kCopy;  // of kOperation
  std::vector<Expr> sources;      // of kOperation
};

// The type of what a formula gives for operands of these types.
DataType TypeOf(const Expr& expr, absl::Span<const DataType> operands);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_EXPRESSION_H_
