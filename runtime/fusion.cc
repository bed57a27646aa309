#include "runtime/fusion.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/types/optional.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/nan_flow.h"

namespace espalier {
namespace {

// What a merged step may need of the engine: below kMaxLiveBlocks and
// kMaxSlots, with room for what the emitter adds.
constexpr int kMaxValuesAlive = kMaxLiveBlocks - 16;
constexpr size_t kMaxArrays = 48;
constexpr size_t kMaxValues = kMaxSlots - 120;

ElementwiseStep* AsElementwise(Step& step) {
  return absl::get_if<ElementwiseStep>(&step.work);
}

const ElementwiseStep* AsElementwise(const Step& step) {
  return absl::get_if<ElementwiseStep>(&step.work);
}

bool Contains(const std::vector<BufferId>& sorted, BufferId id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

bool Intersect(const std::vector<BufferId>& a, const std::vector<BufferId>& b) {
  return absl::c_any_of(a, [&](BufferId id) { return Contains(b, id); });
}

// Steps with what they read and write, kept in step while they are merged.
struct Item {
  Step step;
  std::vector<BufferId> reads;
  std::vector<BufferId> writes;
};

Item MakeItem(const Plan& plan, Step step) {
  Item item = {std::move(step), {}, {}};
  item.reads = ReadsOf(plan, item.step);
  item.writes = WritesOf(plan, item.step);
  return item;
}

// Merges elementwise steps of one segment each. Positions count in `items`,
// which holds the steps taken over so far.
class Grouper {
 public:
  explicit Grouper(Plan& plan)
      : plan_(plan), producer_(plan.buffers.size(), -1) {}

  void Run() {
    for (Step& step : plan_.steps) {
      items_.push_back(MakeItem(plan_, std::move(step)));
      int at = static_cast<int>(items_.size()) - 1;
      SetProducer(at);
      while (at >= 0) at = MergeOnce(at);
    }
    plan_.steps.clear();
    for (absl::optional<Item>& item : items_) {
      if (item.has_value()) plan_.steps.push_back(std::move(item->step));
    }
  }

 private:
  void SetProducer(int at) {
    for (BufferId id : items_[at]->writes) producer_[id] = at;
  }

  // Merges the step at position `at` with an earlier one; returns the position
  // of the merged step, or -1 if there was none to merge with.
  int MergeOnce(int at) {
    const ElementwiseStep* step = AsElementwise(items_[at]->step);
    if (step == nullptr) return -1;
    for (BufferId id : items_[at]->reads) {
      const int merged = MergeWith(producer_[id], at);
      if (merged >= 0) return merged;
    }
    // Work on single numbers is all overhead: it joins whatever is there.
    if (step->segments[0].elements != Extent{1, false}) return -1;
    for (int from = at - 1; from >= 0; --from) {
      const int merged = MergeWith(from, at);
      if (merged >= 0) return merged;
    }
    return -1;
  }

  int MergeWith(int from, int at) {
    if (from < 0 || from >= at || !items_[from].has_value()) return -1;
    absl::optional<ElementwiseStep> merged =
        Merge(items_[from]->step, items_[at]->step);
    if (!merged.has_value()) return -1;
    const int to = CanMoveDown(from, at) ? at : CanMoveUp(at, from) ? from : -1;
    if (to >= 0) Replace(from, at, std::move(*merged), to);
    return to;
  }

  // Whether the step at `from` may run at `to`: nothing between needs it.
  bool CanMoveDown(int from, int to) const {
    for (int i = from + 1; i < to; ++i) {
      if (items_[i].has_value() &&
          Intersect(items_[from]->writes, items_[i]->reads)) {
        return false;
      }
    }
    return true;
  }

  // Whether the step at `from` may run at `to`: all that it reads is there.
  bool CanMoveUp(int from, int to) const {
    return absl::c_all_of(items_[from]->reads,
                          [&](BufferId id) { return producer_[id] <= to; });
  }

  void Replace(int first, int second, ElementwiseStep merged, int at) {
    Step step = {std::move(merged), items_[first]->step.name};
    items_[first].reset();
    items_[second].reset();
    items_[at] = MakeItem(plan_, std::move(step));
    SetProducer(at);
  }

  // One step that does what `a` and then `b` do. Nothing if they run over other
  // elements or b reads a result of a other than element by element.
  absl::optional<ElementwiseStep> Merge(const Step& a_step,
                                        const Step& b_step) const {
    const ElementwiseStep* a = AsElementwise(a_step);
    const ElementwiseStep* b = AsElementwise(b_step);
    if (a == nullptr || b == nullptr) return absl::nullopt;
    const ElementwiseStep::Segment& sa = a->segments[0];
    const ElementwiseStep::Segment& sb = b->segments[0];
    if (sa.elements != sb.elements ||
        (sa.columns != 0 && sb.columns != 0 && sa.columns != sb.columns)) {
      return absl::nullopt;
    }
    ElementwiseStep merged = *a;
    ElementwiseStep::Segment& segment = merged.segments[0];
    segment.columns = std::max(sa.columns, sb.columns);

    std::vector<Term> array_terms(b->code.arrays.size());  // read arrays of b
    for (size_t j = 0; j < b->code.arrays.size(); ++j) {
      if (!b->code.Reads(static_cast<int>(j))) continue;
      absl::optional<Term> term =
          ReadInMerged(merged, sb.arrays[j], b->code.arrays[j]);
      if (!term.has_value()) return absl::nullopt;
      array_terms[j] = *term;
    }
    std::vector<Term> values;
    const auto translate = [&](const Term& term) {
      if (term.kind == Term::Kind::kArray) return array_terms[term.index];
      if (term.kind == Term::Kind::kValue) return values[term.index];
      return term;
    };
    for (const Operation& operation : b->code.values) {
      std::array<Term, kMaxSources> sources;
      absl::c_transform(operation.sources, sources.begin(), translate);
      values.push_back(merged.code.Emit(operation.opcode,
                                        absl::MakeConstSpan(sources).subspan(
                                            0, OpcodeArity(operation.opcode))));
    }
    const auto add_array = [&](int j) {
      segment.arrays.push_back(sb.arrays[j]);
      return merged.code.AddArray(b->code.arrays[j]);
    };
    for (const ElementwiseCode::Store& store : b->code.stores) {
      merged.code.stores.push_back(
          {add_array(store.array), translate(store.term)});
    }
    for (const ElementwiseCode::Sum& sum : b->code.sums) {
      merged.code.sums.push_back({add_array(sum.array), translate(sum.term),
                                  translate(sum.times), sum.factor});
    }
    if (merged.code.arrays.size() > kMaxArrays ||
        merged.code.values.size() > kMaxValues ||
        MaxLiveValues(merged.code) > kMaxValuesAlive) {
      return absl::nullopt;
    }
    return merged;
  }

  // How the merged step reads a buffer: the stored term, an array that it reads
  // already, or a new one. Nothing if it is a result that has to be complete
  // before it is read.
  absl::optional<Term> ReadInMerged(ElementwiseStep& merged, BufferId buffer,
                                    Access access) const {
    ElementwiseStep::Segment& segment = merged.segments[0];
    const BufferId root = plan_.Root(buffer);
    for (const ElementwiseCode::Store& store : merged.code.stores) {
      if (plan_.Root(segment.arrays[store.array]) != root) continue;
      if (access != Access::kFull) return absl::nullopt;
      return store.term;
    }
    for (const ElementwiseCode::Sum& sum : merged.code.sums) {
      if (plan_.Root(segment.arrays[sum.array]) == root) return absl::nullopt;
    }
    for (size_t j = 0; j < segment.arrays.size(); ++j) {
      if (plan_.Root(segment.arrays[j]) == root &&
          merged.code.arrays[j] == access) {
        return Term::Array(static_cast<int>(j));
      }
    }
    segment.arrays.push_back(buffer);
    return Term::Array(merged.code.AddArray(access));
  }

  Plan& plan_;
  std::vector<absl::optional<Item>> items_;
  std::vector<int> producer_;  // by root: position of the step that writes it
};

// Stores and sums into buffers that nobody reads.
void RemoveDeadStores(const Plan& plan, const std::vector<bool>& used,
                      ElementwiseStep& step) {
  const auto dead = [&](const auto& written) {
    return absl::c_none_of(
        step.segments, [&](const ElementwiseStep::Segment& segment) {
          return used[plan.Root(segment.arrays[written.array])];
        });
  };
  auto& stores = step.code.stores;
  stores.erase(std::remove_if(stores.begin(), stores.end(), dead),
               stores.end());
  auto& sums = step.code.sums;
  sums.erase(std::remove_if(sums.begin(), sums.end(), dead), sums.end());
  RemoveUnused(step);
}

struct FoundActivation {
  MatMulActivation activation;
  float slope;
  BufferId x;
  BufferId y;
};

// Whether the step is y = relu(x) or leaky relu of x and nothing else.
absl::optional<FoundActivation> AsActivation(const Step& step) {
  const ElementwiseStep* work = AsElementwise(step);
  if (work == nullptr || work->code.arrays.size() != 2 ||
      work->code.stores.size() != 1 || !work->code.sums.empty() ||
      work->segments.size() != 1) {
    return absl::nullopt;
  }
  const ElementwiseCode& code = work->code;
  const ElementwiseCode::Store& store = code.stores[0];
  const int x_array = 1 - store.array;
  const Term x = Term::Array(x_array);
  const Term zero = Term::Number({0, 0});
  if (code.arrays[x_array] != Access::kFull || code.values.empty() ||
      !(store.term == Term::Value(static_cast<int>(code.values.size()) - 1))) {
    return absl::nullopt;
  }
  const auto& arrays = work->segments[0].arrays;
  FoundActivation found = {MatMulActivation::kRelu, 0, arrays[x_array],
                           arrays[store.array]};
  const Operation& last = code.values.back();
  const auto& s = last.sources;
  const bool positive_part =
      (last.opcode == Opcode::kMax &&
       ((s[0] == x && s[1] == zero) || (s[0] == zero && s[1] == x))) ||
      (last.opcode == Opcode::kSelectGreater && s[0] == x && s[1] == zero &&
       s[2] == x && s[3] == zero);
  if (positive_part && code.values.size() == 1) return found;

  if (code.values.size() != 2 || last.opcode != Opcode::kSelectGreater ||
      !(s[0] == x && s[1] == zero && s[2] == x && s[3] == Term::Value(0))) {
    return absl::nullopt;
  }
  const Operation& product = code.values[0];
  if (product.opcode != Opcode::kMul || !(product.sources[0] == x) ||
      product.sources[1].kind != Term::Kind::kNumber ||
      product.sources[1].number.batch_power != 0) {
    return absl::nullopt;
  }
  found.activation = MatMulActivation::kLeakyRelu;
  found.slope = product.sources[1].number.value;
  return found;
}

}  // namespace

void RemoveDeadSteps(Plan& plan) {
  std::vector<bool> used = NeededAtEnd(plan);
  std::vector<Step> kept;
  for (size_t i = plan.steps.size(); i-- > 0;) {
    Step& step = plan.steps[i];
    if (absl::c_none_of(WritesOf(plan, step),
                        [&](BufferId id) { return used[id]; })) {
      continue;
    }
    if (ElementwiseStep* elementwise = AsElementwise(step)) {
      RemoveDeadStores(plan, used, *elementwise);
    }
    for (BufferId id : ReadsOf(plan, step)) used[id] = true;
    kept.push_back(std::move(step));
  }
  absl::c_reverse(kept);
  plan.steps = std::move(kept);
}

void FuseActivations(Plan& plan) {
  const std::vector<std::vector<int>> readers = ReadersOf(plan);
  const std::vector<bool> needed = NeededAtEnd(plan);
  const std::vector<bool> may_be_nan = MayBeNan(plan);
  std::vector<MatMulStep*> product(plan.buffers.size());
  std::vector<Step> kept;
  kept.reserve(plan.steps.size());
  for (Step& step : plan.steps) {
    const absl::optional<FoundActivation> found = AsActivation(step);
    if (found.has_value()) {
      const BufferId x = plan.Root(found->x);
      MatMulStep* matmul = product[x];
      if (matmul != nullptr && readers[x].size() == 1 && !needed[x] &&
          !may_be_nan[x]) {
        matmul->activation = found->activation;
        matmul->slope = found->slope;
        matmul->y = found->y;
        continue;
      }
    }
    kept.push_back(std::move(step));
    if (auto* matmul = absl::get_if<MatMulStep>(&kept.back().work)) {
      product[plan.Root(matmul->y)] = matmul;
    }
  }
  plan.steps = std::move(kept);
}

void FuseElementwise(Plan& plan) { Grouper(plan).Run(); }

void MoveUpdatesLast(Plan& plan) {
  const std::vector<std::vector<int>> readers = ReadersOf(plan);
  std::vector<bool> updates(plan.buffers.size());
  for (const Plan::Update& update : plan.updates) {
    updates[plan.Root(update.value)] = true;
  }
  std::stable_partition(
      plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
        return !absl::c_all_of(WritesOf(plan, step), [&](BufferId id) {
          return readers[id].empty() && updates[id];
        });
      });
}

void MergeSegments(Plan& plan) {
  // Position i moves down to a later one; of several candidates the nearest.
  for (size_t i = plan.steps.size(); i-- > 0;) {
    ElementwiseStep* first = AsElementwise(plan.steps[i]);
    if (first == nullptr) continue;
    const std::vector<BufferId> writes = WritesOf(plan, plan.steps[i]);
    for (size_t k = i + 1; k < plan.steps.size(); ++k) {
      if (Intersect(writes, ReadsOf(plan, plan.steps[k]))) break;
      ElementwiseStep* second = AsElementwise(plan.steps[k]);
      if (second == nullptr || !(first->code == second->code)) continue;
      const auto& arrays = first->segments[0].arrays;
      const auto& others = second->segments[0].arrays;
      bool same_scalars = true;
      for (size_t j = 0; j < arrays.size(); ++j) {
        same_scalars &= first->code.arrays[j] != Access::kScalar ||
                        plan.Root(arrays[j]) == plan.Root(others[j]);
      }
      if (!same_scalars) continue;
      second->segments.insert(second->segments.begin(), first->segments.begin(),
                              first->segments.end());
      plan.steps[k].name = plan.steps[i].name;
      plan.steps.erase(plan.steps.begin() + static_cast<int64_t>(i));
      break;
    }
  }
}

void Fuse(Plan& plan) {
  RemoveDeadSteps(plan);
  FuseActivations(plan);
  FuseElementwise(plan);
  RemoveDeadSteps(plan);
  MoveUpdatesLast(plan);
  MergeSegments(plan);
}

}  // namespace espalier
