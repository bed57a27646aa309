// ElementwiseCode: what an elementwise step of a plan computes, before the
// batch size is known. EmitProgram (elementwise_emitter.h) turns it into a
// program for the engine.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_CODE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_CODE_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/elementwise/program.h"

namespace espalier {

// value * N^batch_power, where N is the batch size of the run.
struct BatchNumber {
  float value = 0;
  int batch_power = 0;

  float At(int64_t batch) const;
  std::string ToString() const;  // "2/N"

  friend bool operator==(const BatchNumber& a, const BatchNumber& b);
  template <typename H>
  friend H AbslHashValue(H h, const BatchNumber& x) {
    return H::combine(std::move(h), x.value, x.batch_power);
  }
};

// What an operation reads: the result of an earlier one, an array's element or
// a number.
struct Term {
  enum class Kind { kNone, kValue, kArray, kNumber };
  Kind kind = Kind::kNone;
  int index = 0;       // of the value or array
  BatchNumber number;  // of kNumber

  static Term Value(int index) { return {Kind::kValue, index, {}}; }
  static Term Array(int index) { return {Kind::kArray, index, {}}; }
  static Term Number(BatchNumber number) { return {Kind::kNumber, 0, number}; }

  friend bool operator==(const Term& a, const Term& b);
  template <typename H>
  friend H AbslHashValue(H h, const Term& x) {
    return H::combine(std::move(h), x.kind, x.index, x.number);
  }
};

struct Operation {
  Opcode opcode = Opcode::kCopy;
  std::array<Term, kMaxSources> sources;

  friend bool operator==(const Operation& a, const Operation& b);
  template <typename H>
  friend H AbslHashValue(H h, const Operation& x) {
    return H::combine(std::move(h), x.opcode, x.sources);
  }
};

// The meaning: for each element compute all values, in order, from the arrays
// as they were before the step; then write the stores. An array that is stored
// may be the memory of one that is read with Access::kFull.
struct ElementwiseCode {
  // array <- term, per element.
  struct Store {
    int array;
    Term term;
    friend bool operator==(const Store& a, const Store& b);
    template <typename H>
    friend H AbslHashValue(H h, const Store& x) {
      return H::combine(std::move(h), x.array, x.term);
    }
  };
  // array <- factor * sum of the term, or of term * times if there is one: over
  // all elements, or over rows or columns, as the array's access says
  // (opcode.h).
  struct Sum {
    int array;
    Term term;
    Term times;
    BatchNumber factor;
    friend bool operator==(const Sum& a, const Sum& b);
    template <typename H>
    friend H AbslHashValue(H h, const Sum& x) {
      return H::combine(std::move(h), x.array, x.term, x.times, x.factor);
    }
  };

  std::vector<Access> arrays;
  std::vector<Operation> values;
  std::vector<Store> stores;
  std::vector<Sum> sums;

  int AddArray(Access access);
  // The operation's result: a number where all sources are, an earlier value
  // where it has been computed already, otherwise a new value. Applies what
  // holds for every x but for the sign of a zero: x * 1, x + 0 and the like.
  // Joins factors, x * 2 * 3, only where their product is a float: a rounded
  // one can leave the interval that bounds of the single products give.
  Term Emit(Opcode opcode, absl::Span<const Term> sources);

  // Whether array j is read by an operation, store or sum.
  bool Reads(int array) const;
  // Drops values that no store or sum needs, and arrays that nothing names.
  // Returns the old numbers of the arrays that stay.
  std::vector<int> RemoveUnused();

  // An operation, store or sum a line: "%1 = mul(@0, 0.5)", "@2 = %1".
  std::string ToString() const;

  friend bool operator==(const ElementwiseCode& a, const ElementwiseCode& b);
  template <typename H>
  friend H AbslHashValue(H h, const ElementwiseCode& x) {
    return H::combine(std::move(h), x.arrays, x.values, x.stores, x.sums);
  }
};

// The most values alive at once when they are computed in order; a bound on
// the registers that the code needs.
int MaxLiveValues(const ElementwiseCode& code);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_CODE_H_
