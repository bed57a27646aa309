#include "tests/serialization/onnx/onnx_file.h"

#include "serialization/bytes.h"

namespace espalier {

using onnx::AttributeProto;
using onnx::TensorProto;

OnnxFile::OnnxFile(int opset) {
  model.set_ir_version(7);
  model.add_opset_import()->set_version(opset);
  model.mutable_graph()->set_name("net");
}

OnnxFile& OnnxFile::Input(const std::string& name,
                          const std::vector<int64_t>& dims) {
  return InputOf(TensorProto::FLOAT, name, dims);
}

OnnxFile& OnnxFile::InputOf(int elements, const std::string& name,
                            const std::vector<int64_t>& dims) {
  onnx::ValueInfoProto* input = model.mutable_graph()->add_input();
  input->set_name(name);
  onnx::TypeProto::Tensor* type = input->mutable_type()->mutable_tensor_type();
  type->set_elem_type(elements);
  type->mutable_shape();
  for (const int64_t dim : dims) {
    auto* made = type->mutable_shape()->add_dim();
    if (dim < 0) {
      made->set_dim_param("batch_size");
    } else {
      made->set_dim_value(dim);
    }
  }
  return *this;
}

OnnxFile& OnnxFile::Output(const std::string& name) {
  model.mutable_graph()->add_output()->set_name(name);
  return *this;
}

OnnxFile& OnnxFile::Floats(const std::string& name,
                           const std::vector<int64_t>& dims,
                           std::vector<float> values) {
  TensorProto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(TensorProto::FLOAT);
  int64_t elements = 1;
  for (const int64_t dim : dims) {
    tensor->add_dims(dim);
    elements *= dim;
  }
  for (int64_t i = static_cast<int64_t>(values.size()); i < elements; ++i) {
    values.push_back(static_cast<float>(i + 1));
  }
  for (const float value : values) {
    AppendLittle(tensor->mutable_raw_data(), value);
  }
  return *this;
}

OnnxFile& OnnxFile::Ints(const std::string& name,
                         const std::vector<int64_t>& values) {
  TensorProto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(TensorProto::INT64);
  tensor->add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor->add_int64_data(value);
  return *this;
}

OnnxFile& OnnxFile::Listed(int type, const std::string& name,
                           const std::vector<int32_t>& values) {
  TensorProto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  tensor->add_dims(static_cast<int64_t>(values.size()));
  for (const int32_t value : values) tensor->add_int32_data(value);
  return *this;
}

OnnxFile& OnnxFile::AddResult(const std::string& output) {
  last_node().add_output(output);
  return *this;
}

OnnxFile& OnnxFile::Node(const std::string& op_type,
                         const std::vector<std::string>& inputs,
                         const std::string& output) {
  onnx::NodeProto* node = model.mutable_graph()->add_node();
  node->set_name(output);
  node->set_op_type(op_type);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return *this;
}

AttributeProto& OnnxFile::AddAttribute(const std::string& name) {
  AttributeProto* attribute = last_node().add_attribute();
  attribute->set_name(name);
  return *attribute;
}

OnnxFile& OnnxFile::Set(const std::string& name, int64_t value) {
  AttributeProto& attribute = AddAttribute(name);
  attribute.set_type(AttributeProto::INT);
  attribute.set_i(value);
  return *this;
}

OnnxFile& OnnxFile::SetFloat(const std::string& name, float value) {
  AttributeProto& attribute = AddAttribute(name);
  attribute.set_type(AttributeProto::FLOAT);
  attribute.set_f(value);
  return *this;
}

OnnxFile& OnnxFile::SetInts(const std::string& name,
                            const std::vector<int64_t>& values) {
  AttributeProto& attribute = AddAttribute(name);
  attribute.set_type(AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
  return *this;
}

OnnxFile& OnnxFile::SetTensor(const std::string& name,
                              const TensorProto& value) {
  AttributeProto& attribute = AddAttribute(name);
  attribute.set_type(AttributeProto::TENSOR);
  *attribute.mutable_t() = value;
  return *this;
}

OnnxFile OnnxNetwork() {
  return OnnxFile()
      .Input("x", {-1, 2})
      .Floats("w", {2, 3})
      .Floats("b", {3})
      .Ints("s", {0, 3})
      .Node("MatMul", {"x", "w"}, "m")
      .Node("Add", {"m", "b"}, "h")
      .Node("Reshape", {"h", "s"}, "r")
      .Node("LeakyRelu", {"r"}, "y")
      .SetFloat("alpha", 0.5f)
      .Output("y");
}

}  // namespace espalier
