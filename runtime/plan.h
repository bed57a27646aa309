// Plan: what a graph computes, as steps over buffers. Plain data, made by
// BuildPlan (plan_builder.h), improved by Fuse (fusion.h) and PlaceUpdates
// (placement.h), printed for people, turned into kernels by program.h. The
// batch size is still the symbol N.
//
// A buffer is written by at most one step, before any step that reads it;
// leaves are written by none, but for the copies that end a plan (updates).
// Reshaping is no step: the result is an alias, the same elements under
// another shape. Two buffers that are no aliases may still be given the same
// memory, one after the other: see PlanBuffer::memory.
#ifndef ESPALIER_RUNTIME_PLAN_H_
#define ESPALIER_RUNTIME_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/variant.h"
#include "graph/graph.h"
#include "graph/shape.h"
#include "runtime/elementwise/matmul_activation.h"
#include "runtime/elementwise_code.h"
#include "runtime/lowering.h"

namespace espalier {

inline constexpr BufferId kNoBuffer = -1;

// A number of elements: factor, or factor * N.
struct Extent {
  int64_t factor = 1;
  bool times_batch = false;

  // Nothing when the product does not fit.
  absl::optional<int64_t> At(int64_t batch) const;
  std::string ToString() const;  // "30*N"

  friend bool operator==(const Extent& a, const Extent& b) {
    return a.factor == b.factor && a.times_batch == b.times_batch;
  }
  friend bool operator!=(const Extent& a, const Extent& b) { return !(a == b); }
};

Extent ExtentOf(const Shape& shape);

enum class BufferRole { kInput, kParameter, kState, kConstant, kTemporary };

struct PlanBuffer {
  TensorType type;
  BufferRole role = BufferRole::kTemporary;
  NodeId leaf = kNoNode;  // of roles other than kTemporary
  std::string name;       // of the node that it holds or belongs to
  // Of leaves: when a run starts, the elements are known to be finite.
  bool finite = false;
  // The buffer whose elements these are; itself unless it is an alias.
  BufferId root = kNoBuffer;
  // The buffer in whose memory the elements are; only of roots. A leaf or
  // itself, or what an in-place step reads.
  BufferId memory = kNoBuffer;
};

// y = activation(op(a) op(b) + bias).
struct MatMulStep {
  BufferId a, b;
  bool transpose_a = false, transpose_b = false;
  BufferId bias = kNoBuffer;
  MatMulActivation activation = MatMulActivation::kNone;
  float slope = 0;  // of kLeakyRelu
  BufferId y;
};

// The code, run over each segment: arrays[j] is the code's array j.
struct ElementwiseStep {
  struct Segment {
    Extent elements;
    int64_t columns = 0;  // 0: no array is a row or column
    std::vector<BufferId> arrays;
  };
  ElementwiseCode code;
  std::vector<Segment> segments;
};

// x seen as [outer, reduced, inner]: y[o, i] is over r the
//   kSum                scale * sum of x[o, r, i];
//   kSquaredDeviations  scale * sum of (x[o, r, i] - center)^2, where y[j], all
//                       of y seen as a vector, has center j % C of the C there
//                       are, and inner or outer is C or outer a multiple of it;
//   kMax, kMin          largest, smallest x[o, r, i], NaN if one is.
struct ReduceStep {
  enum class Fold { kSum, kSquaredDeviations, kMax, kMin };
  BufferId x;
  Extent outer, reduced;
  int64_t inner = 1;
  BatchNumber scale;
  BufferId y;
  Fold fold = Fold::kSum;
  BufferId centers = kNoBuffer;  // of kSquaredDeviations
};

// Over the last axis.
struct SoftmaxStep {
  BufferId x;
  bool log = false;
  BufferId y;
};

// Over the last axis, y the (log) softmax: dx = (dy - sum(dy * y)) * y, or with
// `log` dy - exp(y) * sum(dy).
struct SoftmaxGradientStep {
  BufferId y, dy;
  bool log = false;
  BufferId dx;
};

struct CrossEntropyStep {
  BufferId logits, labels;
  BufferId loss;
};

// dx = (softmax(logits) - one_hot(labels)) * dy[row]. Without dy the number
// stands for every row.
struct CrossEntropyGradientStep {
  BufferId logits, labels;
  BufferId dy = kNoBuffer;
  BatchNumber dy_number;
  BufferId dx;
};

// y = layer normalization of the rows of x (runtime/elementwise/layer_norm.h).
struct LayerNormStep {
  BufferId x, scale, shift;
  float epsilon = 0;
  BufferId y;
};

// Where there is a scale, it is g times the scale of the column that flows
// back.
struct LayerNormGradientStep {
  BufferId x, g;
  BufferId scale = kNoBuffer;
  float epsilon = 0;
  BufferId dx;
};

// y = x times a mask of dropout (runtime/elementwise/dropout.h), that of the
// step whose number is in the i32 scalar `step`.
struct DropoutStep {
  BufferId x, step;
  float rate = 0;
  uint64_t seed = 0;
  BufferId y;
};

// y = x, stretched to y's shape.
struct CopyStep {
  BufferId x;
  BufferId y;
};

// See Lowering::Rearrange. Several results are what one array is cut into: made
// together, so that it is read once.
struct RearrangeStep {
  struct Result {
    std::vector<BoxCopy> boxes;
    bool zeros = false;
    BufferId y;
  };
  std::vector<Result> results;
};

// y[o, k, i] = x[o, indices[k], i], x seen as [outer, rows, inner].
struct GatherStep {
  BufferId x, indices;
  Extent outer;
  int64_t rows = 1, inner = 1;
  BufferId y;
};

// y = 0, then y[o, indices[k], i] += values[o, k, i] for all k in order; y seen
// as [outer, rows, inner].
struct ScatterAddStep {
  BufferId values, indices;
  Extent outer;
  int64_t rows = 1, inner = 1;
  BufferId y;
};

struct Step {
  using Work =
      absl::variant<MatMulStep, ElementwiseStep, ReduceStep, SoftmaxStep,
                    CrossEntropyStep, CrossEntropyGradientStep, DropoutStep,
                    CopyStep, RearrangeStep, GatherStep, ScatterAddStep,
                    LayerNormStep, LayerNormGradientStep, SoftmaxGradientStep>;
  Work work;
  std::string name;  // of the node that it comes from, or the first of them
};

struct Plan {
  struct Update {
    BufferId leaf;
    BufferId value;
  };

