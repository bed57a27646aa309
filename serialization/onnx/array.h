// What an ONNX file says outright, or what follows from that alone: an array of
// any element type, exactly as in the file. Sizes, which are integers, may be
// multiples of the batch N, which is known only in a run.
#ifndef ESPALIER_SERIALIZATION_ONNX_ARRAY_H_
#define ESPALIER_SERIALIZATION_ONNX_ARRAY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/shape.h"

namespace espalier {

// factor, or factor N.
struct OnnxSize {
  int64_t factor = 0;
  int64_t batch = 0;  // 1 for multiples of N; of 64 bits, so that none are left
                      // between elements

  friend bool operator==(const OnnxSize& a, const OnnxSize& b) {
    return a.factor == b.factor && a.batch == b.batch;
  }
};

class OnnxArray {
 public:
  // Zeros. REQUIRES: shape.Validate() is OK, and Charge() of num_bytes().
  OnnxArray(int type, const Shape& shape);
  // The same of OnnxSize, for INT64 or INT32.
  static OnnxArray OfSizes(const Shape& shape, int type = kInt64);
  // Of bytes that outlive it.
  OnnxArray(int type, const Shape& shape, absl::string_view bytes);

  int type() const { return type_; }  // a TensorProto.DataType
  // Whether the elements are OnnxSize.
  bool of_sizes() const { return of_sizes_; }
  const Shape& shape() const { return shape_; }
  int64_t num_elements() const { return shape_.num_elements(); }
  size_t width() const { return width_; }  // bytes of an element

  // Row by row, little-endian, at any alignment.
  const char* bytes() const {
    return owned_.empty() ? view_.data() : owned_.data();
  }
  // REQUIRES: made with zeros.
  char* mutable_bytes() { return &owned_[0]; }
  std::string TakeBytes();

  // Zeros of the same sort under a shape.
  OnnxArray Like(const Shape& shape) const;

  // Of BOOL and all integers. REQUIRES: is_integral(), !of_sizes().
  int64_t IntAt(int64_t i) const;
  // REQUIRES: is_integral().
  OnnxSize SizeAt(int64_t i) const;
  // REQUIRES: is_floating().
  double FloatAt(int64_t i) const;
  void SetSize(int64_t i, const OnnxSize& size);  // REQUIRES: of_sizes()

  bool DependsOnBatch() const;
  // The same as plain integers. REQUIRES: of_sizes(), !DependsOnBatch().
  OnnxArray Fixed() const;

  bool is_integral() const;
  bool is_floating() const;

 private:
  static constexpr int kInt64 = onnx::TensorProto::INT64;

  int type_;
  bool of_sizes_ = false;
  Shape shape_;
  size_t width_;
  std::string owned_;
  absl::string_view view_;
};

// The elements as FLOAT. REQUIRES: is_floating(), of at most 32 bits, and
// Charge() of theirs.
OnnxArray FloatsOf(const OnnxArray& array);

// Bytes of an element in raw_data; 0 for types that are not read.
size_t OnnxWidth(int type);
// "INT64"; "type 99" for what ONNX has no name for.
std::string OnnxTypeName(int type);

// How the elements of one array lie in another.
struct OnnxView {
  Shape shape;
  int64_t offset = 0;
  std::vector<int64_t> strides;  // of elements, one for each axis of `shape`
};

// REQUIRES: `view` stays within `from`.
OnnxArray CopyView(const OnnxArray& from, const OnnxView& view);

// The strides with which `from` stretches to `to`, which BroadcastShapes gave.
std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_ARRAY_H_
