#include "runtime/elementwise/program_variant.h"

#include <utility>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"

namespace espalier {
namespace {

// Binds a valid program for one layout.
class Binder {
 public:
  Binder(const ElementwiseProgram& program, const KernelTable& kernels,
         Layout layout, std::vector<Access> access)
      : program_(program),
        kernels_(kernels),
        places_(program.num_registers),
        last_use_(program.num_registers, -1) {
    variant_.layout = layout;
    variant_.access = std::move(access);
  }

  absl::StatusOr<ProgramVariant> Bind() {
    PlaceArrays();
    const int n = static_cast<int>(program_.code.size());
    for (int i = 0; i < n; ++i) {
      for (const Operand& source : program_.code[i].sources) {
        if (source.kind == Operand::Kind::kRegister) {
          last_use_[source.index] = i;
        }
      }
    }
    for (int i = 0; i < n; ++i) BindInstruction(i);
    return Number();
  }

 private:
  // Where an operand is found while the numbers of blocks and scalars are
  // still open: slots are given out by Number().
  enum class Region { kArray, kBlock, kComputed, kImmediate };
  struct Place {
    Region region = Region::kArray;
    int index = 0;
    bool vector = true;
  };
  struct Draft {
    Opcode opcode;
    Place destination;
    std::array<Place, kMaxSources> sources;
    int arity;
  };

  void PlaceArrays() {
    const int arrays = static_cast<int>(variant_.access.size());
    std::vector<bool> reduced(arrays);
    for (const Instruction& instruction : program_.code) {
      if (IsReduction(instruction.opcode)) {
        reduced[instruction.destination.index] = true;
      }
    }
    for (int j = 0; j < arrays; ++j) {
      Place place = {Region::kArray, j, true};
      const bool narrow = variant_.layout == Layout::kNarrow;
      switch (variant_.access[j]) {
        case Access::kFull:
          variant_.full_arrays.push_back(j);
          break;
        case Access::kScalar:
          if (!reduced[j]) variant_.scalar_arrays.push_back(j);
          place.vector = false;
          break;
        case Access::kRow:
          if (narrow) {
            place = {Region::kBlock, variant_.num_blocks++, true};
            variant_.expanded_rows.push_back({j, place.index});
          } else if (!reduced[j]) {
            variant_.row_arrays.push_back(j);
          }
          break;
        case Access::kColumn:
          if (narrow) {
            place = {Region::kBlock, variant_.num_blocks++, true};
            variant_.expanded_columns.push_back({j, place.index});
          } else if (!reduced[j]) {
            variant_.column_arrays.push_back(j);
            place.vector = false;
          }
          break;
      }
      arrays_.push_back(place);
    }
  }

  Place PlaceOf(const Operand& operand) {
    if (operand.kind == Operand::Kind::kRegister) return places_[operand.index];
    if (operand.kind == Operand::Kind::kArray) return arrays_[operand.index];
    std::vector<float>& immediates = variant_.immediates;
    int i = 0;
    while (i < static_cast<int>(immediates.size()) &&
           absl::bit_cast<uint32_t>(immediates[i]) !=
               absl::bit_cast<uint32_t>(operand.value)) {
      ++i;
    }
    if (i == static_cast<int>(immediates.size())) {
      immediates.push_back(operand.value);
    }
    return {Region::kImmediate, i, false};
  }

  // The same for all elements of a run, not only of a row.
  bool IsUniform(const Place& place) const {
    return !place.vector && !(place.region == Region::kArray &&
                              variant_.access[place.index] == Access::kColumn);
  }

  void BindInstruction(int i) {
    const Instruction& instruction = program_.code[i];
    Draft draft = {instruction.opcode, {}, {}, OpcodeArity(instruction.opcode)};
    if (IsReduction(draft.opcode))
      --draft.arity;  // the factor comes at the end
    bool uniform = true;
    for (int s = 0; s < draft.arity; ++s) {
      draft.sources[s] = PlaceOf(instruction.sources[s]);
      uniform &= IsUniform(draft.sources[s]);
    }
    if (IsReduction(draft.opcode)) {
      BindReduction(instruction, draft);
      return;
    }
    const bool to_array = instruction.destination.kind == Operand::Kind::kArray;
    if (uniform && !(to_array && draft.opcode == Opcode::kCopy)) {
      draft.destination = {Region::kComputed, variant_.num_computed_scalars++,
                           false};
      uniform_.push_back(draft);
      if (!to_array) {
        places_[instruction.destination.index] = draft.destination;
        return;
      }
      draft = {Opcode::kCopy, {}, {draft.destination}, 1};
    } else {
      // One float per row in every source: fill first, then compute.
      SpreadIfOnlyScalars(&draft);
      ReleaseRegisters(instruction, i);
    }
    if (to_array) {
      draft.destination = arrays_[instruction.destination.index];
    } else {
      draft.destination = {Region::kBlock, TakeRegister(), true};
      Place& place = places_[instruction.destination.index];
      place = draft.destination;
      if (last_use_[instruction.destination.index] < 0) {
        free_registers_.push_back(place.index);
      }
    }
    body_.push_back(draft);
  }

