// An op that gives its input and runs, and has no other rule.
#ifndef ESPALIER_TESTS_PRUNING_LOWERED_PASS_OP_H_
#define ESPALIER_TESTS_PRUNING_LOWERED_PASS_OP_H_

#include "runtime/lowering.h"
#include "tests/testing/pass_op.h"

namespace espalier {

class LoweredPassOp : public PassOp {
 public:
  using PassOp::PassOp;

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(
        lowering.Reshape(lowering.input(0), lowering.output_type().shape));
    return absl::OkStatus();
  }
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_PRUNING_LOWERED_PASS_OP_H_
