#include "ops/schedule_values.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/integers.h"

namespace espalier {
namespace {

// Taylor coefficients of sin(pi v / 2) / v in v^2; within 1e-9 for |v| <= 1.
constexpr double kSine[] = {1.5707963267948966,     -0.64596409750624625,
                            0.079692626246167046,   -0.0046817541353186881,
                            0.00016044118478735982, -3.5988432352120853e-06,
                            5.6921729219679268e-08};

absl::Status CheckArguments(const Schedule& schedule, Value step,
                            int64_t steps_per_epoch, int64_t total_steps) {
  RETURN_IF_ERROR(schedule.Check());
  if (step.type() != TensorType{DataType::kI32, Shape()}) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the step is ", step.type().ToString(), ": expected a scalar, i32[]"));
  }
  if (steps_per_epoch >= 1 && total_steps >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(steps_per_epoch, " steps per epoch and ", total_steps,
                   " in all: expected at least 1"));
}

// factor^t
Value Power(double factor, Value t) {
  return Exp(Scale(t, static_cast<float>(std::log(factor))));
}

// (1 + cos(pi u)) / 2 with u = 1 - v, as the square of sin(pi v / 2).
Value HalfCosine(Value v) {
  GraphBuilder& g = *v.builder();
  const Value square = Square(v);
  Value sum = g.Constant(static_cast<float>(kSine[6]));
  for (int i = 5; i >= 0; --i) {
    sum = Add(Mul(sum, square), g.Constant(static_cast<float>(kSine[i])));
  }
  return Square(Mul(v, sum));
}

// `step` is f32[] and at least 0.
Value FactorOf(const Schedule& schedule, Value step, int64_t steps_per_epoch,
               int64_t total_steps) {
  if (!step.valid()) return step;
  GraphBuilder& g = *step.builder();
  const auto number = [&](double x) {
    return g.Constant(static_cast<float>(x));
  };
  const auto total = static_cast<double>(total_steps);
  const auto length =
      static_cast<double>(schedule.LengthInSteps(steps_per_epoch));
  step = Min(step, number(total));
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      return number(1);
    case ScheduleKind::kStep: {
      const Value whole = Cast(Div(step, number(length)), DataType::kI32);
      return Power(schedule.factor, Cast(whole, DataType::kF32));
    }
    case ScheduleKind::kExponential:
      return Power(schedule.factor,
                   Div(step, number(static_cast<double>(steps_per_epoch))));
    case ScheduleKind::kCosine: {
      const Value left = Div(Sub(number(total), step), number(total));
      if (!left.valid()) return left;
      return Add(
          Scale(HalfCosine(left), static_cast<float>(1 - schedule.factor)),
          number(schedule.factor));
    }
    case ScheduleKind::kWarmUp:
      break;
  }
  const Value rising = Div(Add(step, number(1)), number(length));
  const Value after = Max(Sub(step, number(length)), number(0));
  const Value then = FactorOf(
      schedule.then == nullptr ? Schedule() : *schedule.then, after,
      steps_per_epoch,
      std::max<int64_t>(1, total_steps - static_cast<int64_t>(length)));
  return SelectGreater(step, number(length - 0.5), then, rising);
}

}  // namespace

Value StepCounter(GraphBuilder& graph, absl::string_view name) {
  const Value step =
      graph.State(graph.UniqueName(name), Shape(), 0, DataType::kI32);
  if (!step.valid()) return step;
  const Value one = graph.Constant(Tensor(Shape(), std::vector<int32_t>{1}));
  graph.Update(step, AddI32(step, one));
  return step;
}

bool IsStepCounter(Value leaf) {
  if (!leaf.valid() || AsLeaf(*leaf.node().op) != LeafKind::kState ||
      leaf.type() != TensorType{DataType::kI32, Shape()}) {
    return false;
  }
  const GraphBuilder& g = *leaf.builder();
  const auto& updates = g.updates();
  const auto update =
      std::find_if(updates.begin(), updates.end(),
                   [&](const GraphUpdate& u) { return u.leaf == leaf.id(); });
  if (update == updates.end()) return false;
  const Node& sum = g.node(update->value);
  if (!IsAddI32(sum)) return false;
  const auto adds_one = [&](NodeId to, NodeId number) {
    const Tensor* one = ConstantValue(*g.node(number).op);
    return to == leaf.id() && one != nullptr && one->num_elements() == 1 &&
           one->data<int32_t>()[0] == 1;
  };
  return adds_one(sum.inputs[0], sum.inputs[1]) ||
         adds_one(sum.inputs[1], sum.inputs[0]);
}

Value ScheduleFactor(const Schedule& schedule, Value step,
                     int64_t steps_per_epoch, int64_t total_steps) {
  if (!step.valid()) return Value();
  const absl::Status status =
      CheckArguments(schedule, step, steps_per_epoch, total_steps);
  if (!status.ok()) {
    return step.builder()->Fail(Annotate(status, "schedule factor"));
  }
  return FactorOf(schedule, Cast(step, DataType::kF32), steps_per_epoch,
                  total_steps);
}

}  // namespace espalier