  void BindReduction(const Instruction& instruction, Draft draft) {
    const int array = instruction.destination.index;
    const double factor = instruction.sources[draft.arity].value;
    if (variant_.access[array] == Access::kRow) {
      // The sum so far is one more source.
      draft.opcode = draft.opcode == Opcode::kSum ? Opcode::kAdd : Opcode::kFma;
      draft.destination = arrays_[array];
      draft.sources[draft.arity++] = draft.destination;
      variant_.row_sums.push_back({array, factor});
    } else {
      draft.destination = {Region::kBlock, variant_.num_blocks++, true};
      (variant_.access[array] == Access::kColumn ? variant_.column_sums
                                                 : variant_.reductions)
          .push_back({array, draft.destination.index, factor});
    }
    body_.push_back(draft);
  }

  // In the wide layout a column array is one float, and kernels but kCopy want
  // a vector: a copy fills a block with the first such source.
  void SpreadIfOnlyScalars(Draft* draft) {
    if (draft->opcode == Opcode::kCopy) return;
    for (int s = 0; s < draft->arity; ++s) {
      if (draft->sources[s].vector) return;
    }
    for (int s = 0; s < draft->arity; ++s) {
      Place& source = draft->sources[s];
      if (IsUniform(source)) continue;
      Draft fill = {Opcode::kCopy, {}, {source}, 1};
      fill.destination = {Region::kBlock, TakeRegister(), true};
      source = fill.destination;
      free_registers_.push_back(source.index);
      body_.push_back(fill);
      return;
    }
  }

  int TakeRegister() {
    if (free_registers_.empty()) return variant_.num_blocks++;
    const int block = free_registers_.back();
    free_registers_.pop_back();
    return block;
  }

  // Gives back the blocks of the registers read last here; a kernel may write
  // the block that it reads.
  void ReleaseRegisters(const Instruction& instruction, int i) {
    for (const Operand& source : instruction.sources) {
      if (source.kind != Operand::Kind::kRegister) continue;
      const Place& place = places_[source.index];
      if (last_use_[source.index] != i || place.region != Region::kBlock) {
        continue;
      }
      free_registers_.push_back(place.index);
      last_use_[source.index] = -1;  // also if it is read twice
    }
  }

  absl::StatusOr<ProgramVariant> Number() {
    const int arrays = static_cast<int>(variant_.access.size());
    const int computed = arrays + variant_.num_blocks;
    const int immediates = computed + variant_.num_computed_scalars;
    const int slots = immediates + static_cast<int>(variant_.immediates.size());
    if (variant_.num_blocks > kMaxLiveBlocks || slots > kMaxSlots) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "elementwise program needs ", variant_.num_blocks, " blocks and ",
          slots, " slots; there are ", kMaxLiveBlocks, " and ", kMaxSlots));
    }
    const auto slot_of = [&](const Place& place) {
      switch (place.region) {
        case Region::kArray:
          return static_cast<Slot>(place.index);
        case Region::kBlock:
          return static_cast<Slot>(arrays + place.index);
        case Region::kComputed:
          return static_cast<Slot>(computed + place.index);
        case Region::kImmediate:
          break;
      }
      return static_cast<Slot>(immediates + place.index);
    };
    const auto bind = [&](const Draft& draft, bool uniform) {
      BoundInstruction bound = {};
      bound.destination = slot_of(draft.destination);
      bound.sources.fill(bound.destination);  // what is not read
      int form = 0;
      for (int s = 0; s < draft.arity; ++s) {
        bound.sources[s] = slot_of(draft.sources[s]);
        if (draft.sources[s].vector) form |= 1 << s;
      }
      const int opcode = static_cast<int>(draft.opcode);
      bound.kernel = uniform ? kernels_.uniform[opcode]
                             : kernels_.elementwise[opcode][form];
      ESPALIER_CHECK(bound.kernel != nullptr);
      return bound;
    };
    for (const Draft& draft : uniform_) {
      variant_.uniform.push_back(bind(draft, true));
    }
    for (const Draft& draft : body_) {
      variant_.body.push_back(bind(draft, false));
    }
    return std::move(variant_);
  }

  const ElementwiseProgram& program_;
  const KernelTable& kernels_;
  ProgramVariant variant_;
  std::vector<Place> arrays_;
  std::vector<Place> places_;  // of registers
  std::vector<int> last_use_;
  std::vector<int> free_registers_;
  std::vector<Draft> uniform_;
  std::vector<Draft> body_;
};

}  // namespace

Layout LayoutOf(const ElementwiseProgram& program, const Segment& segment,
                std::vector<Access>* normalised) {
  *normalised = program.arrays;
  for (const Instruction& instruction : program.code) {
    if (IsReduction(instruction.opcode) &&
        program.arrays[instruction.destination.index] != Access::kScalar) {
      return Layout::kWide;
    }
  }
  bool broadcasts = false;
  for (Access& access : *normalised) {
    if (segment.columns == 1) {
      if (access == Access::kRow) access = Access::kScalar;
      if (access == Access::kColumn) access = Access::kFull;
    } else if (segment.elements == segment.columns) {
      if (access == Access::kRow) access = Access::kFull;
      if (access == Access::kColumn) access = Access::kScalar;
    }
    broadcasts |= access == Access::kRow || access == Access::kColumn;
  }
  if (!broadcasts) return Layout::kFlat;
  return segment.columns < kWideColumns ? Layout::kNarrow : Layout::kWide;
}

absl::StatusOr<ProgramVariant> BindVariant(const ElementwiseProgram& program,
                                           const KernelTable& kernels,
                                           Layout layout,
                                           std::vector<Access> access) {
  return Binder(program, kernels, layout, std::move(access)).Bind();
}

}  // namespace espalier
