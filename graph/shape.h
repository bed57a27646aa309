// Shapes and element types of the values in a graph.
#ifndef ESPALIER_GRAPH_SHAPE_H_
#define ESPALIER_GRAPH_SHAPE_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace espalier {

// The symbolic batch size N; only the leading dimension may be it.
inline constexpr int64_t kBatch = -1;

inline constexpr int kMaxRank = 12;
inline constexpr int64_t kMaxDimension = (int64_t{1} << 31) - 1;
inline constexpr int64_t kMaxElements = int64_t{1} << 40;

enum class DataType { kF32, kI32 };

// "f32" or "i32".
absl::string_view DataTypeName(DataType dtype);
absl::StatusOr<DataType> ParseDataType(absl::string_view name);

// a * b, or nothing when either is negative or the product does not fit.
absl::optional<int64_t> CheckedMul(int64_t a, int64_t b);

// A list of dimensions, kept in place: copying a shape allocates nothing.
// A shape made from lists longer than kMaxRank keeps its true rank() only up
// to kMaxRank + 1, which Validate() refuses.
class Shape {
 public:
  Shape() = default;  // rank 0: a scalar
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(absl::Span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t dim(int i) const { return dims_[i]; }  // REQUIRES: 0 <= i < rank()
  absl::Span<const int64_t> dims() const {
    return absl::MakeConstSpan(dims_.data(), rank_);
  }
  void set_dim(int i, int64_t size) { dims_[i] = size; }

  bool has_symbolic_batch() const { return rank_ > 0 && dims_[0] == kBatch; }

  // The same shape with the symbolic batch, if any, replaced by `batch`.
  Shape Bind(int64_t batch) const;

  // REQUIRES: Validate() is OK and !has_symbolic_batch().
  int64_t num_elements() const;
  // Elements of one sample: the symbolic batch counts as 1.
  int64_t num_elements_per_sample() const { return Bind(1).num_elements(); }

  // Rank at most kMaxRank; dimensions 0 to kMaxDimension, the leading one or
  // kBatch; at most kMaxElements elements (kBatch counted as 1).
  absl::Status Validate() const;

  std::string ToString() const;  // "[N, 30]"

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.dims() == b.dims();
  }
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }

 private:
  int rank_ = 0;
  std::array<int64_t, kMaxRank + 1> dims_{};
};

// The dimensions as a list, which attributes hold.
std::vector<int64_t> DimsOf(const Shape& shape);

// What a node's result is: element type and shape.
struct TensorType {
  DataType dtype = DataType::kF32;
  Shape shape;

  std::string ToString() const;  // "f32[N, 30]"

  friend bool operator==(const TensorType& a, const TensorType& b) {
    return a.dtype == b.dtype && a.shape == b.shape;
  }
  friend bool operator!=(const TensorType& a, const TensorType& b) {
    return !(a == b);
  }
};

// The shape that a and b take together, aligned at the right, where a
// dimension of 1 stretches (the usual rule of NumPy and ONNX); an error names
// the two shapes. The symbolic batch matches itself or 1.
absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_SHAPE_H_
