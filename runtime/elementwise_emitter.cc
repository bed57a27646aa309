#include "runtime/elementwise_emitter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "graph/check.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise_contraction.h"

namespace espalier {
namespace {

// Of code that is fused: far more than pays, and little enough to look at again
// for each step that might join.
constexpr size_t kMostArrays = 48;
constexpr size_t kMostValues = 120;

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

ElementwiseCode Contracted(const ElementwiseCode& code) {
  ElementwiseCode contracted = Contract(code);
  contracted.RemoveUnused();
  return contracted;
}

// Values that are computed once per run: those that read no array element by
// element. A row or a column may be a single number (LayoutOf).
int MostScalars(const ElementwiseCode& code) {
  std::vector<bool> scalar;
  for (const Operation& operation : code.values) {
    scalar.push_back(absl::c_all_of(operation.sources, [&](const Term& source) {
      if (source.kind == Term::Kind::kValue) return bool{scalar[source.index]};
      return source.kind != Term::Kind::kArray ||
             code.arrays[source.index] != Access::kFull;
    }));
  }
  return static_cast<int>(absl::c_count(scalar, true));
}

int DifferentNumbers(const ElementwiseCode& code) {
  absl::flat_hash_set<Term> numbers;
  const auto add = [&numbers](const Term& term) {
    if (term.kind == Term::Kind::kNumber) numbers.insert(term);
  };
  for (const Operation& operation : code.values) {
    for (const Term& source : operation.sources) add(source);
  }
  for (const ElementwiseCode::Store& store : code.stores) add(store.term);
  for (const ElementwiseCode::Sum& sum : code.sums) {
    add(sum.term);
    add(sum.times);
  }
  return static_cast<int>(numbers.size());
}

// Blocks besides those of values: the lanes of sums, and rows and columns that
// are repeated, which they are not where some are summed (LayoutOf).
int BlocksOfArrays(const ElementwiseCode& code) {
  const auto rows_summed =
      absl::c_count_if(code.sums, [&](const ElementwiseCode::Sum& sum) {
        return code.arrays[sum.array] == Access::kRow;
      });
  const auto lanes = code.sums.size() - static_cast<size_t>(rows_summed);
  const bool wide =
      absl::c_any_of(code.sums, [&](const ElementwiseCode::Sum& sum) {
        return code.arrays[sum.array] != Access::kScalar;
      });
  const auto repeated = absl::c_count_if(code.arrays, [](Access access) {
    return access == Access::kRow || access == Access::kColumn;
  });
  return static_cast<int>(lanes) + (wide ? 0 : static_cast<int>(repeated));
}

}  // namespace

ElementwiseProgram EmitProgram(
    const ElementwiseCode& code, int64_t batch,
    const std::function<bool(int, int)>& share_memory) {
  const ElementwiseCode contracted = Contracted(code);
  ESPALIER_CHECK(contracted.arrays.size() == code.arrays.size());
  return Emitter(contracted, batch, share_memory).Run();
}

bool FitsEngine(const ElementwiseCode& code) {
  if (code.arrays.size() > kMostArrays || code.values.size() > kMostValues) {
    return false;
  }
  // Contracted operations may keep what they read alive for longer.
  const ElementwiseCode contracted = Contracted(code);
  // What a store reads and another overwrites is saved first.
  const auto copies = static_cast<int>(absl::c_count_if(
      contracted.stores, [](const ElementwiseCode::Store& store) {
        return store.term.kind == Term::Kind::kArray;
      }));
  const int blocks =
      MaxLiveValues(contracted) + copies + BlocksOfArrays(contracted);
  const int slots = static_cast<int>(contracted.arrays.size()) + blocks +
                    MostScalars(contracted) + copies +
                    DifferentNumbers(contracted);
  return blocks <= kMaxLiveBlocks && slots <= kMaxSlots;
}

}  // namespace espalier
