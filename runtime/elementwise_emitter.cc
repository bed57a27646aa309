#include "runtime/elementwise_emitter.h"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "graph/check.h"

namespace espalier {
namespace {

Operation Make(Opcode opcode, std::initializer_list<Term> sources) {
  Operation operation;
  operation.opcode = opcode;
  std::copy(sources.begin(), sources.end(), operation.sources.begin());
  return operation;
}

// Rewrites operations into the fused opcodes, each of which computes what was
// written but for roundings (opcode.h). An operand is taken in only if nobody
// else reads it, so no work is done twice; what is the same for every element
// stays by itself, since the engine computes it once per run.
class Contractor {
 public:
  explicit Contractor(const ElementwiseCode& code) : old_(code) {}

  ElementwiseCode Run() {
    CountUses();
    code_.arrays = old_.arrays;
    for (const Operation& operation : old_.values) {
      Operation translated = operation;
      for (Term& source : translated.sources) source = Translate(source);
      const Operation contracted = Contract(translated);
      const int uses = old_uses_[translation_.size()];
      translation_.push_back(Append(contracted, uses).index);
    }
    for (ElementwiseCode::Store store : old_.stores) {
      store.term = Translate(store.term);
      code_.stores.push_back(store);
    }
    for (ElementwiseCode::Sum sum : old_.sums) {
      sum.term = Translate(sum.term);
      sum.times = Translate(sum.times);
      const auto product = AsProduct(sum.term);
      if (product.has_value() && sum.times.kind == Term::Kind::kNone) {
        sum.term = product->a;
        sum.times = product->b;
      }
      code_.sums.push_back(sum);
    }
    return std::move(code_);
  }

 private:
  void CountUses() {
    old_uses_.assign(old_.values.size(), 0);
    const auto use = [this](const Term& term) {
      if (term.kind == Term::Kind::kValue) ++old_uses_[term.index];
    };
    for (const Operation& operation : old_.values) {
      for (const Term& source : operation.sources) use(source);
    }
    for (const ElementwiseCode::Store& store : old_.stores) use(store.term);
    for (const ElementwiseCode::Sum& sum : old_.sums) {
      use(sum.term);
      use(sum.times);
    }
  }

  Term Translate(Term term) const {
    if (term.kind == Term::Kind::kValue) term.index = translation_[term.index];
    return term;
  }

  Term Append(const Operation& operation, int uses) {
    scalar_.push_back(
        std::all_of(operation.sources.begin(), operation.sources.end(),
                    [this](const Term& source) { return IsScalar(source); }));
    uses_.push_back(uses);
    code_.values.push_back(operation);
    return Term::Value(static_cast<int>(code_.values.size()) - 1);
  }

  // Whether the term is the same for every element.
  bool IsScalar(const Term& term) const {
    switch (term.kind) {
      case Term::Kind::kNone:
      case Term::Kind::kNumber:
        return true;
      case Term::Kind::kArray:
        return code_.arrays[term.index] == Access::kScalar;
      case Term::Kind::kValue:
        return scalar_[term.index];
    }
    return false;
  }

  // The operation behind the term if it is of this opcode, has no other reader
  // and differs from element to element.
  absl::optional<Operation> Inner(const Term& term, Opcode opcode) const {
    if (term.kind != Term::Kind::kValue || uses_[term.index] != 1 ||
        code_.values[term.index].opcode != opcode || IsScalar(term)) {
      return absl::nullopt;
    }
    return code_.values[term.index];
  }

  Term Negated(const Term& scalar) {
    if (scalar.kind == Term::Kind::kNumber) {
      return Term::Number({-scalar.number.value, scalar.number.batch_power});
    }
    return Append(Make(Opcode::kNeg, {scalar}), 1);
  }

  struct Product {
    Term a, b;
  };
  // term = a * b; a is scalar if one of them is.
  absl::optional<Product> AsProduct(const Term& term) const {
    const auto mul = Inner(term, Opcode::kMul);
    if (!mul.has_value()) return absl::nullopt;
    Product product = {mul->sources[0], mul->sources[1]};
    if (IsScalar(product.b)) std::swap(product.a, product.b);
    return product;
  }

  struct Ratio {
    Term a, b, c;
  };
  // term = (a * b) / c; a is scalar if one of a and b is. Not a * (b / c),
  // whose quotient may be a number where a * b is none.
  absl::optional<Ratio> AsRatio(const Term& term) const {
    const auto div = Inner(term, Opcode::kDiv);
    if (!div.has_value()) return absl::nullopt;
    if (const auto product = AsProduct(div->sources[0])) {
      return Ratio{product->a, product->b, div->sources[1]};
    }
    return Ratio{Term::Number({1, 0}), div->sources[0], div->sources[1]};
  }

