#include "runtime/placement.h"

#include <utility>
#include <vector>

#include "absl/algorithm/container.h"

namespace espalier {
namespace {

// The segment of the elementwise step that writes `root`; null if the step
// does not write it, or only as a sum.
const ElementwiseStep::Segment* SegmentThatStores(const Plan& plan,
                                                  const ElementwiseStep& step,
                                                  BufferId root) {
  for (const ElementwiseStep::Segment& segment : step.segments) {
    for (const ElementwiseCode::Store& store : step.code.stores) {
      if (plan.Root(segment.arrays[store.array]) == root) return &segment;
    }
  }
  return nullptr;
}

// Whether the step may write `result` into the memory of `operand`, which it
// may read: reads are element by element, in the segment that writes.
bool MayOverwrite(const Plan& plan, const Step& step, BufferId operand,
                  BufferId result) {
  if (absl::holds_alternative<SoftmaxStep>(step.work) ||
      absl::holds_alternative<SoftmaxGradientStep>(step.work) ||
      !absl::c_binary_search(ReadsOf(plan, step), operand)) {
    return true;
  }
  if (const auto* dropout = absl::get_if<DropoutStep>(&step.work)) {
    return operand == plan.Root(dropout->x);
  }
  const auto* elementwise = absl::get_if<ElementwiseStep>(&step.work);
  if (elementwise == nullptr) return false;
  const ElementwiseStep::Segment* storing =
      SegmentThatStores(plan, *elementwise, result);
  if (storing == nullptr) return false;
  for (const ElementwiseStep::Segment& segment : elementwise->segments) {
    for (size_t j = 0; j < segment.arrays.size(); ++j) {
      if (plan.Root(segment.arrays[j]) == operand &&
          (&segment != storing ||
           elementwise->code.arrays[j] != Access::kFull)) {
        return false;
      }
    }
  }
  return true;
}

std::vector<int> WritersOf(const Plan& plan) {
  std::vector<int> writer(plan.buffers.size(), -1);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for (BufferId id : WritesOf(plan, plan.steps[i])) {
      writer[id] = static_cast<int>(i);
    }
  }
  return writer;
}

class UpdatePlacer {
 public:
  explicit UpdatePlacer(Plan& plan) : plan_(plan) {}

  void Run() {
    updated_.assign(plan_.buffers.size(), false);
    for (const Plan::Update& update : plan_.updates) {
      updated_[update.leaf] = true;
    }
    SaveLeavesThatAreRead();
    readers_ = ReadersOf(plan_);
    writer_ = WritersOf(plan_);
    std::vector<Step> copies;
    for (const Plan::Update& update : plan_.updates) {
      if (plan_.Root(update.value) == update.leaf || PlaceInLeaf(update)) {
        continue;
      }
      copies.push_back({CopyStep{update.value, update.leaf},
                        plan_.buffers[update.leaf].name});
    }
    for (Step& copy : copies) plan_.steps.push_back(std::move(copy));
  }

 private:
  // Outputs and updates that are leaves themselves need the value from before
  // the run, wherever that leaf is overwritten.
  void SaveLeavesThatAreRead() {
    std::vector<Step> copies;
    const auto save = [&](BufferId id) {
      const BufferId copy =
          plan_.AddTemporary(plan_.buffers[id].type, plan_.buffers[id].name);
      copies.push_back({CopyStep{id, copy}, plan_.buffers[id].name});
      return copy;
    };
    for (BufferId& output : plan_.outputs) {
      const BufferId root = plan_.Root(output);
      const bool input = plan_.buffers[root].role == BufferRole::kInput;
      if (input || (plan_.IsLeaf(root) && updated_[root])) {
        output = save(output);
      }
    }
    for (Plan::Update& update : plan_.updates) {
      const BufferId root = plan_.Root(update.value);
      if (root != update.leaf && plan_.IsLeaf(root) && updated_[root]) {
        update.value = save(update.value);
      }
    }
    plan_.steps.insert(plan_.steps.begin(),
                       std::make_move_iterator(copies.begin()),
                       std::make_move_iterator(copies.end()));
  }

  bool PlaceInLeaf(const Plan::Update& update) {
    const BufferId value = plan_.Root(update.value);
    const int writer = writer_[value];
    if (writer < 0 || plan_.buffers[value].memory != value) return false;
    for (int reader : readers_[update.leaf]) {
      if (reader > writer) return false;
    }
    if (!MayOverwrite(plan_, plan_.steps[writer], update.leaf, value)) {
      return false;
    }
    plan_.buffers[value].memory = update.leaf;
    return true;
  }

  Plan& plan_;
  std::vector<bool> updated_;  // by leaf
  std::vector<std::vector<int>> readers_;
  std::vector<int> writer_;
};

}  // namespace

void PlaceUpdates(Plan& plan) { UpdatePlacer(plan).Run(); }

void ShareMemory(Plan& plan) {
  const std::vector<std::vector<int>> readers = ReadersOf(plan);
  std::vector<bool> kept = NeededAtEnd(plan);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    if (!absl::holds_alternative<ElementwiseStep>(step.work) &&
        !absl::holds_alternative<SoftmaxStep>(step.work) &&
        !absl::holds_alternative<SoftmaxGradientStep>(step.work) &&
        !absl::holds_alternative<DropoutStep>(step.work)) {
      continue;
    }
    // Operands whose memory is free once this step is done.
    std::vector<BufferId> free;
    for (BufferId id : ReadsOf(plan, step)) {
      if (!plan.IsLeaf(id) && !kept[id] &&
          !plan.IsLeaf(plan.buffers[id].memory) &&
          readers[id].back() == static_cast<int>(i)) {
        free.push_back(id);
      }
    }
    for (BufferId result : WritesOf(plan, step)) {
      if (plan.buffers[result].memory != result || plan.IsLeaf(result)) {
        continue;
      }
      const auto operand = absl::c_find_if(free, [&](BufferId id) {
        return ExtentOf(plan.shape(id)) == ExtentOf(plan.shape(result)) &&
               MayOverwrite(plan, step, id, result);
      });
      if (operand == free.end()) continue;
      plan.buffers[result].memory = plan.buffers[*operand].memory;
      free.erase(operand);
    }
  }
}

}  // namespace espalier
