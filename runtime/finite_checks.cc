#include "runtime/finite_checks.h"

#include <utility>
#include <vector>

#include "absl/algorithm/container.h"

namespace espalier {
namespace {

// Up to here a look after the run is cheaper than a sum within the step.
constexpr int64_t kFewElements = 4096;

class CheckAdder {
 public:
  explicit CheckAdder(Plan& plan)
      : plan_(plan), leaves_of_(plan.buffers.size()) {}

  void Run() {
    for (const Plan::Update& update : plan_.updates) {
      const BufferId value = plan_.Root(update.value);
      if (plan_.buffers[value].type.dtype == DataType::kF32 &&
          !plan_.IsLeaf(value)) {
        leaves_of_[value].push_back(update.leaf);
      }
    }
    for (Step& step : plan_.steps) {
      if (auto* elementwise = absl::get_if<ElementwiseStep>(&step.work)) {
        AddFlags(*elementwise);
      } else {
        for (BufferId id : WritesOf(plan_, step)) {
          if (!leaves_of_[id].empty()) {
            plan_.finite_checks.push_back({kNoBuffer, leaves_of_[id]});
          }
        }
      }
    }
  }

 private:
  // The leaves that take the new value from this store, in any segment.
  std::vector<BufferId> LeavesOf(const ElementwiseStep& step, int array) const {
    std::vector<BufferId> leaves;
    for (const ElementwiseStep::Segment& segment : step.segments) {
      const BufferId root = plan_.Root(segment.arrays[array]);
      leaves.insert(leaves.end(), leaves_of_[root].begin(),
                    leaves_of_[root].end());
    }
    return leaves;
  }

  int64_t NumElements(const std::vector<BufferId>& leaves) const {
    int64_t elements = 0;
    for (BufferId id : leaves) elements += plan_.shape(id).num_elements();
    return elements;
  }

  bool HasParameter(const std::vector<BufferId>& leaves) const {
    return absl::c_any_of(leaves, [&](BufferId id) {
      return plan_.buffers[id].role == BufferRole::kParameter;
    });
  }

  void AddFlags(ElementwiseStep& step) {
    struct Watched {
      Term term;
      std::vector<BufferId> leaves;
    };
    std::vector<Watched> parameters, states;
    for (const ElementwiseCode::Store& store : step.code.stores) {
      std::vector<BufferId> leaves = LeavesOf(step, store.array);
      if (leaves.empty()) continue;
      auto& list = HasParameter(leaves) ? parameters : states;
      list.push_back({store.term, std::move(leaves)});
    }
    for (Watched& watched : parameters.empty() ? states : parameters) {
      if (NumElements(watched.leaves) <= kFewElements) {
        plan_.finite_checks.push_back({kNoBuffer, std::move(watched.leaves)});
        continue;
      }
      const BufferId flag = AddTemporary(plan_.buffers[watched.leaves[0]].name);
      for (ElementwiseStep::Segment& segment : step.segments) {
        segment.arrays.push_back(flag);
      }
      // x * 0 is 0 for finite x and otherwise NaN.
      step.code.sums.push_back({step.code.AddArray(Access::kScalar),
                                watched.term,
                                Term::Number({0, 0}),
                                {1, 0}});
      plan_.finite_checks.push_back({flag, std::move(watched.leaves)});
    }
    // A state that is a sum of the step: one number, looked at.
    for (const ElementwiseCode::Sum& sum : step.code.sums) {
      const std::vector<BufferId> leaves = LeavesOf(step, sum.array);
      if (!leaves.empty()) plan_.finite_checks.push_back({kNoBuffer, leaves});
    }
  }

  BufferId AddTemporary(const std::string& name) {
    leaves_of_.emplace_back();
    return plan_.AddTemporary({DataType::kF32, Shape()}, name);
  }

  Plan& plan_;
  // Per root, the leaves that it is the new value of.
  std::vector<std::vector<BufferId>> leaves_of_;
};

}  // namespace

void AddFiniteChecks(Plan& plan) { CheckAdder(plan).Run(); }

}  // namespace espalier