  // term = c * (d * d) with a scalar c, and not (c * d) * d.
  absl::optional<Product> AsScaledSquare(const Term& term) const {
    const auto product = AsProduct(term);
    if (!product.has_value() || !IsScalar(product->a)) return absl::nullopt;
    const auto square = AsProduct(product->b);
    if (!square.has_value() || !(square->a == square->b)) return absl::nullopt;
    return Product{product->a, square->b};
  }

  Operation Contract(const Operation& operation) {
    const Term& x = operation.sources[0];
    const Term& y = operation.sources[1];
    absl::optional<Operation> contracted;
    if (operation.opcode == Opcode::kAdd) {
      contracted = ContractAdd(x, y, 1);
      if (!contracted.has_value()) contracted = ContractAdd(y, x, 1);
    } else if (operation.opcode == Opcode::kSub) {
      contracted = ContractAdd(x, y, -1);
      if (!contracted.has_value() && IsScalar(y) && !IsScalar(x)) {
        if (const auto product = AsProduct(x)) {
          contracted = Make(Opcode::kFma, {product->a, product->b, Negated(y)});
        }
      }
    }
    if (operation.opcode == Opcode::kMin) contracted = ContractMin(x, y);
    if (operation.opcode == Opcode::kSelectGreater) {
      contracted = ContractSelect(operation);
    }
    return contracted.value_or(operation);
  }

  // min(max(a, b), y)
  absl::optional<Operation> ContractMin(const Term& x, const Term& y) const {
    const auto max = Inner(x, Opcode::kMax);
    if (!max.has_value()) return absl::nullopt;
    const Term& least = max->sources[1];
    const auto fma = Inner(max->sources[0], Opcode::kFma);
    if (fma.has_value() && least == Term::Number({0, 0}) &&
        y == Term::Number({1, 0})) {
      return Make(Opcode::kClampedFma,
                  {fma->sources[0], fma->sources[1], fma->sources[2]});
    }
    return Make(Opcode::kClamp, {max->sources[0], least, y});
  }

  // a > b ? c : c * d
  absl::optional<Operation> ContractSelect(const Operation& select) const {
    const Term& c = select.sources[2];
    const auto product = Inner(select.sources[3], Opcode::kMul);
    if (!product.has_value()) return absl::nullopt;
    const Term& first = product->sources[0];
    const Term& second = product->sources[1];
    if (!(first == c) && !(second == c)) return absl::nullopt;
    return Make(Opcode::kSelectProduct, {select.sources[0], select.sources[1],
                                         c, first == c ? second : first});
  }

  // x + sign * y, where y is a product, quotient or root.
  absl::optional<Operation> ContractAdd(const Term& x, const Term& y,
                                        int sign) {
    if (const auto square = AsScaledSquare(y)) {
      if (const auto product = AsProduct(x)) {
        return Make(
            Opcode::kScaleAddSquare,
            {product->a, product->b, Signed(square->a, sign), square->b});
      }
    }
    if (const auto ratio = AsRatio(y)) {
      if (sign > 0 || IsScalar(ratio->a)) {
        return Make(Opcode::kScaleDivAdd,
                    {Signed(ratio->a, sign), ratio->b, ratio->c, x});
      }
    }
    if (const auto product = AsProduct(y)) {
      if (sign < 0 && !IsScalar(product->a)) return absl::nullopt;
      if (const auto root = Inner(product->b, Opcode::kSqrt)) {
        if (IsScalar(product->a)) {
          return Make(Opcode::kScaleSqrtAdd,
                      {Signed(product->a, sign), root->sources[0], x});
        }
      }
      if (const auto other = AsProduct(x)) {
        // An add tries both orders: leave the square for the second.
        if (sign > 0 && AsScaledSquare(x).has_value()) return absl::nullopt;
        return Make(Opcode::kScaleAdd,
                    {other->a, other->b, Signed(product->a, sign), product->b});
      }
      return Make(Opcode::kFma, {Signed(product->a, sign), product->b, x});
    }
    if (const auto root = Inner(y, Opcode::kSqrt)) {
      return Make(
          Opcode::kScaleSqrtAdd,
          {Term::Number({static_cast<float>(sign), 0}), root->sources[0], x});
    }
    return absl::nullopt;
  }

  Term Signed(const Term& scalar, int sign) {
    return sign > 0 ? scalar : Negated(scalar);
  }

  const ElementwiseCode& old_;
  std::vector<int> old_uses_;
  std::vector<int> translation_;  // old value to new
  ElementwiseCode code_;
  std::vector<int> uses_;     // of the new values
  std::vector<bool> scalar_;  // likewise
};

class Emitter {
 public:
  Emitter(const ElementwiseCode& code, int64_t batch,
          const std::function<bool(int, int)>& share_memory)
      : code_(code), batch_(batch), share_memory_(share_memory) {}

