// CheckedLowering: holds what an op's Lower asks for against the shapes and
// types that runtime/lowering.h states, before it reaches the plan.
#ifndef ESPALIER_RUNTIME_CHECKED_LOWERING_H_
#define ESPALIER_RUNTIME_CHECKED_LOWERING_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/lowering.h"
#include "runtime/plan.h"

namespace espalier {

// For one node. Passes calls on to `builder`, which adds to `plan`, until one
// does not fit; from then on nothing is passed on, and buffers are kNoBuffer.
class CheckedLowering : public Lowering {
 public:
  // `inputs` is the node's number of them.
  CheckedLowering(const Plan& plan, int inputs, Lowering& builder)
      : plan_(plan), inputs_(inputs), builder_(builder) {}

  // Internal for the first call that does not fit: the verb, what it takes and
  // what it got.
  const absl::Status& status() const { return status_; }

  BufferId input(int i) const override;
  const TensorType& input_type(int i) const override;
  const TensorType& output_type() const override;
  BufferId Elementwise(const Expr& expr, absl::Span<const BufferId> operands,
                       const Shape& shape) override;
  BufferId MatMul(const MatMulSpec& spec, const Shape& shape) override;
  BufferId Reduce(ReduceKind kind, BufferId x, absl::Span<const int64_t> axes,
                  const Shape& shape) override;
  BufferId MeanSquaredDeviation(BufferId x, BufferId centers,
                                const Shape& shape) override;
  BufferId Softmax(BufferId x, bool log, const Shape& shape) override;
  BufferId CrossEntropy(BufferId logits, BufferId labels,
                        const Shape& shape) override;
  BufferId CrossEntropyGradient(BufferId logits, BufferId labels, BufferId dy,
                                const Shape& shape) override;
  BufferId LayerNorm(BufferId x, BufferId scale, BufferId shift, float epsilon,
                     const Shape& shape) override;
  BufferId LayerNormGradient(BufferId x, BufferId g, float epsilon,
                             const Shape& shape) override;
  BufferId Dropout(const DropoutSpec& spec, const Shape& shape) override;
  BufferId Rearrange(absl::Span<const BoxCopy> boxes, bool zeros,
                     const Shape& shape) override;
  BufferId Gather(BufferId x, BufferId indices, int axis,
                  const Shape& shape) override;
  BufferId ScatterAdd(BufferId values, BufferId indices, int axis,
                      const Shape& shape) override;
  BufferId Reshape(BufferId x, const Shape& shape) override;
  void SetResult(BufferId buffer) override;

 private:
  // Whether a call may be looked at closer: nothing was wrong before,
  // `operands` are buffers of the plan and `shape` is one.
  bool Begin(absl::string_view verb, absl::Span<const BufferId> operands,
             const Shape& shape);
  // `fits`; if it does not, the error says what was expected.
  bool Expect(bool fits, absl::string_view expected) {
    return fits || Refuse(expected);
  }
  bool Refuse(absl::string_view expected);  // false
  std::string DescribeCall() const;
  bool Is(BufferId buffer, DataType dtype, const Shape& shape) const;
  bool IsF32(BufferId buffer) const;
  const Shape& shape_of(BufferId buffer) const;
  void Fail(absl::string_view message) const;

  const Plan& plan_;
  const int inputs_;
  Lowering& builder_;
  struct {
    absl::string_view verb;
    std::vector<BufferId> operands;
    Shape shape;
  } call_;                       // the current one, for messages
  mutable absl::Status status_;  // also of calls that only ask
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_CHECKED_LOWERING_H_
