// DoubleTensor: what the interpreter computes with. Integers are held exactly.
#ifndef ESPALIER_GRAPH_DOUBLE_TENSOR_H_
#define ESPALIER_GRAPH_DOUBLE_TENSOR_H_

#include <cstdint>
#include <vector>

#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

class DoubleTensor {
 public:
  DoubleTensor() : DoubleTensor(Shape({0})) {}
  // Filled with `fill`. REQUIRES: shape is valid, without a symbolic batch.
  explicit DoubleTensor(const Shape& shape, double fill = 0.0)
      : shape_(shape),
        values_(static_cast<size_t>(shape.num_elements()), fill) {}
  // REQUIRES: as many values as the shape has elements.
  DoubleTensor(const Shape& shape, std::vector<double> values);
  explicit DoubleTensor(const TensorView& tensor);

  const Shape& shape() const { return shape_; }
  int64_t num_elements() const { return static_cast<int64_t>(values_.size()); }
  double& operator[](int64_t i) { return values_[static_cast<size_t>(i)]; }
  double operator[](int64_t i) const { return values_[static_cast<size_t>(i)]; }
  const std::vector<double>& values() const { return values_; }

  // Rounded to the nearest f32, or to i32. REQUIRES, for i32: every value is
  // an integer that fits.
  Tensor ToTensor(DataType dtype = DataType::kF32) const;

 private:
  Shape shape_;
  std::vector<double> values_;
};

// Walks the elements of `output` in row-major order and gives, for each, the
// index of the element of an operand of shape `operand` that broadcasting
// reads there. REQUIRES: BroadcastShapes(operand, output) is `output`.
std::vector<int64_t> BroadcastIndices(const Shape& operand,
                                      const Shape& output);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_DOUBLE_TENSOR_H_
