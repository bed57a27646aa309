// The order matters: the table is built on the vector of this set.
#include "runtime/elementwise/vector_avx512.h"
//
#include "runtime/elementwise/kernel_table.h"

namespace espalier {

const KernelTable& Avx512Kernels() { return kKernelTable; }

}  // namespace espalier
