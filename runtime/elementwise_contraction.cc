#include "runtime/elementwise_contraction.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/types/optional.h"

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
    for (const ElementwiseCode::Store& store : code_.stores) {
      ContractStored(store.term);
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

  Operation ContractSelect(Operation select) const {
    if (select.sources[1] == Term::Number({0, 0})) {
      select.sources[0] = OfSameSign(select.sources[0]);
    }
    auto contracted = ContractSelectProduct(select);
    if (!contracted.has_value()) contracted = ContractWithin(select);
    if (!contracted.has_value()) contracted = ContractHardSigmoid(select);
    if (!contracted.has_value()) contracted = ContractHardSwish(select);
    if (!contracted.has_value()) contracted = ContractProductUnless(select);
    return contracted.value_or(select);
  }

  // x of a relu or leaky relu of it: where one is above 0, so is the other, and
  // one is NaN where the other is. That takes a slope that no execution takes
  // for zero: -inf * 0 is NaN, and so is 0 * inf.
  Term OfSameSign(const Term& y) const {
    if (y.kind != Term::Kind::kValue) return y;
    const Operation& operation = code_.values[y.index];
    const auto& [x, b, c, slope] = operation.sources;
    if (!(b == Term::Number({0, 0}))) return y;
    if (operation.opcode == Opcode::kMax) return x;
    const bool leaky = operation.opcode == Opcode::kSelectProduct && c == x &&
                       IsFixedNumber(slope) && slope.number.value > 0 &&
                       std::isnormal(slope.number.value);
    return leaky ? x : y;
  }

  // a > b ? 0 : c * d
  absl::optional<Operation> ContractProductUnless(
      const Operation& select) const {
    const auto product = Inner(select.sources[3], Opcode::kMul);
    if (!product.has_value() || !(select.sources[2] == Term::Number({0, 0}))) {
      return absl::nullopt;
    }
    return Make(Opcode::kProductUnless,
                {select.sources[0], select.sources[1], product->sources[0],
                 product->sources[1]});
  }

  // min > a ? 0 : (a > max ? 0 : d)
  absl::optional<Operation> ContractWithin(const Operation& select) const {
    const auto inner = Inner(select.sources[3], Opcode::kSelectGreater);
    const Term zero = Term::Number({0, 0});
    const Term& least = select.sources[0];
    const Term& a = select.sources[1];
    if (!inner.has_value() || !IsFixedNumber(least) ||
        !IsFixedNumber(inner->sources[1]) || !(select.sources[2] == zero) ||
        !(inner->sources[2] == zero) || !(inner->sources[0] == a)) {
      return absl::nullopt;
    }
    return Make(Opcode::kSelectWithin,
                {a, least, inner->sources[1], inner->sources[3]});
  }

  static bool IsFixedNumber(const Term& term) {
    return term.kind == Term::Kind::kNumber && term.number.batch_power == 0 &&
           !std::isnan(term.number.value);
  }

  // y > 0 ? (1 > y ? a * d : 0) : 0, where y = clamped_fma(a, b, c)
  absl::optional<Operation> ContractHardSigmoid(const Operation& select) const {
    const Term& y = select.sources[0];
    const Term zero = Term::Number({0, 0});
    const auto inner = Inner(select.sources[2], Opcode::kSelectGreater);
    if (!inner.has_value() || y.kind != Term::Kind::kValue ||
        code_.values[y.index].opcode != Opcode::kClampedFma ||
        !(select.sources[1] == zero) || !(select.sources[3] == zero) ||
        !(inner->sources[0] == Term::Number({1, 0})) ||
        !(inner->sources[1] == y) || !(inner->sources[3] == zero)) {
      return absl::nullopt;
    }
    const auto& line = code_.values[y.index].sources;
    const auto product = AsProduct(inner->sources[2]);
    if (!product.has_value() || !(product->a == line[0])) return absl::nullopt;
    return Make(Opcode::kClampedFmaSlope,
                {line[0], line[1], line[2], product->b});
  }

  // a > 3 ? b : (-3 > a ? 0 : (a / 3 + 1/2) * b), of which the latter part is
  // one operation already.
  absl::optional<Operation> ContractHardSwish(const Operation& select) const {
    const Term& a = select.sources[0];
    const Term& b = select.sources[2];
    const auto inner = Inner(select.sources[3], Opcode::kProductUnless);
    if (!inner.has_value() || !(select.sources[1] == Term::Number({3, 0})) ||
        !(inner->sources[0] == Term::Number({-3, 0})) ||
        !(inner->sources[1] == a)) {
      return absl::nullopt;
    }
    const bool first = inner->sources[2] == b;
    if (!first && !(inner->sources[3] == b)) return absl::nullopt;
    const auto line =
        Inner(inner->sources[first ? 3 : 2], Opcode::kScaleDivAdd);
    const Operation expected = Make(
        Opcode::kScaleDivAdd, {Term::Number({1, 0}), a, Term::Number({3, 0}),
                               Term::Number({0.5f, 0})});
    if (!line.has_value() || !(*line == expected)) return absl::nullopt;
    return Make(Opcode::kHardSwishSlope, {a, b});
  }

  // (a - b) * c, where no add or the like has a better use for the product.
  void ContractStored(const Term& term) {
    const auto product = AsProduct(term);
    if (!product.has_value()) return;
    auto difference = Inner(product->a, Opcode::kSub);
    Term factor = product->b;
    if (!difference.has_value()) {
      difference = Inner(product->b, Opcode::kSub);
      factor = product->a;
    }
    if (!difference.has_value()) return;
    code_.values[term.index] =
        Make(Opcode::kSubMul,
             {difference->sources[0], difference->sources[1], factor});
  }

  // a > b ? c : c * d
  absl::optional<Operation> ContractSelectProduct(
      const Operation& select) const {
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
      if (sign > 0) {
        if (const auto normalize = ContractNormalize(*product, x)) {
          return normalize;
        }
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

  // (a / 2 - b / 2) * c + d
  absl::optional<Operation> ContractNormalize(const Product& product,
                                              const Term& d) const {
    for (const bool first : {true, false}) {
      const auto half = Inner(first ? product.a : product.b, Opcode::kScaleAdd);
      if (!half.has_value()) continue;
      const auto& [p, u, q, v] = half->sources;
      const Term plus = Term::Number({0.5f, 0}),
                 minus = Term::Number({-0.5f, 0});
      const Term& c = first ? product.b : product.a;
      if (p == plus && q == minus) {
        return Make(Opcode::kNormalize, {u, v, c, d});
      }
      if (p == minus && q == plus) {
        return Make(Opcode::kNormalize, {v, u, c, d});
      }
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

}  // namespace

ElementwiseCode Contract(const ElementwiseCode& code) {
  return Contractor(code).Run();
}

}  // namespace espalier
