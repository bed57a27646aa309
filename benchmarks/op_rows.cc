#include "benchmarks/op_rows.h"

#include <utility>

#include "graph/philox.h"

namespace espalier {
namespace {

constexpr KindWithoutRow kKindsWithoutRow[] = {
    {"constant", "a leaf"},
    {"identity", "its operand under another name: no step"},
    {"input", "a leaf"},
    {"layer_norm_grad", "what the backward of layer_norm is made of"},
    {"reshape", "its operand under another shape: no step"},
    {"softmax_cross_entropy_grad", "the backward of softmax_cross_entropy"},
    {"stop_gradient", "its operand under another name: no step"},
};

}  // namespace

TensorType F32(std::initializer_list<int64_t> dims) {
  return {DataType::kF32, Shape(dims)};
}

TensorType Full() { return F32({kRows, kColumns}); }

void OpRowTable::Unary(std::string family, std::string name,
                       std::function<Value(Value)> f, Floor forward,
                       Floor backward, float low, float high) {
  rows.push_back({std::move(family),
                  std::move(name),
                  {{Full(), low, high}},
                  [f = std::move(f)](Operands in) { return f(in[0]); },
                  std::move(forward),
                  std::move(backward)});
}

Tensor RowValue(const RowOperand& operand) {
  const RandomStream stream(1, RandomPurpose::kProbe, 0);
  Tensor value(operand.type.dtype, operand.type.shape);
  for (int64_t i = 0; i < value.num_elements(); ++i) {
    const auto at = static_cast<uint64_t>(i);
    if (operand.type.dtype == DataType::kF32) {
      value.data<float>()[at] =
          operand.low + (operand.high - operand.low) * stream.Uniform(at);
    } else {
      value.data<int32_t>()[at] = static_cast<int32_t>(
          stream.Below(at, static_cast<uint32_t>(operand.classes)));
    }
  }
  return value;
}

std::vector<OpRow> OpRows() {
  OpRowTable table;
  AddElementwiseRows(table);
  AddActivationRows(table);
  AddMatrixRows(table);
  AddMovementRows(table);
  return std::move(table.rows);
}

absl::Span<const KindWithoutRow> KindsWithoutRow() { return kKindsWithoutRow; }

}  // namespace espalier
