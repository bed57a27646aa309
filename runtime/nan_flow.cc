#include "runtime/nan_flow.h"

#include <cmath>

#include "absl/algorithm/container.h"

namespace espalier {
namespace {

// Infinite for an empty batch, where N divides it.
bool IsFinite(const BatchNumber& number) {
  return std::isfinite(number.value) && number.batch_power >= 0;
}

bool MakesNan(const Operation& operation) {
  const auto& sources = operation.sources;
  if (absl::c_any_of(sources, [](const Term& term) {
        return term.kind == Term::Kind::kNumber && !IsFinite(term.number);
      })) {
    return true;
  }
  switch (operation.opcode) {
    case Opcode::kDiv:
      // What is subnormal is taken for zero.
      return sources[1].kind != Term::Kind::kNumber ||
             !std::isnormal(sources[1].number.value);
    case Opcode::kSqrt:
    case Opcode::kLog:
    case Opcode::kLog1p:
    case Opcode::kScaleSqrtAdd:
    case Opcode::kScaleDivAdd:
      return true;
    // No default: a new opcode has to say it.
    case Opcode::kCopy:
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kFma:
    case Opcode::kAbs:
    case Opcode::kNeg:
    case Opcode::kMax:
    case Opcode::kMin:
    case Opcode::kSign:
    case Opcode::kSelectGreater:
    case Opcode::kExp:
    case Opcode::kExpm1:
    case Opcode::kTanh:
    case Opcode::kSigmoid:
    case Opcode::kSoftplus:
    case Opcode::kNormalCdf:
    case Opcode::kHardSwish:
    case Opcode::kClamp:
    case Opcode::kClampedFma:
    case Opcode::kSelectProduct:
    case Opcode::kSelectWithin:
    case Opcode::kProductUnless:
    case Opcode::kSubMul:
    case Opcode::kNormalize:
    case Opcode::kClampedFmaSlope:
    case Opcode::kHardSwishSlope:
    case Opcode::kScaleAdd:
    case Opcode::kScaleAddSquare:
    case Opcode::kIntToFloat:
    case Opcode::kFloatToInt:
    case Opcode::kIntAdd:
    case Opcode::kSum:
    case Opcode::kSumProduct:
      return false;
  }
  return true;
}

// Whether the step may make NaN of finite operands.
struct StepMakesNan {
  bool operator()(const ElementwiseStep& step) const {
    const ElementwiseCode& code = step.code;
    return absl::c_any_of(code.values, MakesNan) ||
           absl::c_any_of(code.stores,
                          [](const ElementwiseCode::Store& store) {
                            return !IsFinite(store.term.number);
                          }) ||
           absl::c_any_of(code.sums, [](const ElementwiseCode::Sum& sum) {
             return !IsFinite(sum.factor) || !IsFinite(sum.term.number);
           });
  }
  bool operator()(const ReduceStep& step) const {
    // The largest of an empty batch is infinite.
    const bool extreme = step.fold == ReduceStep::Fold::kMax ||
                         step.fold == ReduceStep::Fold::kMin;
    return !IsFinite(step.scale) || (extreme && step.reduced.times_batch);
  }
  // One each: a new step has to say it.
  bool operator()(const MatMulStep&) const { return false; }
  bool operator()(const SoftmaxStep&) const { return false; }
  bool operator()(const SoftmaxGradientStep&) const { return false; }
  bool operator()(const CrossEntropyStep&) const { return false; }
  bool operator()(const CrossEntropyGradientStep&) const { return false; }
  bool operator()(const DropoutStep&) const { return false; }
  bool operator()(const CopyStep&) const { return false; }
  bool operator()(const RearrangeStep&) const { return false; }
  bool operator()(const GatherStep&) const { return false; }
  bool operator()(const ScatterAddStep&) const { return false; }
  bool operator()(const LayerNormStep&) const { return false; }
  bool operator()(const LayerNormGradientStep&) const { return false; }
};

}  // namespace

std::vector<bool> MayBeNan(const Plan& plan) {
  std::vector<bool> may_be_nan(plan.buffers.size());
  for (size_t id = 0; id < plan.buffers.size(); ++id) {
    const PlanBuffer& buffer = plan.buffers[id];
    may_be_nan[id] = buffer.role != BufferRole::kTemporary &&
                     buffer.type.dtype == DataType::kF32 && !buffer.finite;
  }
  for (const Step& step : plan.steps) {
    const bool nan = absl::visit(StepMakesNan(), step.work) ||
                     absl::c_any_of(ReadsOf(plan, step), [&](BufferId id) {
                       return may_be_nan[id];
                     });
    if (!nan) continue;
    for (BufferId id : WritesOf(plan, step)) may_be_nan[id] = true;
  }
  return may_be_nan;
}

}  // namespace espalier
