// An input of a node that is moved about: known, or computed.
#ifndef ESPALIER_SERIALIZATION_ONNX_IMPORT_OPERAND_H_
#define ESPALIER_SERIALIZATION_ONNX_IMPORT_OPERAND_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "serialization/onnx/node_reader.h"

namespace espalier {
namespace onnx_import {

struct Operand {
  const OnnxArray* array = nullptr;  // if it is known; else the value
  Value value;
  int type = 0;  // a TensorProto.DataType
  // As the file counts them, for one sample: a batch among them is 1.
  std::vector<int64_t> dims;
  // Whether dims[0] is the batch, and whether any size of it is meant.
  bool batch = false;
  bool symbolic = false;
  // Axes of ours before those of the file: 1 for a batch in front.
  int front = 0;

  int rank() const { return static_cast<int>(dims.size()); }
  // Ours, of dimensions for one sample, whose batch is still in front.
  Shape ShapeOf(std::vector<int64_t> sample) const;
};

absl::StatusOr<Operand> ReadOperand(OnnxNodeReader& node, int i);

// What the operand becomes under `dims`, for one sample. An error if they have
// another number of elements, or the batch would not stay in front.
absl::Status SetReshaped(OnnxNodeReader& node, const Operand& x,
                         std::vector<int64_t> dims);
// The same of a value that is made of `x`.
absl::StatusOr<Value> Reshaped(const Operand& x, Value value,
                               std::vector<int64_t> dims,
                               absl::string_view name);

// An error unless they make a shape that is no larger than any may be.
absl::StatusOr<Shape> FixedShape(absl::Span<const int64_t> dims);

// Bytes for elements like those of the array are charged.
absl::Status ChargeFor(OnnxNodeReader& node, const OnnxArray& array,
                       const Shape& shape);

// "axis 0 is the batch: <what>".
absl::Status BatchError(absl::string_view what);

}  // namespace onnx_import
}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_IMPORT_OPERAND_H_
