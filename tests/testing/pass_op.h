// An op that gives its input, for tests of what becomes of ops that have few of
// the rules of graph/op.h.
#ifndef ESPALIER_TESTS_TESTING_PASS_OP_H_
#define ESPALIER_TESTS_TESTING_PASS_OP_H_

#include <string>
#include <utility>

#include "graph/op.h"

namespace espalier {

// No gradient, no bounds, no lowering.
class PassOp : public Op {
 public:
  explicit PassOp(std::string kind = "pass") : kind_(std::move(kind)) {}

  absl::string_view kind() const override { return kind_; }
  int arity() const override { return 1; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    return inputs[0];
  }
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& /*output*/) const override {
    return *inputs[0];
  }

 private:
  const std::string kind_;
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_TESTING_PASS_OP_H_
