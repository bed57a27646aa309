// What ops have in common of which each result element is an element of an
// input, or zero: bits move, nothing is computed.
#ifndef ESPALIER_OPS_MOVE_OP_H_
#define ESPALIER_OPS_MOVE_OP_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "graph/op.h"
#include "runtime/lowering.h"

namespace espalier {

class MoveOp : public Op {
 public:
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const final;
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const final;
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const final {
    return true;
  }
  absl::Status Lower(Lowering& lowering) const final;

 protected:
  static constexpr int kZero = -1;

  // The op's meaning: the input from which element `at` of the result comes,
  // and in `from`, of that input's rank, the place there; or kZero.
  virtual int SourceOf(absl::Span<const Shape> inputs,
                       absl::Span<const int64_t> at,
                       absl::Span<int64_t> from) const = 0;

  // The same as boxes of the inputs, for Lowering::Rearrange.
  struct Boxes {
    std::vector<BoxCopy> boxes;
    bool zeros = false;
  };
  virtual Boxes BoxesOf(const Lowering& lowering) const = 0;

  // All of input number `i`, put at the result's beginning.
  static BoxCopy WholeInput(const Lowering& lowering, int i);
};

// An error unless axis 0 of x is no batch: "x has shape [N, 3]: <what> would
// change the batch N".
absl::Status CheckNotBatch(const Shape& x, int64_t axis,
                           absl::string_view what);

}  // namespace espalier

#endif  // ESPALIER_OPS_MOVE_OP_H_
