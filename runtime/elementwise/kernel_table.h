// Builds the table of one instruction set. Included by one source per set,
// after its vector_*.h.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_KERNEL_TABLE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_KERNEL_TABLE_H_

#include "runtime/elementwise/vector_math.h"
#include "runtime/elementwise/vector_matrix.h"
//
#include "runtime/elementwise/dropout_kernels.h"
#include "runtime/elementwise/elementwise_kernels.h"
#include "runtime/elementwise/kernels.h"
#include "runtime/elementwise/layer_norm_kernels.h"
#include "runtime/elementwise/matmul_kernels.h"
#include "runtime/elementwise/move_kernels.h"
#include "runtime/elementwise/reduction_kernels.h"
#include "runtime/elementwise/row_kernels.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

constexpr KernelTable MakeKernelTable() {
  KernelTable table = {};
  FillTable(table, std::make_integer_sequence<int, kNumOpcodes>());
  table.expand_row = ExpandRow;
  table.expand_column = ExpandColumn;
  table.multiply_small = MultiplySmall;
  table.sum_rows = FoldRows<Sums>;
  table.deviation_rows = FoldRows<SquaredDeviations>;
  table.max_rows = FoldRows<Largest>;
  table.min_rows = FoldRows<Smallest>;
  table.add_partials = AddPartials;
  table.sum_columns = FoldColumns<Sums>;
  table.deviation_columns = FoldColumns<SquaredDeviations>;
  table.max_columns = MaxColumns;
  table.min_columns = MinColumns;
  table.softmax = Softmax;
  table.log_softmax = LogSoftmax;
  table.softmax_backward = SoftmaxBackward;
  table.log_softmax_backward = LogSoftmaxBackward;
  table.cross_entropy = CrossEntropy;
  table.cross_entropy_backward = CrossEntropyBackward;
  table.layer_norm = LayerNorm;
  table.layer_norm_backward = LayerNormBackward;
  table.dropout = Dropout;
  table.copy_rows = CopyRows;
  table.transpose = TransposeMatrix;
  table.find_non_finite = FindNonFinite;
  table.find_outside = FindOutside;
  return table;
}

constexpr KernelTable kKernelTable = MakeKernelTable();

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_KERNEL_TABLE_H_
