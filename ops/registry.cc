#include "ops/registry.h"

#include <utility>
#include <vector>

#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/integers.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"

namespace espalier {

const OpTable& StandardOps() {
  static const auto* const table = [] {
    std::vector<OpTable::Entry> entries = {{"dense", ReadDense},
                                           {"matmul", ReadMatMul}};
    for (absl::Span<const OpTable::Entry> family :
         {BinaryEntries(), DropoutEntries(), ElementwiseEntries(),
          GateEntries(), IntegerEntries(), NormalizationEntries(),
          ReduceEntries(), ReduceExtremeEntries(), ReshapeEntries(),
          SoftmaxEntries()}) {
      entries.insert(entries.end(), family.begin(), family.end());
    }
    return new OpTable(std::move(entries));
  }();
  return *table;
}

}  // namespace espalier
