// The order matters: the table is built on the vector of this set.
#include "runtime/elementwise/vector_baseline.h"
//
#include "runtime/elementwise/kernel_table.h"

namespace espalier {

const KernelTable& BaselineKernels() { return kKernelTable; }

}  // namespace espalier
