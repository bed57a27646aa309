// Builds the table of one instruction set. Included by one source per set,
// after its vector_*.h.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_KERNEL_TABLE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_KERNEL_TABLE_H_

#include "runtime/elementwise/vector_math.h"
//
#include "runtime/elementwise/elementwise_kernels.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr KernelTable MakeKernelTable() {
  KernelTable table = {};
  FillTable<0, 0>(table);
  table.expand_row = ExpandRow;
  table.expand_column = ExpandColumn;
  return table;
}

constexpr KernelTable kKernelTable = MakeKernelTable();

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_KERNEL_TABLE_H_
