#include "runtime/elementwise_code.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "graph/check.h"

namespace espalier {
namespace {

constexpr BatchNumber kZero = {0, 0};
constexpr BatchNumber kOne = {1, 0};

bool IsNumber(const Term& term, BatchNumber number) {
  return term.kind == Term::Kind::kNumber && term.number == number;
}

bool IsNumber(const Term& term) { return term.kind == Term::Kind::kNumber; }

// The number as a term if a float holds it without loss of range.
absl::optional<Term> NumberTerm(double value, int batch_power) {
  const float rounded = static_cast<float>(value);
  const bool zero = value == 0;
  if (!zero && !std::isnormal(rounded)) return absl::nullopt;
  return Term::Number({rounded, batch_power});
}

// A function of numbers without N; nothing where the kernels are left to
// decide (results that are not finite).
absl::optional<Term> FoldFunction(Opcode opcode, absl::Span<const Term> s) {
  // What is compared or computed with, not what is selected.
  for (const Term& source : s.subspan(0, 2)) {
    if (source.number.batch_power != 0) return absl::nullopt;
  }
  const double a = s[0].number.value;
  switch (opcode) {
    case Opcode::kMax:
      return NumberTerm(std::max<double>(a, s[1].number.value), 0);
    case Opcode::kMin:
      return NumberTerm(std::min<double>(a, s[1].number.value), 0);
    case Opcode::kSqrt:
      return NumberTerm(std::sqrt(a), 0);
    case Opcode::kAbs:
      return NumberTerm(std::abs(a), 0);
    case Opcode::kSign:
      return NumberTerm(a > 0 ? 1 : a < 0 ? -1 : 0, 0);
    case Opcode::kSelectGreater:
      return a > s[1].number.value ? s[2] : s[3];
    default:
      return absl::nullopt;
  }
}

absl::optional<Term> FoldNumbers(Opcode opcode, absl::Span<const Term> s) {
  for (const Term& source : s) {
    if (!IsNumber(source) || !std::isfinite(source.number.value)) {
      return absl::nullopt;
    }
  }
  const double a = s[0].number.value;
  const int power = s[0].number.batch_power;
  const double b = s.size() > 1 ? s[1].number.value : 0;
  const int b_power = s.size() > 1 ? s[1].number.batch_power : 0;
  switch (opcode) {
    case Opcode::kNeg:
      return NumberTerm(-a, power);
    case Opcode::kAdd:
      if (power != b_power) return absl::nullopt;
      return NumberTerm(a + b, power);
    case Opcode::kSub:
      if (power != b_power) return absl::nullopt;
      return NumberTerm(a - b, power);
    case Opcode::kMul:
      return NumberTerm(a * b, power + b_power);
    case Opcode::kDiv:
      if (b == 0) return absl::nullopt;
      return NumberTerm(a / b, power - b_power);
    default:
      return FoldFunction(opcode, s);
  }
}

// The product of two factors if it is exact. Powers of N must not cancel: what
// N divides is first rounded, or underflows, alone.
absl::optional<Term> JoinFactors(const BatchNumber& a, const BatchNumber& b) {
  if (a.batch_power > 0 || b.batch_power > 0) return absl::nullopt;
  const double product = static_cast<double>(a.value) * b.value;
  const auto rounded = static_cast<float>(product);
  if (!std::isnormal(rounded) || rounded != product) return absl::nullopt;
  return Term::Number({rounded, a.batch_power + b.batch_power});
}

bool IsCommutative(Opcode opcode) {
  return opcode == Opcode::kAdd || opcode == Opcode::kMul;
}

int KindRank(const Term& term) { return static_cast<int>(term.kind); }

std::string TermString(const Term& term) {
  switch (term.kind) {
    case Term::Kind::kNone:
      return "none";
    case Term::Kind::kValue:
      return absl::StrCat("%", term.index);
    case Term::Kind::kArray:
      return absl::StrCat("@", term.index);
    case Term::Kind::kNumber:
      return term.number.ToString();
  }
  return "unknown";
}

template <typename Code, typename Function>
void ForEachTerm(Code& code, Function&& function) {
  for (auto& value : code.values) {
    for (auto& source : value.sources) function(source);
  }
  for (auto& store : code.stores) function(store.term);
  for (auto& sum : code.sums) {
    function(sum.term);
    function(sum.times);
  }
}

}  // namespace

float BatchNumber::At(int64_t batch) const {
  if (batch_power == 0) return value;
  return static_cast<float>(value *
                            std::pow(static_cast<double>(batch), batch_power));
}

std::string BatchNumber::ToString() const {
  if (batch_power == 0) return absl::StrCat(value);
  const int power = std::abs(batch_power);
  const std::string n = power == 1 ? "N" : absl::StrCat("N^", power);
  return absl::StrCat(value, batch_power > 0 ? "*" : "/", n);
}

bool operator==(const BatchNumber& a, const BatchNumber& b) {
  return absl::bit_cast<uint32_t>(a.value) ==
             absl::bit_cast<uint32_t>(b.value) &&
         a.batch_power == b.batch_power;
}

bool operator==(const Term& a, const Term& b) {
  return a.kind == b.kind && a.index == b.index && a.number == b.number;
}

bool operator==(const Operation& a, const Operation& b) {
  return a.opcode == b.opcode && a.sources == b.sources;
}

bool operator==(const ElementwiseCode::Store& a,
                const ElementwiseCode::Store& b) {
  return a.array == b.array && a.term == b.term;
}

bool operator==(const ElementwiseCode::Sum& a, const ElementwiseCode::Sum& b) {
  return a.array == b.array && a.term == b.term && a.times == b.times &&
         a.factor == b.factor;
}

bool operator==(const ElementwiseCode& a, const ElementwiseCode& b) {
  return a.arrays == b.arrays && a.values == b.values && a.stores == b.stores &&
         a.sums == b.sums;
}

int ElementwiseCode::AddArray(Access access) {
  arrays.push_back(access);
  return static_cast<int>(arrays.size()) - 1;
}

Term ElementwiseCode::Emit(Opcode opcode, absl::Span<const Term> sources) {
  ESPALIER_CHECK(static_cast<int>(sources.size()) == OpcodeArity(opcode));
  if (opcode == Opcode::kCopy) return sources[0];
  if (const absl::optional<Term> number = FoldNumbers(opcode, sources)) {
    return *number;
  }
  Operation operation;
  operation.opcode = opcode;
  std::copy(sources.begin(), sources.end(), operation.sources.begin());
  Term& a = operation.sources[0];
  Term& b = operation.sources[1];
  // Numbers go last, so that equal operations look equal.
  if (IsCommutative(opcode) && std::make_pair(KindRank(a), a.index) >
                                   std::make_pair(KindRank(b), b.index)) {
    std::swap(a, b);
  }
  switch (opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
      if (IsNumber(b, kZero)) return a;
      break;
    case Opcode::kDiv:
      if (IsNumber(b, kOne)) return a;
      break;
    case Opcode::kMul: {
      if (IsNumber(b, kOne)) return a;
      if (!IsNumber(b) || a.kind != Term::Kind::kValue) break;
      const Operation& inner = values[a.index];
      if (inner.opcode != Opcode::kMul || !IsNumber(inner.sources[1])) break;
      const absl::optional<Term> product =
          JoinFactors(inner.sources[1].number, b.number);
      if (product.has_value()) {
        return Emit(Opcode::kMul, {inner.sources[0], *product});
      }
      break;
    }
    case Opcode::kNeg:
      if (a.kind == Term::Kind::kValue &&
          values[a.index].opcode == Opcode::kNeg) {
        return values[a.index].sources[0];
      }
      break;
    default:
      break;
  }
  const auto found = std::find(values.begin(), values.end(), operation);
  if (found != values.end()) {
    return Term::Value(static_cast<int>(found - values.begin()));
  }
  values.push_back(operation);
  return Term::Value(static_cast<int>(values.size()) - 1);
}

bool ElementwiseCode::Reads(int array) const {
  bool reads = false;
  ForEachTerm(*this,
              [&](const Term& term) { reads |= term == Term::Array(array); });
  return reads;
}

std::vector<int> ElementwiseCode::RemoveUnused() {
  std::vector<bool> used(values.size());
  const auto use = [&used](const Term& term) {
    if (term.kind == Term::Kind::kValue) used[term.index] = true;
  };
  for (const Store& store : stores) use(store.term);
  for (const Sum& sum : sums) {
    use(sum.term);
    use(sum.times);
  }
  for (size_t i = values.size(); i-- > 0;) {
    if (!used[i]) continue;
    for (const Term& source : values[i].sources) use(source);
  }
  std::vector<int> new_value(values.size());
  std::vector<Operation> kept;
  for (size_t i = 0; i < values.size(); ++i) {
    new_value[i] = static_cast<int>(kept.size());
    if (used[i]) kept.push_back(values[i]);
  }
  values = std::move(kept);
  ForEachTerm(*this, [&](Term& term) {
    if (term.kind == Term::Kind::kValue) term.index = new_value[term.index];
  });

  std::vector<bool> named(arrays.size());
  ForEachTerm(*this, [&](const Term& term) {
    if (term.kind == Term::Kind::kArray) named[term.index] = true;
  });
  for (const Store& store : stores) named[store.array] = true;
  for (const Sum& sum : sums) named[sum.array] = true;
  std::vector<int> old_array;
  std::vector<int> new_array(arrays.size());
  std::vector<Access> kept_arrays;
  for (size_t j = 0; j < arrays.size(); ++j) {
    new_array[j] = static_cast<int>(old_array.size());
    if (!named[j]) continue;
    old_array.push_back(static_cast<int>(j));
    kept_arrays.push_back(arrays[j]);
  }
  arrays = std::move(kept_arrays);
  ForEachTerm(*this, [&](Term& term) {
    if (term.kind == Term::Kind::kArray) term.index = new_array[term.index];
  });
  for (Store& store : stores) store.array = new_array[store.array];
  for (Sum& sum : sums) sum.array = new_array[sum.array];
  return old_array;
}

std::string ElementwiseCode::ToString() const {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    const int arity = OpcodeArity(values[i].opcode);
    absl::StrAppend(&text, "%", i, " = ", OpcodeName(values[i].opcode), "(",
                    absl::StrJoin(values[i].sources.begin(),
                                  values[i].sources.begin() + arity, ", ",
                                  [](std::string* out, const Term& term) {
                                    absl::StrAppend(out, TermString(term));
                                  }),
                    ")\n");
  }
  for (const Store& store : stores) {
    absl::StrAppend(&text, "@", store.array, " = ", TermString(store.term),
                    "\n");
  }
  for (const Sum& sum : sums) {
    absl::StrAppend(&text, "@", sum.array, " = ", sum.factor.ToString(),
                    " * sum(", TermString(sum.term));
    if (sum.times.kind != Term::Kind::kNone) {
      absl::StrAppend(&text, " * ", TermString(sum.times));
    }
    text += ")\n";
  }
  return text;
}

int MaxLiveValues(const ElementwiseCode& code) {
  // Stores and sums are read at the very end: a value may have to stay in its
  // register until then.
  std::vector<size_t> last(code.values.size());
  for (size_t i = 0; i < code.values.size(); ++i) {
    last[i] = i;
    for (const Term& source : code.values[i].sources) {
      if (source.kind == Term::Kind::kValue) last[source.index] = i;
    }
  }
  const auto keep = [&](const Term& term) {
    if (term.kind == Term::Kind::kValue) last[term.index] = code.values.size();
  };
  for (const ElementwiseCode::Store& store : code.stores) keep(store.term);
  for (const ElementwiseCode::Sum& sum : code.sums) {
    keep(sum.term);
    keep(sum.times);
  }
  int most = 0;
  for (size_t at = 0; at < code.values.size(); ++at) {
    int live = 0;
    for (size_t i = 0; i <= at; ++i) live += last[i] >= at ? 1 : 0;
    most = std::max(most, live);
  }
  return most;
}

}  // namespace espalier
