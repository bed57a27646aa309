#include "ops/dropout.h"

#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/philox.h"
#include "graph/status_macros.h"
#include "ops/interval_math.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

class DropoutOp : public Op {
 public:
  DropoutOp(float rate, int64_t seed) : rate_(rate), seed_(seed) {}

  absl::string_view kind() const override { return "dropout"; }
  int arity() const override { return 2; }  // x, step
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override {
    return {{"rate", rate_}, {"seed", seed_}};
  }
  absl::optional<int> inference_input() const override { return 0; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    if (!(rate_ >= 0 && rate_ < 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("rate is ", rate_, ": expected 0 or more, below 1"));
    }
    RETURN_IF_ERROR(CheckF32("x", inputs[0]));
    if (inputs[1] != TensorType{DataType::kI32, Shape()}) {
      return absl::InvalidArgumentError(absl::StrCat(
          "step is ", inputs[1].ToString(), ": expected a scalar, i32[]"));
    }
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const double step = (*inputs[1])[0];
    // What was gathered by an index that is no row.
    if (std::isnan(step)) return DoubleTensor(output, step);
    const RandomStream random(
        static_cast<uint64_t>(seed_), RandomPurpose::kDropout,
        static_cast<uint32_t>(static_cast<int32_t>(step)));
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const uint64_t at = ArrayPosition(static_cast<uint64_t>(i));
      y[i] = (*inputs[0])[i] * (random.Uniform(at) < rate_ ? 0 : Factor());
    }
    return y;
  }

  // Linear in x: what is dropped forward is dropped backward.
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    return std::vector<Value>{Dropout(dy, inputs[1], rate_, seed_), Value()};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const Interval kept = FloatRounded(Factor(), Factor());
    const Interval mask = rate_ == 0 ? kept : HullOfZeroAnd(kept);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      SetInterval(y, i, MulIntervals(mask, IntervalAt(*inputs[0], i)));
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Dropout({lowering.input(0), lowering.input(1),
                                         rate_, static_cast<uint64_t>(seed_)},
                                        lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  double Factor() const { return 1 / (1 - static_cast<double>(rate_)); }

  float rate_;
  int64_t seed_;
};

absl::StatusOr<OpPtr> ReadDropout(AttributeReader& attributes) {
  const float rate = attributes.Float("rate");
  const int64_t seed = attributes.Int("seed");
  return std::make_shared<DropoutOp>(rate, seed);
}

constexpr OpTable::Entry kEntries[] = {{"dropout", ReadDropout}};

}  // namespace

Value Dropout(Value x, Value step, float rate, int64_t seed,
              absl::string_view name) {
  return Apply(std::make_shared<DropoutOp>(rate, seed), {x, step}, name);
}

bool IsDropout(const Node& node) {
  return dynamic_cast<const DropoutOp*>(node.op.get()) != nullptr;
}

absl::Span<const OpTable::Entry> DropoutEntries() { return kEntries; }

}  // namespace espalier
