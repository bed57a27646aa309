// FuseLayerNormGradients: what flows back through a layer normalization is
// multiplied by its scale first, which the gradient's own step can do.
#include <vector>

#include "absl/types/optional.h"
#include "runtime/fusion.h"

namespace espalier {
namespace {

struct ScaledRows {
  BufferId x, scale;
};

// What of x and scale the step multiplies, each row by the scale, to make
// `result` of rows of `columns`; nothing if it makes it in another way.
absl::optional<ScaledRows> AsScaledRows(const Plan& plan, const Step& step,
                                        BufferId result, int64_t columns) {
  const auto* work = absl::get_if<ElementwiseStep>(&step.work);
  if (work == nullptr || work->segments.size() != 1) return absl::nullopt;
  const ElementwiseCode& code = work->code;
  const ElementwiseStep::Segment& segment = work->segments[0];
  for (const ElementwiseCode::Store& store : code.stores) {
    if (plan.Root(segment.arrays[store.array]) != result ||
        segment.columns != columns || store.term.kind != Term::Kind::kValue) {
      continue;
    }
    const Operation& product = code.values[store.term.index];
    if (product.opcode != Opcode::kMul) return absl::nullopt;
    for (int s : {0, 1}) {
      const Term& x = product.sources[s];
      const Term& scale = product.sources[1 - s];
      if (x.kind == Term::Kind::kArray && scale.kind == Term::Kind::kArray &&
          code.arrays[x.index] == Access::kFull &&
          code.arrays[scale.index] == Access::kRow) {
        return ScaledRows{segment.arrays[x.index], segment.arrays[scale.index]};
      }
    }
  }
  return absl::nullopt;
}

}  // namespace

void FuseLayerNormGradients(Plan& plan) {
  std::vector<int> writer(plan.buffers.size(), -1);  // by root
  bool fused = false;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    Step& step = plan.steps[i];
    for (BufferId id : WritesOf(plan, step)) writer[id] = static_cast<int>(i);
    auto* work = absl::get_if<LayerNormGradientStep>(&step.work);
    if (work == nullptr || work->scale != kNoBuffer) continue;
    const Shape& shape = plan.shape(work->x);
    const BufferId g = plan.Root(work->g);
    if (writer[g] < 0) continue;
    const auto scaled = AsScaledRows(plan, plan.steps[writer[g]], g,
                                     shape.dim(shape.rank() - 1));
    if (!scaled.has_value()) continue;
    work->g = scaled->x;
    work->scale = scaled->scale;
    fused = true;
  }
  if (fused) RemoveDeadSteps(plan);
}

}  // namespace espalier
