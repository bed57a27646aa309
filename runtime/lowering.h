// Lowering: the verbs in which an op tells the runtime how to compute it. No
// verb knows a kernel library; the planner fuses, places and orders.
#ifndef ESPALIER_RUNTIME_LOWERING_H_
#define ESPALIER_RUNTIME_LOWERING_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/shape.h"
#include "runtime/elementwise/box_axis.h"

namespace espalier {

// A formula for one element, written with ordinary operators:
//   lowering.Elementwise(Expr::Operand(0) * Sigmoid(Expr::Operand(0)), ...)
// Immutable; copies share. NaN passes through every function.
class Expr {
 public:
  // The element of operand number i that broadcasting reads here.
  static Expr Operand(int i);
  // value * N^batch_power, where N is the batch size of the run.
  static Expr Number(float value, int batch_power = 0);

  struct Node;  // runtime/expression.h
  const Node& node() const { return *node_; }

 private:
  friend struct ExprMaker;
  explicit Expr(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  std::shared_ptr<const Node> node_;
};

Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);
Expr operator-(const Expr& x);
Expr Max(const Expr& a, const Expr& b);
Expr Min(const Expr& a, const Expr& b);
Expr Sqrt(const Expr& x);
Expr Abs(const Expr& x);
Expr Sign(const Expr& x);  // -1, 0 or 1
Expr Exp(const Expr& x);
Expr Log(const Expr& x);
Expr Tanh(const Expr& x);
Expr Sigmoid(const Expr& x);
Expr Expm1(const Expr& x);      // exp(x) - 1
Expr Log1p(const Expr& x);      // log(1 + x)
Expr Softplus(const Expr& x);   // log(1 + exp(x))
Expr NormalCdf(const Expr& x);  // of the standard normal distribution
Expr HardSwish(const Expr& x);  // max(x, lowest) * min(max((x + 3) / 6, 0), 1)
// a > b ? greater : otherwise; NaN when a or b is NaN, and not when what is not
// chosen is.
Expr SelectGreater(const Expr& a, const Expr& b, const Expr& greater,
                   const Expr& otherwise);

// Between i32 and f32. IntToFloat rounds to nearest; FloatToInt toward zero,
// saturates, and gives 0 for NaN; AddInts wraps.
Expr IntToFloat(const Expr& x);
Expr FloatToInt(const Expr& x);
Expr AddInts(const Expr& a, const Expr& b);

// An array in the plan; an index into its buffers.
using BufferId = int32_t;

// kMax and kMin are NaN where an element is, -infinity and infinity of nothing.
enum class ReduceKind { kSum, kMean, kMax, kMin };

// y = op(a) op(b) + bias: a is [M, K] ([K, M] if transposed), b is [K, N]
// ([N, K] if transposed), bias is [N], y is [M, N].
struct MatMulSpec {
  BufferId a;
  BufferId b;
  bool transpose_a = false;
  bool transpose_b = false;
  absl::optional<BufferId> bias;
};

// y = x * m, where m is 0 or 1 / (1 - rate): RandomStream(seed, kDropout, step)
// (graph/philox.h), with `step` an i32 scalar, is at ArrayPosition(i) below the
// rate for what is dropped.
struct DropoutSpec {
  BufferId x;
  BufferId step;
  float rate = 0;
  uint64_t seed = 0;
};

// A box of elements that Rearrange copies; its first one is element
// `from_offset` of the operand.
struct BoxCopy {
  BufferId from;
  int64_t from_offset = 0;
  std::vector<BoxAxis> axes;
};

// Handed to Op::Lower for one node. Each verb adds work and gives the buffer of
// its result; SetResult tells which one is the node's. Shapes may have the
// symbolic batch. A call that does not fit the stated shapes and types makes
// the compilation fail, with an error that names the node, the verb and both.
class Lowering {
 public:
  virtual ~Lowering() = default;

  virtual BufferId input(int i) const = 0;
  virtual const TensorType& input_type(int i) const = 0;
  virtual const TensorType& output_type() const = 0;

  // Each operand broadcasts to `shape` and has the type that the functions
  // take which read it: i32 for those that say so, else f32.
  virtual BufferId Elementwise(const Expr& expr,
                               absl::Span<const BufferId> operands,
                               const Shape& shape) = 0;
  virtual BufferId MatMul(const MatMulSpec& spec, const Shape& shape) = 0;
  // Over `axes` (ascending); `shape` has them left out or as 1.
  virtual BufferId Reduce(ReduceKind kind, BufferId x,
                          absl::Span<const int64_t> axes,
                          const Shape& shape) = 0;
  // [C]: the mean of (x - centers)^2 over all axes of x, [N, C] or [N, C, ...],
  // but axis 1, of whose indices each has a center.
  virtual BufferId MeanSquaredDeviation(BufferId x, BufferId centers,
                                        const Shape& shape) = 0;
  // Over the last axis; the logarithm of it when `log`.
  virtual BufferId Softmax(BufferId x, bool log, const Shape& shape) = 0;
  // [N, C] logits and [N] i32 labels give [N]: -log softmax(logits)[label].
  // The run fails when a label is not in [0, C).
  virtual BufferId CrossEntropy(BufferId logits, BufferId labels,
                                const Shape& shape) = 0;
  // [N, C]: (softmax(logits) - one_hot(label)) * dy[row]; the same check.
  virtual BufferId CrossEntropyGradient(BufferId logits, BufferId labels,
                                        BufferId dy, const Shape& shape) = 0;
  // Over the last axis, scale and shift for each column (layer_norm of
  // ops/layer_norm.h); and what flows back to x from g to the normalized rows.
  virtual BufferId LayerNorm(BufferId x, BufferId scale, BufferId shift,
                             float epsilon, const Shape& shape) = 0;
  virtual BufferId LayerNormGradient(BufferId x, BufferId g, float epsilon,
                                     const Shape& shape) = 0;
  virtual BufferId Dropout(const DropoutSpec& spec, const Shape& shape) = 0;
  // An array of the operands' type made of at least one box; boxes do not meet.
  // What is in none is zero: `zeros` tells whether there is any such element.
  // Bits are copied as they are.
  virtual BufferId Rearrange(absl::Span<const BoxCopy> boxes, bool zeros,
                             const Shape& shape) = 0;
  // x seen as [outer, R, inner] around `axis`, which the indices, i32 of any
  // shape, replace in the result: result[o, k, i] = x[o, indices[k], i].
  // The run fails when an index is not in [0, R).
  virtual BufferId Gather(BufferId x, BufferId indices, int axis,
                          const Shape& shape) = 0;
  // The reverse: zeros of shape [outer, R, inner], to which values[o, k, i] are
  // added at [o, indices[k], i] in the order of k. The same check.
  virtual BufferId ScatterAdd(BufferId values, BufferId indices, int axis,
                              const Shape& shape) = 0;
  // The same elements in the same order under another shape.
  virtual BufferId Reshape(BufferId x, const Shape& shape) = 0;

  virtual void SetResult(BufferId buffer) = 0;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_LOWERING_H_
