#include "serialization/onnx/graph_writer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "serialization/bytes.h"

namespace espalier {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

void SetType(const TensorType& type, onnx::TypeProto* message) {
  onnx::TypeProto::Tensor* tensor = message->mutable_tensor_type();
  tensor->set_elem_type(OnnxElementType(type.dtype));
  onnx::TensorShapeProto* shape = tensor->mutable_shape();
  for (const int64_t dim : type.shape.dims()) {
    if (dim == kBatch) {
      shape->add_dim()->set_dim_param(std::string(kOnnxBatch));
    } else {
      shape->add_dim()->set_dim_value(dim);
    }
  }
}

void SetValue(const OnnxAttribute& attribute, AttributeProto* message) {
  message->set_name(attribute.name);
  if (const auto* number = absl::get_if<float>(&attribute.value)) {
    message->set_type(AttributeProto::FLOAT);
    message->set_f(*number);
  } else if (const auto* integer = absl::get_if<int64_t>(&attribute.value)) {
    message->set_type(AttributeProto::INT);
    message->set_i(*integer);
  } else if (const auto* text = absl::get_if<std::string>(&attribute.value)) {
    message->set_type(AttributeProto::STRING);
    message->set_s(*text);
  } else {
    const auto& list = absl::get<std::vector<int64_t>>(attribute.value);
    message->set_type(AttributeProto::INTS);
    message->mutable_ints()->Add(list.begin(), list.end());
  }
}

}  // namespace

TensorProto::DataType OnnxElementType(DataType dtype) {
  return dtype == DataType::kF32 ? TensorProto::FLOAT : TensorProto::INT32;
}

std::string OnnxNames::Take(absl::string_view base) {
  std::string name;
  for (const char c : base) {
    name += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  if (name.empty() ||
      absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) {
    name.insert(name.begin(), '_');
  }
  std::string free = name;
  while (!taken_.insert(free).second) {
    free = absl::StrCat(name, "_", ++last_suffix_[name]);
  }
  return free;
}

OnnxGraphWriter::OnnxGraphWriter(absl::string_view name) {
  graph_.set_name(OnnxNames().Take(name));
}

void OnnxGraphWriter::AddInput(const std::string& value,
                               const TensorType& type) {
  onnx::ValueInfoProto* input = graph_.add_input();
  input->set_name(value);
  SetType(type, input->mutable_type());
}

void OnnxGraphWriter::AddOutput(const std::string& value,
                                const TensorType& type) {
  onnx::ValueInfoProto* output = graph_.add_output();
  output->set_name(value);
  SetType(type, output->mutable_type());
}

void OnnxGraphWriter::AddInitializer(const std::string& value,
                                     const Tensor& tensor) {
  OnnxInitializer initializer;
  initializer.header.set_name(value);
  initializer.header.set_data_type(OnnxElementType(tensor.dtype()));
  initializer.header.mutable_dims()->Add(tensor.shape().dims().begin(),
                                         tensor.shape().dims().end());
  initializer.raw = absl::string_view(static_cast<const char*>(tensor.raw()),
                                      tensor.num_bytes());
  initializers_.push_back(std::move(initializer));
}

void OnnxGraphWriter::AddNode(absl::string_view op_type,
                              absl::Span<const std::string> inputs,
                              absl::Span<const OnnxAttribute> attributes,
                              absl::string_view name,
                              const std::string& result) {
  onnx::NodeProto* node = graph_.add_node();
  node->set_name(nodes_.Take(name));
  node->set_op_type(std::string(op_type));
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(result);
  for (const OnnxAttribute& attribute : attributes) {
    SetValue(attribute, node->add_attribute());
  }
}

std::string OnnxGraphWriter::Scalar(float value) {
  std::string raw;
  AppendLittle(&raw, value);
  return Shared(TensorProto::FLOAT, {}, raw);
}

std::string OnnxGraphWriter::Ints(absl::Span<const int64_t> values) {
  std::string raw;
  for (const int64_t value : values) AppendLittle(&raw, value);
  return Shared(TensorProto::INT64, {static_cast<int64_t>(values.size())}, raw);
}

std::string OnnxGraphWriter::Shared(TensorProto::DataType type,
                                    absl::Span<const int64_t> dims,
                                    absl::string_view raw) {
  std::string& value = shared_[{{type, dims.size()}, std::string(raw)}];
  if (!value.empty()) return value;
  value = NewValue("constant");
  OnnxInitializer initializer;
  initializer.header.set_name(value);
  initializer.header.set_data_type(type);
  initializer.header.mutable_dims()->Add(dims.begin(), dims.end());
  initializer.raw = kept_.emplace_back(raw);
  initializers_.push_back(std::move(initializer));
  return value;
}

}  // namespace espalier
