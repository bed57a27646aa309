#include "ops/registry.h"

#include <utility>
#include <vector>

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

}  // namespace espalier
