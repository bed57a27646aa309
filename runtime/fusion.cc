#include "runtime/fusion.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "runtime/nan_flow.h"

namespace espalier {
namespace {

ElementwiseStep* AsElementwise(Step& step) {
  return absl::get_if<ElementwiseStep>(&step.work);
}

const ElementwiseStep* AsElementwise(const Step& step) {
  return absl::get_if<ElementwiseStep>(&step.work);
}

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

// Steps of one segment each may become one of several where this is the same:
// the code and the single numbers that it reads, and no sums.
using SegmentKey = std::pair<ElementwiseCode, std::vector<BufferId>>;

SegmentKey SegmentKeyOf(const Plan& plan, const ElementwiseStep& step) {
  SegmentKey key = {step.code, {}};
  const auto add = [&](size_t array) {
    key.second.push_back(plan.Root(step.segments[0].arrays[array]));
  };
  for (size_t j = 0; j < step.code.arrays.size(); ++j) {
    if (step.code.arrays[j] == Access::kScalar) add(j);
  }
  for (const ElementwiseCode::Sum& sum : step.code.sums) {
    if (step.code.arrays[sum.array] != Access::kScalar) add(sum.array);
  }
  return key;
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
  // Later positions are settled: those left, by what they can be merged with,
  // the nearest last; and the nearest that reads each buffer.
  absl::flat_hash_map<SegmentKey, std::vector<size_t>> candidates;
  std::vector<size_t> first_reader(plan.buffers.size(),
                                   std::numeric_limits<size_t>::max());
  std::vector<bool> moved(plan.steps.size());
  for (size_t i = plan.steps.size(); i-- > 0;) {
    const std::vector<BufferId> reads = ReadsOf(plan, plan.steps[i]);
    size_t at = i;
    if (ElementwiseStep* first = AsElementwise(plan.steps[i])) {
      size_t limit = std::numeric_limits<size_t>::max();
      for (BufferId id : WritesOf(plan, plan.steps[i])) {
        limit = std::min(limit, first_reader[id]);
      }
      std::vector<size_t>& same = candidates[SegmentKeyOf(plan, *first)];
      if (!same.empty() && same.back() < limit) {
        at = same.back();
        auto& segments = AsElementwise(plan.steps[at])->segments;
        absl::c_move(first->segments, std::back_inserter(segments));
        plan.steps[at].name = std::move(plan.steps[i].name);
        moved[i] = true;
      } else {
        same.push_back(i);
      }
    }
    for (BufferId id : reads) first_reader[id] = std::min(first_reader[id], at);
  }
  std::vector<Step> kept;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (moved[i]) continue;
    kept.push_back(std::move(plan.steps[i]));
    if (ElementwiseStep* step = AsElementwise(kept.back())) {
      absl::c_reverse(step->segments);  // they were added from the last on
    }
  }
  plan.steps = std::move(kept);
}

void JoinCuts(Plan& plan) {
  // The array of which the step takes a part.
  const auto source = [&](const Step& step) {
    const auto* work = absl::get_if<RearrangeStep>(&step.work);
    if (work == nullptr) return kNoBuffer;
    const RearrangeStep::Result& last = work->results.back();
    if (last.boxes.size() != 1 || last.zeros) return kNoBuffer;
    return plan.Root(last.boxes[0].from);
  };
  std::vector<Step> kept;
  for (Step& step : plan.steps) {
    const BufferId from = source(step);
    if (from != kNoBuffer && !kept.empty() && source(kept.back()) == from) {
      absl::c_move(absl::get<RearrangeStep>(step.work).results,
                   std::back_inserter(
                       absl::get<RearrangeStep>(kept.back().work).results));
    } else {
      kept.push_back(std::move(step));
    }
  }
  plan.steps = std::move(kept);
}

void Fuse(Plan& plan) {
  RemoveDeadSteps(plan);
  FuseActivations(plan);
  FuseSoftmaxGradients(plan);
  FuseLayerNormGradients(plan);
  FuseElementwise(plan);
  FuseSums(plan);
  RemoveDeadSteps(plan);
  MoveUpdatesLast(plan);
  MergeSegments(plan);
  JoinCuts(plan);
}

}  // namespace espalier
