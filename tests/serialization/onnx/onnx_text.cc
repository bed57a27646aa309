#include "tests/serialization/onnx/onnx_text.h"

#include <google/protobuf/unknown_field_set.h>

#include <cstring>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

template <typename T>
std::vector<T> Elements(const TensorProto& tensor) {
  std::vector<T> elements(tensor.raw_data().size() / sizeof(T));
  std::memcpy(elements.data(), tensor.raw_data().data(),
              elements.size() * sizeof(T));
  return elements;
}

std::string PrintInts(const std::vector<int64_t>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ", "), "]");
}

std::string PrintValue(const AttributeProto& attribute) {
  switch (attribute.type()) {
    case AttributeProto::FLOAT:
      return absl::StrCat(attribute.f());
    case AttributeProto::INT:
      return absl::StrCat(attribute.i());
    case AttributeProto::STRING:
      return attribute.s();
    case AttributeProto::INTS:
      return PrintInts({attribute.ints().begin(), attribute.ints().end()});
    default:
      return "?";
  }
}

}  // namespace

onnx::ModelProto ParseOnnx(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  const std::string known = model.SerializeAsString();
  EXPECT_EQ(known.size(), bytes.size());
  onnx::ModelProto stripped = model;
  stripped.DiscardUnknownFields();
  EXPECT_EQ(stripped.SerializeAsString(), known);
  return model;
}

std::string PrintNodes(const onnx::GraphProto& graph) {
  std::map<std::string, std::string> names;
  for (const TensorProto& tensor : graph.initializer()) {
    if (tensor.data_type() == TensorProto::FLOAT && tensor.dims_size() == 0) {
      names[tensor.name()] = absl::StrCat(Elements<float>(tensor)[0]);
    } else if (tensor.data_type() == TensorProto::INT64) {
      names[tensor.name()] = PrintInts(Elements<int64_t>(tensor));
    }
  }
  std::string text;
  for (const onnx::NodeProto& node : graph.node()) {
    std::vector<std::string> inputs;
    for (const std::string& input : node.input()) {
      const auto constant = names.find(input);
      inputs.push_back(constant == names.end() ? input : constant->second);
    }
    std::vector<std::string> attributes;
    for (const AttributeProto& attribute : node.attribute()) {
      attributes.push_back(
          absl::StrCat(attribute.name(), "=", PrintValue(attribute)));
    }
    absl::StrAppend(&text, absl::StrJoin(node.output(), ", "), " = ",
                    node.op_type(), "(", absl::StrJoin(inputs, ", "),
                    attributes.empty() ? "" : "; ",
                    absl::StrJoin(attributes, ", "), ")\n");
  }
  return text;
}

std::string PrintType(const onnx::ValueInfoProto& value) {
  const onnx::TypeProto::Tensor& type = value.type().tensor_type();
  std::vector<std::string> dims;
  for (const auto& dim : type.shape().dim()) {
    dims.push_back(dim.has_dim_param() ? dim.dim_param()
                                       : absl::StrCat(dim.dim_value()));
  }
  return absl::StrCat(type.elem_type() == TensorProto::FLOAT   ? "f32"
                      : type.elem_type() == TensorProto::INT32 ? "i32"
                                                               : "?",
                      "[", absl::StrJoin(dims, ", "), "]");
}

}  // namespace espalier
