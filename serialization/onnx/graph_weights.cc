// Constants of an ONNX file that become parameters.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/model_memory.h"
#include "serialization/onnx/graph_reader.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace {

// Memory that is charged, beside elements.
constexpr int64_t kParameter = HeapBytes(sizeof(Tensor) + kTensorAlignment) +
                               HeapBytes(48 + sizeof(std::string)) +
                               HashBytes(sizeof(std::string) + sizeof(Value)) +
                               HeapBytes(256);

}  // namespace

absl::StatusOr<Tensor> OnnxGraphReader::ConstantFloats(absl::string_view name) {
  const onnx::TensorProto& constant = *FindConstant(name);
  RETURN_IF_ERROR(left_elements_.Fetch(constant, &budget_));
  return ReadOnnxFloats(constant);
}

absl::StatusOr<Value> OnnxGraphReader::Parameter(const std::string& key,
                                                 const std::string& name,
                                                 const Shape& shape,
                                                 absl::optional<Tensor> value) {
  RETURN_IF_ERROR(Charge(kParameter + HeapBytesOf(key) + HeapBytesOf(name)));
  const std::string leaf = NodeName(name);
  const Value parameter = builder_.Parameter(leaf, shape, Initializer::Zeros());
  RETURN_IF_ERROR(builder_.status());
  if (value.has_value()) values_.emplace(leaf, *std::move(value));
  parameters_.emplace(key, parameter);
  return parameter;
}

absl::StatusOr<Value> OnnxGraphReader::Weight(const std::string& name,
                                              const OnnxWeight& weight) {
  const onnx::TensorProto& constant = *FindConstant(name);
  const std::string key =
      absl::StrFormat("%d %a %s", weight.transpose, weight.factor, name);
  const auto made = parameters_.find(key);
  if (made != parameters_.end()) return made->second;
  const Shape shape = OnnxShape(constant);
  const int rank = weight.is_vector ? 1 : 2;
  if (shape.rank() != rank || shape.num_elements() == 0) {
    return absl::UnimplementedError(absl::StrCat(
        Quoted(name), " has shape ", shape.ToString(), ": expected a ",
        weight.is_vector ? "vector" : "matrix", " that is not empty"));
  }
  const Shape matrix = weight.is_vector   ? Shape({shape.num_elements(), 1})
                       : weight.transpose ? Shape({shape.dim(1), shape.dim(0)})
                                          : shape;
  if (WasLeft(constant)) return Parameter(key, name, matrix, absl::nullopt);
  RETURN_IF_ERROR(Charge(shape.num_elements() * int64_t{sizeof(float)}));
  absl::StatusOr<Tensor> tensor =
      weight.is_vector
          ? ReadOnnxFloats(constant)
          : ReadOnnxMatrix(constant, weight.transpose, weight.factor);
  if (!tensor.ok()) return Annotate(tensor.status(), Quoted(name));
  if (weight.is_vector) tensor = (*std::move(tensor)).Reshaped(matrix);
  return Parameter(key, name, matrix, *std::move(tensor));
}

absl::StatusOr<Value> OnnxGraphReader::Bias(const std::string& name,
                                            int64_t units, float factor) {
  const std::string key = absl::StrFormat("bias %d %a %s", units, factor, name);
  const auto made = parameters_.find(key);
  if (made != parameters_.end()) return made->second;
  const onnx::TensorProto& constant = *FindConstant(name);
  const Shape shape({units});
  if (WasLeft(constant)) return Parameter(key, name, shape, absl::nullopt);
  const int64_t bytes = units * int64_t{sizeof(float)};
  RETURN_IF_ERROR(Charge(2 * bytes));
  absl::StatusOr<Tensor> tensor = ReadOnnxFloats(constant);
  if (!tensor.ok()) return Annotate(tensor.status(), Quoted(name));
  Tensor bias(DataType::kF32, shape);
  const absl::Span<const float> from = tensor->data<float>();
  for (size_t i = 0; i < static_cast<size_t>(units); ++i) {
    bias.data<float>()[i] = factor * from[from.size() == 1 ? 0 : i];
  }
  budget_.GiveBack(bytes);
  return Parameter(key, name, shape, std::move(bias));
}

absl::StatusOr<Value> OnnxGraphReader::Table(const std::string& name) {
  const std::string key = absl::StrCat("table ", name);
  const auto made = parameters_.find(key);
  if (made != parameters_.end()) return made->second;
  const onnx::TensorProto& constant = *FindConstant(name);
  const Shape shape = OnnxShape(constant);
  if (WasLeft(constant)) return Parameter(key, name, shape, absl::nullopt);
  RETURN_IF_ERROR(Charge(shape.num_elements() * int64_t{sizeof(float)}));
  absl::StatusOr<Tensor> tensor = ReadOnnxFloats(constant);
  if (!tensor.ok()) return Annotate(tensor.status(), Quoted(name));
  return Parameter(key, name, shape, *std::move(tensor));
}

}  // namespace espalier
