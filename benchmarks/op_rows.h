// The rows of op_benchmark.cc: an op, its operands, and what it is held
// against.
#ifndef ESPALIER_BENCHMARKS_OP_ROWS_H_
#define ESPALIER_BENCHMARKS_OP_ROWS_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/op_floors.h"
#include "graph/builder.h"
#include "graph/tensor.h"
#include "runtime/elementwise/reductions.h"

namespace espalier {

// A leaf with numbers in [low, high), or of i32 in [0, classes).
struct RowOperand {
  TensorType type;
  float low = -2;
  float high = 2;
  int32_t classes = 10;
  bool differentiated = true;
};
Tensor RowValue(const RowOperand& operand);

using Operands = absl::Span<const Value>;

struct OpRow {
  std::string family;
  std::string name;
  std::vector<RowOperand> operands;
  std::function<Value(Operands)> build;
  Floor forward;
  Floor backward;  // without a name there is none
};

// Rows of kColumns elements each make the kRowElements.
inline constexpr int64_t kRows = 1024;
inline constexpr int64_t kColumns = kRowElements / kRows;
inline constexpr MatrixSize kMatrix = {kRows, kColumns};
TensorType F32(std::initializer_list<int64_t> dims);
TensorType Full();

struct OpRowTable {
  std::vector<OpRow> rows;

  // An op of one full array.
  void Unary(std::string family, std::string name,
             std::function<Value(Value)> f, Floor forward, Floor backward,
             float low = -2, float high = 2);
};

// A file each.
void AddElementwiseRows(OpRowTable& t);
void AddActivationRows(OpRowTable& t);
void AddMatrixRows(OpRowTable& t);
void AddMovementRows(OpRowTable& t);

std::vector<OpRow> OpRows();

// A kind of op that no row's graph has, and why not.
struct KindWithoutRow {
  absl::string_view kind;
  absl::string_view reason;
};
absl::Span<const KindWithoutRow> KindsWithoutRow();

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_OP_ROWS_H_
