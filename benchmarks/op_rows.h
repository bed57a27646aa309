// The rows of op_benchmark.cc: an op, its operands, and what it is held
// against.
#ifndef ESPALIER_BENCHMARKS_OP_ROWS_H_
#define ESPALIER_BENCHMARKS_OP_ROWS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/tensor.h"

namespace espalier {

inline constexpr int64_t kRowElements = int64_t{1} << 20;

// A leaf with numbers in [low, high), or of i32 in [0, classes).
struct RowOperand {
  TensorType type;
  float low = -2;
  float high = 2;
  int32_t classes = 10;
  bool differentiated = true;
};
Tensor RowValue(const RowOperand& operand);

// Makes, for a number of threads, what a ratio divides by.
using Floor = std::function<std::function<void()>(int threads)>;

struct OpRow {
  std::string family;
  std::string name;
  std::vector<RowOperand> operands;
  std::function<Value(absl::Span<const Value>)> build;
  Floor forward;
  Floor backward;  // null: there is no gradient
};

std::vector<OpRow> OpRows();

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_OP_ROWS_H_
