// Leaves: nodes without inputs. An input is fed at each run; a parameter is
// trained; a state is kept and updated but not trained (running statistics,
// optimiser moments, step counters); a constant is part of the graph.
#ifndef ESPALIER_GRAPH_LEAVES_H_
#define ESPALIER_GRAPH_LEAVES_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/initializer.h"
#include "graph/op.h"
#include "graph/tensor.h"

namespace espalier {

enum class LeafKind { kInput, kParameter, kState, kConstant };

OpPtr MakeInput(const TensorType& type);
OpPtr MakeParameter(const TensorType& type, const Initializer& initializer);
OpPtr MakeState(const TensorType& type, const Initializer& initializer);
OpPtr MakeConstant(const Tensor& value);

// Recognisers: nothing or null for any other op.
absl::optional<LeafKind> AsLeaf(const Op& op);
const Tensor* ConstantValue(const Op& op);
// Of a parameter or state.
const Initializer* LeafInitializer(const Op& op);

bool IsLeafKind(absl::string_view kind);
absl::Span<const OpTable::Entry> LeafEntries();

}  // namespace espalier

#endif  // ESPALIER_GRAPH_LEAVES_H_
