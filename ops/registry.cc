#include "ops/registry.h"

#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dense.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/gather.h"
#include "ops/integers.h"
#include "ops/layer_norm.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"

namespace espalier {

const OpTable& StandardOps() {
  static const auto* const table = [] {
    std::vector<OpTable::Entry> entries = {{"dense", ReadDense},
                                           {"matmul", ReadMatMul}};
    for (absl::Span<const OpTable::Entry> family :
         {ActivationEntries(), BinaryEntries(), ConcatEntries(),
          DropoutEntries(), ElementwiseEntries(), ExponentialUnitEntries(),
          GateEntries(), GatherEntries(), IntegerEntries(), LayerNormEntries(),
          NormalizationEntries(), ReduceEntries(), ReduceExtremeEntries(),
          ReshapeEntries(), SlicePadEntries(), SoftmaxEntries(),
          TransposeEntries()}) {
      entries.insert(entries.end(), family.begin(), family.end());
    }
    return new OpTable(std::move(entries));
  }();
  return *table;
}

absl::Status CheckOwnKinds(const Graph& graph) {
  for (const Node& node : graph.nodes()) {
    const Op& op = *node.op;
    if (AsLeaf(op).has_value()) continue;
    const absl::StatusOr<OpPtr> standard =
        StandardOps().Make(op.kind(), op.attributes());
    if (absl::IsUnimplemented(standard.status())) continue;
    if (standard.ok()) {
      const Op& same = **standard;
      if (typeid(same) == typeid(op)) continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        node.ToString(),
        ": this op of the program's own has the kind of a standard one, as "
        "which a saved model would be read: expected a kind that is new"));
  }
  return absl::OkStatus();
}

}  // namespace espalier
