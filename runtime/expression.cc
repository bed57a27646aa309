#include "runtime/expression.h"

#include <iterator>
#include <memory>
#include <utility>

#include "graph/check.h"

namespace espalier {

struct ExprMaker {
  static Expr Make(Expr::Node node) {
    return Expr(std::make_shared<Expr::Node>(std::move(node)));
  }
  static Expr Operation(Opcode opcode, std::vector<Expr> sources) {
    Expr::Node node;
    node.kind = Expr::Node::Kind::kOperation;
    node.opcode = opcode;
    node.sources = std::move(sources);
    return Make(std::move(node));
  }
};

Expr::Node::~Node() {
  std::vector<Expr> dropped = std::move(sources);
  while (!dropped.empty()) {
    const std::shared_ptr<const Node> node = std::move(dropped.back().node_);
    dropped.pop_back();
    if (node.use_count() > 1) continue;
    // It dies here, so what it holds can be taken. ExprMaker made it, and not
    // const.
    std::vector<Expr>& taken = const_cast<Node&>(*node).sources;
    dropped.insert(dropped.end(), std::make_move_iterator(taken.begin()),
                   std::make_move_iterator(taken.end()));
    taken.clear();
  }
}

Expr Expr::Operand(int i) {
  Node node;
  node.kind = Node::Kind::kOperand;
  node.operand = i;
  return ExprMaker::Make(std::move(node));
}

Expr Expr::Number(float value, int batch_power) {
  Node node;
  node.kind = Node::Kind::kNumber;
  node.value = value;
  node.batch_power = batch_power;
  return ExprMaker::Make(std::move(node));
}

Expr operator+(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kAdd, {a, b});
}
Expr operator-(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kSub, {a, b});
}
Expr operator*(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kMul, {a, b});
}
Expr operator/(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kDiv, {a, b});
}
Expr operator-(const Expr& x) {
  return ExprMaker::Operation(Opcode::kNeg, {x});
}
Expr Max(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kMax, {a, b});
}
Expr Min(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kMin, {a, b});
}
Expr Sqrt(const Expr& x) { return ExprMaker::Operation(Opcode::kSqrt, {x}); }
Expr Abs(const Expr& x) { return ExprMaker::Operation(Opcode::kAbs, {x}); }
Expr Sign(const Expr& x) { return ExprMaker::Operation(Opcode::kSign, {x}); }
Expr Exp(const Expr& x) { return ExprMaker::Operation(Opcode::kExp, {x}); }
Expr Log(const Expr& x) { return ExprMaker::Operation(Opcode::kLog, {x}); }
Expr Tanh(const Expr& x) { return ExprMaker::Operation(Opcode::kTanh, {x}); }
Expr Sigmoid(const Expr& x) {
  return ExprMaker::Operation(Opcode::kSigmoid, {x});
}
Expr IntToFloat(const Expr& x) {
  return ExprMaker::Operation(Opcode::kIntToFloat, {x});
}
Expr FloatToInt(const Expr& x) {
  return ExprMaker::Operation(Opcode::kFloatToInt, {x});
}
Expr AddInts(const Expr& a, const Expr& b) {
  return ExprMaker::Operation(Opcode::kIntAdd, {a, b});
}
Expr Expm1(const Expr& x) { return ExprMaker::Operation(Opcode::kExpm1, {x}); }
Expr Log1p(const Expr& x) { return ExprMaker::Operation(Opcode::kLog1p, {x}); }
Expr Softplus(const Expr& x) {
  return ExprMaker::Operation(Opcode::kSoftplus, {x});
}
Expr NormalCdf(const Expr& x) {
  return ExprMaker::Operation(Opcode::kNormalCdf, {x});
}
Expr HardSwish(const Expr& x) {
  return ExprMaker::Operation(Opcode::kHardSwish, {x});
}
Expr SelectGreater(const Expr& a, const Expr& b, const Expr& greater,
                   const Expr& otherwise) {
  return ExprMaker::Operation(Opcode::kSelectGreater,
                              {a, b, greater, otherwise});
}

DataType TypeOf(const Expr& expr, absl::Span<const DataType> operands) {
  const Expr::Node& node = expr.node();
  switch (node.kind) {
    case Expr::Node::Kind::kOperand:
      ESPALIER_CHECK(node.operand >= 0 &&
                     static_cast<size_t>(node.operand) < operands.size());
      return operands[static_cast<size_t>(node.operand)];
    case Expr::Node::Kind::kNumber:
      return DataType::kF32;
    case Expr::Node::Kind::kOperation:
      break;
  }
  const bool gives_i32 =
      node.opcode == Opcode::kFloatToInt || node.opcode == Opcode::kIntAdd;
  return gives_i32 ? DataType::kI32 : DataType::kF32;
}

}  // namespace espalier
