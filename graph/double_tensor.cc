#include "graph/double_tensor.h"

#include <cmath>
#include <limits>
#include <utility>

#include "graph/check.h"

namespace espalier {

DoubleTensor::DoubleTensor(const Shape& shape, std::vector<double> values)
    : shape_(shape), values_(std::move(values)) {
  ESPALIER_CHECK(num_elements() == shape.num_elements());
}

DoubleTensor::DoubleTensor(const TensorView& tensor)
    : DoubleTensor(tensor.shape()) {
  if (tensor.dtype() == DataType::kF32) {
    const auto values = tensor.data<float>();
    values_.assign(values.begin(), values.end());
  } else {
    const auto values = tensor.data<int32_t>();
    values_.assign(values.begin(), values.end());
  }
}

Tensor DoubleTensor::ToTensor(DataType dtype) const {
  Tensor tensor(dtype, shape_);
  if (dtype == DataType::kF32) {
    auto out = tensor.data<float>();
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<float>(values_[i]);
    }
    return tensor;
  }
  auto out = tensor.data<int32_t>();
  for (size_t i = 0; i < out.size(); ++i) {
    const double value = values_[i];
    ESPALIER_CHECK(value == std::trunc(value) &&
                   value >= std::numeric_limits<int32_t>::min() &&
                   value <= std::numeric_limits<int32_t>::max());
    out[i] = static_cast<int32_t>(value);
  }
  return tensor;
}

std::vector<int64_t> BroadcastIndices(const Shape& operand,
                                      const Shape& output) {
  const int lead = output.rank() - operand.rank();
  std::vector<int64_t> stride(static_cast<size_t>(output.rank()), 0);
  int64_t step = 1;
  for (int i = operand.rank() - 1; i >= 0; --i) {
    if (operand.dim(i) != 1) stride[static_cast<size_t>(lead + i)] = step;
    step *= operand.dim(i);
  }
  std::vector<int64_t> indices(static_cast<size_t>(output.num_elements()));
  std::vector<int64_t> position(static_cast<size_t>(output.rank()), 0);
  int64_t index = 0;
  for (int64_t& out : indices) {
    out = index;
    for (int i = output.rank() - 1; i >= 0; --i) {
      const auto axis = static_cast<size_t>(i);
      index += stride[axis];
      if (++position[axis] < output.dim(i)) break;
      index -= stride[axis] * position[axis];
      position[axis] = 0;
    }
  }
  return indices;
}

}  // namespace espalier