  // After a run the new values of these leaves must be finite: the flag, a
  // scalar, is 0 if so and NaN if not. Without a flag they have to be looked
  // at.
  struct FiniteCheck {
    BufferId flag = kNoBuffer;
    std::vector<BufferId> leaves;
  };

  std::string name;
  std::vector<PlanBuffer> buffers;
  std::vector<Step> steps;
  std::vector<BufferId> inputs;   // in the graph's order
  std::vector<BufferId> outputs;  // likewise
  std::vector<Update> updates;
  std::vector<FiniteCheck> finite_checks;

  BufferId Root(BufferId id) const { return buffers[id].root; }
  const Shape& shape(BufferId id) const { return buffers[id].type.shape; }
  bool IsLeaf(BufferId id) const {
    return buffers[Root(id)].role != BufferRole::kTemporary;
  }
  BufferId AddTemporary(const TensorType& type, const std::string& name);

  // Buffers, then a step a line; code of elementwise steps indented below.
  std::string ToString() const;
};

// Drops what no store or sum of the step needs.
void RemoveUnused(ElementwiseStep& step);

// The roots that a step reads and writes, each once.
std::vector<BufferId> ReadsOf(const Plan& plan, const Step& step);
std::vector<BufferId> WritesOf(const Plan& plan, const Step& step);

// Per root, the indices of the steps that read it, ascending.
std::vector<std::vector<int>> ReadersOf(const Plan& plan);

// Per root, whether an output, an update or a check needs it.
std::vector<bool> NeededAtEnd(const Plan& plan);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_PLAN_H_
