// FuseElementwise: elementwise steps that become one.
#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "runtime/elementwise_emitter.h"
#include "runtime/fusion.h"

namespace espalier {
namespace {

// How many steps on single numbers a further one tries to join, the nearest
// first. The first will do unless it is full or what is read comes later, so a
// few tries find what there is; without a limit, the time would grow with the
// square of the steps.
constexpr int kMaxScalarTries = 16;

// Likewise, how many earlier readers of the arrays that it reads a step tries
// to join.
constexpr int kMaxSiblingTries = 8;

const ElementwiseStep* AsElementwise(const Step& step) {
  return absl::get_if<ElementwiseStep>(&step.work);
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

// Which steps are merged: a reader with what it reads, or also steps that read
// the same array, so that it is read once. The second comes when the first is
// done: what is merged because of a common operand may be kept from merging
// with its own reader (which may read a sum of the other), and that would save
// more.
enum class Partners { kProducers, kAlsoSiblings };

// Merges elementwise steps of one segment each. Positions count in `items`,
// which holds the steps taken over so far.
class Grouper {
 public:
  Grouper(Plan& plan, Partners partners)
      : plan_(plan),
        partners_(partners),
        producer_(plan.buffers.size(), -1),
        readers_(plan.buffers.size()),
        may_wait_(NeededAtEnd(plan)),
        updates_(plan.buffers.size()) {
    for (const Plan::Update& update : plan.updates) {
      updates_[plan.Root(update.value)] = true;
    }
    for (size_t id = 0; id < plan.buffers.size(); ++id) {
      if (ExtentOf(plan.buffers[id].type.shape) == Extent{1, false}) {
        may_wait_[id] = true;
      }
    }
  }

  void Run() {
    for (Step& step : plan_.steps) {
      items_.emplace_back();
      int at = static_cast<int>(items_.size()) - 1;
      Put(at, std::move(step));
      while (at >= 0) at = MergeOnce(at);
    }
    plan_.steps.clear();
    for (absl::optional<Item>& item : items_) {
      if (item.has_value()) plan_.steps.push_back(std::move(item->step));
    }
  }

 private:
  void Put(int at, Step step) {
    if (IsScalar(step)) scalars_.insert(at);
    if (absl::holds_alternative<MatMulStep>(step.work)) products_.push_back(at);
    if (AsElementwise(step) == nullptr) others_.push_back(at);
    items_[at] = MakeItem(plan_, std::move(step));
    for (BufferId id : items_[at]->writes) producer_[id] = at;
    for (BufferId id : items_[at]->reads) readers_[id].insert(at);
  }

  Item Take(int at) {
    Item item = *std::move(items_[at]);
    items_[at].reset();
    for (BufferId id : item.reads) readers_[id].erase(at);
    scalars_.erase(at);
    return item;
  }

  // Work on single numbers.
  static bool IsScalar(const Step& step) {
    const ElementwiseStep* work = AsElementwise(step);
    return work != nullptr && work->segments[0].elements == Extent{1, false};
  }

  // Merges the step at position `at` with an earlier one; returns the position
  // of the merged step, or -1 if there was none to merge with.
  int MergeOnce(int at) {
    if (AsElementwise(items_[at]->step) == nullptr) return -1;
    for (BufferId id : items_[at]->reads) {
      const int merged = MergeWith(producer_[id], at);
      if (merged >= 0) return merged;
    }
    // Work on single numbers is all overhead: it joins whatever is there.
    if (!IsScalar(items_[at]->step)) {
      return partners_ == Partners::kAlsoSiblings ? MergeWithSibling(at) : -1;
    }
    auto from = scalars_.lower_bound(at);
    for (int i = 0; i < kMaxScalarTries && from != scalars_.begin(); ++i) {
      const int merged = MergeWith(*--from, at);
      if (merged >= 0) return merged;
    }
    return -1;
  }

  int MergeWith(int from, int at) {
    if (from < 0 || from >= at || !items_[from].has_value()) return -1;
    absl::optional<ElementwiseStep> merged =
        Merge(items_[from]->step, items_[at]->step);
    if (!merged.has_value()) return -1;
    const int to = CanMoveDown(from, at)                        ? at
                   : CanMoveUp(at, from) && MayMoveUp(at, from) ? from
                                                                : -1;
    if (to >= 0) Replace(from, at, std::move(*merged), to);
    return to;
  }

  // Merges the step at `at` with an earlier one that reads a common array.
  int MergeWithSibling(int at) {
    const ElementwiseStep& work = *AsElementwise(items_[at]->step);
    int tries = 0;
    for (size_t j = 0; j < work.code.arrays.size(); ++j) {
      const int array = static_cast<int>(j);
      if (work.code.arrays[j] != Access::kFull || !work.code.Reads(array)) {
        continue;
      }
      const std::set<int>& readers =
          readers_[plan_.Root(work.segments[0].arrays[j])];
      auto from = readers.lower_bound(at);
      for (; tries < kMaxSiblingTries && from != readers.begin(); ++tries) {
        if (!MayJoinSibling(*--from, at)) continue;
        const int merged = MergeWith(*from, at);
        if (merged >= 0) return merged;
      }
    }
    return -1;
  }

  // Whether the steps should become one for what they both read. No array may
  // wait long for it: at most one step that is not elementwise runs between,
  // and that is no product. And steps that only make new values of leaves stay
  // so, since they move to the end.
  bool MayJoinSibling(int from, int at) const {
    if (OnlyUpdates(from) != OnlyUpdates(at)) return false;
    const auto other = absl::c_upper_bound(others_, from);
    const auto end = absl::c_lower_bound(others_, at);
    return other == end ||
           (end - other == 1 &&
            !absl::holds_alternative<MatMulStep>(items_[*other]->step.work));
  }

  bool OnlyUpdates(int at) const {
    return absl::c_all_of(items_[at]->writes,
                          [&](BufferId id) { return updates_[id]; });
  }

  // Whether the step at `from` may run at `to`: nothing between needs it.
  bool CanMoveDown(int from, int to) const {
    return absl::c_all_of(items_[from]->writes, [&](BufferId id) {
      const auto reader = readers_[id].upper_bound(from);
      return reader == readers_[id].end() || *reader >= to;
    });
  }

  // Whether the step at `from` may run at `to`: all that it reads is there.
  bool CanMoveUp(int from, int to) const {
    return absl::c_all_of(items_[from]->reads,
                          [&](BufferId id) { return producer_[id] <= to; });
  }

  // Whether the step at `from` should run at `to`: unless products run between,
  // over which an array that it makes would have to wait for its reader. What a
  // gradient needs of an activation would be computed along with that, and be
  // kept beside it until the backward part; and what is recomputed there would
  // come early. Results of the run wait for its end anyway.
  bool MayMoveUp(int from, int to) const {
    if (IsScalar(items_[from]->step) ||
        absl::c_all_of(items_[from]->writes,
                       [&](BufferId id) { return may_wait_[id]; })) {
      return true;
    }
    const auto product = absl::c_upper_bound(products_, to);
    return product == products_.end() || *product > from;
  }

  void Replace(int first, int second, ElementwiseStep merged, int at) {
    Step step = {std::move(merged), Take(first).step.name};
    Take(second);
    Put(at, std::move(step));
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
    if (!FitsEngine(merged.code)) return absl::nullopt;
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
  const Partners partners_;
  std::vector<absl::optional<Item>> items_;
  std::vector<int> producer_;  // by root: position of the step that writes it
  std::vector<std::set<int>> readers_;  // by root: positions
  std::vector<int> products_;           // their positions, ascending
  std::vector<int> others_;  // positions of what is not elementwise, ascending
  // By root: it is a single number, or is needed at the end of the run.
  std::vector<bool> may_wait_;
  std::vector<bool> updates_;  // by root: it is the new value of a leaf
  std::set<int> scalars_;      // positions of work on single numbers
};

}  // namespace

void FuseElementwise(Plan& plan) {
  Grouper(plan, Partners::kProducers).Run();
  Grouper(plan, Partners::kAlsoSiblings).Run();
}

}  // namespace espalier
