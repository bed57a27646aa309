// Op: what a node computes. One class holds all rules of an op; see
// CONTRIBUTING.md for how to add one.
#ifndef ESPALIER_GRAPH_OP_H_
#define ESPALIER_GRAPH_OP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/attributes.h"
#include "graph/double_tensor.h"
#include "graph/interval.h"
#include "graph/shape.h"

namespace espalier {

class Lowering;  // runtime/lowering.h
class Value;     // graph/builder.h

// Immutable and shared: one Op object may stand in many nodes of many graphs.
class Op {
 public:
  virtual ~Op() = default;

  // The stable name under which the op is printed and saved, such as "relu".
  virtual absl::string_view kind() const = 0;

  // How many inputs a node of this op has.
  virtual int arity() const = 0;

  // All that, with kind(), makes the op again through an OpTable.
  virtual Attributes attributes() const { return {}; }

  // The type of the result, or an error that says what was expected and what
  // came. `inputs` has arity() entries.
  virtual absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const = 0;

  // The meaning, in double precision: plain loops, written to be read.
  // Shapes are bound (no symbolic batch); `output` is the result's. `inputs`
  // fit InferType. Not called for input, parameter and state.
  virtual DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                                const Shape& output) const = 0;

  // Gradients with respect to each input, as new nodes of output's builder,
  // from dy, the gradient with respect to the result. `wanted[i]` tells which
  // are needed: the others may be left as default Values, which also stand for
  // "no gradient flows there" (integers, comparisons). The default is an error
  // that names the op.
  virtual absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value output, Value dy,
      const std::vector<bool>& wanted) const;

  // For one sample (symbolic batch bound to 1; the caller sees to it that ops
  // which mix samples are not asked): from intervals for the inputs, one for
  // each element of the result that contains every value that float32 execution
  // can produce in any summation order. The default: everything is possible.
  virtual IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                                const Shape& output) const;

  // Whether finite inputs within the intervals give finite results wherever no
  // result on the way is too large for a float32: neither 1/0 nor log(0) nor
  // the root of a negative number is. What reads such an op can be proven for
  // all inputs (BoundsScope::kAllInputs in pruning/bounds.h); for the others
  // Bounds must be finite on both sides to be worth anything there. The
  // default: it is not known.
  virtual bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> inputs) const;

  // Of an op that only training needs, such as dropout: the number of the input
  // that stands for its result in the inference form of a graph.
  virtual absl::optional<int> inference_input() const { return absl::nullopt; }

  // Describes the op to the runtime in its verbs. The default is an error that
  // names the op.
  virtual absl::Status Lower(Lowering& lowering) const;
};

using OpPtr = std::shared_ptr<const Op>;

// Maps a kind to a factory from attributes. Loaders and the text parser take
// one, so a program can read graphs that hold its own ops.
class OpTable {
 public:
  struct Entry {
    absl::string_view kind;  // of a string that lives as long as the program
    absl::StatusOr<OpPtr> (*make)(AttributeReader& attributes);
  };

  // Leaf kinds (graph/leaves.h) are always known and need not be listed.
  // Of a kind that is there twice Make gives an error.
  explicit OpTable(std::vector<Entry> entries);

  // This table and `more` in one; its kinds are to be new ones.
  OpTable Extended(absl::Span<const Entry> more) const;

  // Unimplemented when the kind is unknown, InvalidArgument when it is there
  // twice or the attributes do not fit it.
  absl::StatusOr<OpPtr> Make(absl::string_view kind,
                             const Attributes& attributes) const;

  // Sorted by kind, leaves included.
  absl::Span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace espalier

#endif  // ESPALIER_GRAPH_OP_H_