  ElementwiseProgram Run() {
    program_.arrays = code_.arrays;
    FindLastReads();
    store_done_.assign(code_.stores.size(), false);
    for (size_t i = 0; i < code_.values.size(); ++i) EmitValue(i);
    for (const ElementwiseCode::Sum& sum : code_.sums) EmitSum(sum);
    EmitStores();
    return std::move(program_);
  }

 private:
  // Per array, the last value that reads it; values.size() if a store or sum
  // does, -1 if nothing.
  void FindLastReads() {
    last_read_.assign(code_.arrays.size(), -1);
    const auto read = [this](const Term& term, size_t at) {
      if (term.kind == Term::Kind::kArray) {
        last_read_[term.index] = static_cast<int>(at);
      }
    };
    for (size_t i = 0; i < code_.values.size(); ++i) {
      for (const Term& source : code_.values[i].sources) read(source, i);
    }
    for (const auto& store : code_.stores) {
      read(store.term, code_.values.size());
    }
    for (const auto& sum : code_.sums) {
      read(sum.term, code_.values.size());
      read(sum.times, code_.values.size());
    }
  }

  // Whether value i may be written to the array at once: nothing later reads
  // what the array's memory held before.
  bool MayOverwrite(int array, size_t i) const {
    for (size_t j = 0; j < code_.arrays.size(); ++j) {
      if (last_read_[j] > static_cast<int>(i) &&
          share_memory_(array, static_cast<int>(j))) {
        return false;
      }
    }
    return true;
  }

  Operand AsOperand(const Term& term) const {
    switch (term.kind) {
      case Term::Kind::kValue:
        return values_[term.index];
      case Term::Kind::kArray:
        return {Operand::Kind::kArray, term.index, 0};
      case Term::Kind::kNumber:
        return Immediate(term.number.At(batch_));
      case Term::Kind::kNone:
        break;
    }
    return {};
  }

  void EmitValue(size_t i) {
    const Term value = Term::Value(static_cast<int>(i));
    Instruction instruction = {code_.values[i].opcode, {}, {}};
    for (int s = 0; s < kMaxSources; ++s) {
      instruction.sources[s] = AsOperand(code_.values[i].sources[s]);
    }
    for (size_t s = 0; s < code_.stores.size(); ++s) {
      const ElementwiseCode::Store& store = code_.stores[s];
      if (!(store.term == value) || !MayOverwrite(store.array, i)) continue;
      instruction.destination = {Operand::Kind::kArray, store.array, 0};
      store_done_[s] = true;
      break;
    }
    if (instruction.destination.kind == Operand::Kind::kNone) {
      instruction.destination = {Operand::Kind::kRegister,
                                 program_.num_registers++, 0};
    }
    values_.push_back(instruction.destination);
    program_.code.push_back(instruction);
  }

  void EmitSum(const ElementwiseCode::Sum& sum) {
    const Operand destination = {Operand::Kind::kArray, sum.array, 0};
    const Operand factor = Immediate(sum.factor.At(batch_));
    if (sum.times.kind == Term::Kind::kNone) {
      program_.EmitTo(destination, Opcode::kSum, {AsOperand(sum.term), factor});
    } else {
      program_.EmitTo(destination, Opcode::kSumProduct,
                      {AsOperand(sum.term), AsOperand(sum.times), factor});
    }
  }

  // Stores that had to wait. What one of them reads and another overwrites is
  // saved in a register first.
  void EmitStores() {
    std::vector<std::pair<int, Operand>> copies;
    for (size_t s = 0; s < code_.stores.size(); ++s) {
      if (store_done_[s]) continue;
      const Term& term = code_.stores[s].term;
      Operand source = AsOperand(term);
      const bool overwritten =
          term.kind == Term::Kind::kArray &&
          std::any_of(code_.stores.begin(), code_.stores.end(),
                      [&](const ElementwiseCode::Store& other) {
                        return share_memory_(other.array, term.index);
                      });
      if (overwritten) source = program_.Emit(Opcode::kCopy, {source});
      copies.emplace_back(code_.stores[s].array, source);
    }
    for (const auto& [array, source] : copies) {
      program_.EmitTo({Operand::Kind::kArray, array, 0}, Opcode::kCopy,
                      {source});
    }
  }

  const ElementwiseCode& code_;
  const int64_t batch_;
  const std::function<bool(int, int)>& share_memory_;
  std::vector<int> last_read_;
  std::vector<bool> store_done_;
  std::vector<Operand> values_;
  ElementwiseProgram program_;
};

}  // namespace

ElementwiseProgram EmitProgram(
    const ElementwiseCode& code, int64_t batch,
    const std::function<bool(int, int)>& share_memory) {
  ElementwiseCode contracted = Contractor(code).Run();
  ESPALIER_CHECK(contracted.RemoveUnused().size() == code.arrays.size());
  return Emitter(contracted, batch, share_memory).Run();
}

}  // namespace espalier
