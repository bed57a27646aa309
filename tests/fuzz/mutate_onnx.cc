// How ONNX files are changed: as messages, as graphs of names, and now and then
// as bytes; mostly the sizes of tensors are mended.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/bytes.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/mutators.h"

namespace espalier {
namespace {

constexpr int64_t kMostElements = 4096;

size_t BytesOf(int32_t type) {
  switch (type) {
    case onnx::TensorProto::FLOAT16:
      return 2;
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::INT64:
      return 8;
    default:
      return 4;
  }
}

void MendTensor(onnx::TensorProto* tensor) {
  int64_t elements = 1;
  for (const int64_t dim : tensor->dims()) {
    if (dim < 0 || dim > kMostElements) return;
    elements *= dim;
    if (elements > kMostElements) return;
  }
  if (tensor->has_raw_data()) {
    tensor->mutable_raw_data()->resize(static_cast<size_t>(elements) *
                                       BytesOf(tensor->data_type()));
    return;
  }
  const auto count = static_cast<int>(elements);
  if (tensor->data_type() == onnx::TensorProto::FLOAT) {
    tensor->mutable_float_data()->Resize(count, 1);
  } else if (tensor->data_type() == onnx::TensorProto::INT64) {
    tensor->mutable_int64_data()->Resize(count, 1);
  }
}

std::vector<onnx::TensorProto*> TensorsOf(onnx::GraphProto* graph) {
  std::vector<onnx::TensorProto*> tensors;
  for (onnx::TensorProto& tensor : *graph->mutable_initializer()) {
    tensors.push_back(&tensor);
  }
  for (onnx::NodeProto& node : *graph->mutable_node()) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) tensors.push_back(attribute.mutable_t());
    }
  }
  return tensors;
}

void MendTensors(onnx::GraphProto* graph) {
  for (onnx::TensorProto* tensor : TensorsOf(graph)) MendTensor(tensor);
}

// One number of a constant of integers: axes, sizes and indices are such.
void MutateInteger(onnx::GraphProto* graph, NastyValues* values) {
  constexpr size_t kBytes = sizeof(int64_t);
  std::vector<onnx::TensorProto*> integers;
  for (onnx::TensorProto* tensor : TensorsOf(graph)) {
    if (tensor->data_type() == onnx::TensorProto::INT64 &&
        (tensor->int64_data_size() > 0 ||
         tensor->raw_data().size() >= kBytes)) {
      integers.push_back(tensor);
    }
  }
  if (integers.empty()) return;
  onnx::TensorProto& tensor = *integers[values->Below(integers.size())];
  if (tensor.int64_data_size() > 0) {
    const auto at = static_cast<int>(
        values->Below(static_cast<size_t>(tensor.int64_data_size())));
    tensor.set_int64_data(at, values->Integer(tensor.int64_data(at)));
    return;
  }
  std::string* bytes = tensor.mutable_raw_data();
  const size_t at = kBytes * values->Below(bytes->size() / kBytes);
  std::string number;
  AppendLittle(&number,
               values->Integer(LoadLittle<int64_t>(bytes->data() + at)));
  bytes->replace(at, kBytes, number);
}

std::vector<std::string> ValuesOf(const onnx::GraphProto& graph) {
  std::vector<std::string> values;
  for (const auto& tensor : graph.initializer()) {
    values.push_back(tensor.name());
  }
  for (const auto& input : graph.input()) values.push_back(input.name());
  for (const auto& node : graph.node()) {
    for (const std::string& output : node.output()) values.push_back(output);
  }
  return values;
}

std::string FreeName(const std::vector<std::string>& taken, std::string base) {
  if (base.size() > 40) base.resize(40);
  std::string name = base;
  for (int i = 0; std::find(taken.begin(), taken.end(), name) != taken.end();
       ++i) {
    name = absl::StrCat(base, i);
  }
  return name;
}

// A copy of some node behind all others, reading any value, gives an output.
void AppendNode(onnx::GraphProto* graph, NastyValues* values) {
  const int count = graph->node_size();
  if (count == 0 || count > 60) return;
  const onnx::NodeProto original =
      graph->node(static_cast<int>(values->Below(static_cast<size_t>(count))));
  const std::vector<std::string> known = ValuesOf(*graph);
  onnx::NodeProto* node = graph->add_node();
  node->CopyFrom(original);
  for (std::string& output : *node->mutable_output()) {
    output = FreeName(known, output);
    graph->add_output()->set_name(output);
  }
  for (std::string& input : *node->mutable_input()) {
    if (values->OneIn(2)) input = known[values->Below(known.size())];
  }
}

void Rewire(onnx::GraphProto* graph, NastyValues* values) {
  const std::vector<std::string> known = ValuesOf(*graph);
  if (graph->node_size() == 0 || known.empty()) return;
  onnx::NodeProto* node = graph->mutable_node(
      static_cast<int>(values->Below(static_cast<size_t>(graph->node_size()))));
  if (node->input_size() == 0) return;
  node->set_input(
      static_cast<int>(values->Below(static_cast<size_t>(node->input_size()))),
      known[values->Below(known.size())]);
}

void MutateMessage(onnx::ModelProto* model, NastyValues* values) {
  MessageMutator mutator(values);
  for (size_t changes = 1 + values->Below(3); changes > 0; --changes) {
    switch (values->Below(8)) {
      case 0:
        AppendNode(model->mutable_graph(), values);
        break;
      case 1:
        Rewire(model->mutable_graph(), values);
        break;
      case 2:
        MutateInteger(model->mutable_graph(), values);
        break;
      default:
        mutator.Mutate(model);
    }
  }
  if (!values->OneIn(4)) MendTensors(model->mutable_graph());
}

// The nodes of `other` behind those of `model`, under free names, some of them
// reading from there.
void Splice(const onnx::GraphProto& other, onnx::GraphProto* graph,
            NastyValues* values) {
  if (graph->node_size() + other.node_size() > 60) return;
  const std::vector<std::string> known = ValuesOf(*graph);
  std::vector<std::pair<std::string, std::string>> renamed;
  const auto rename = [&](std::string* name) {
    for (const auto& [from, to] : renamed) {
      if (from == *name) *name = to;
    }
  };
  for (const std::string& value : ValuesOf(other)) {
    renamed.emplace_back(value, FreeName(known, value));
  }
  for (const onnx::TensorProto& original : other.initializer()) {
    onnx::TensorProto* tensor = graph->add_initializer();
    tensor->CopyFrom(original);
    rename(tensor->mutable_name());
  }
  for (const onnx::ValueInfoProto& original : other.input()) {
    onnx::ValueInfoProto* input = graph->add_input();
    input->CopyFrom(original);
    rename(input->mutable_name());
  }
  for (const onnx::NodeProto& original : other.node()) {
    onnx::NodeProto* node = graph->add_node();
    node->CopyFrom(original);
    for (std::string& output : *node->mutable_output()) rename(&output);
    for (std::string& input : *node->mutable_input()) {
      if (!known.empty() && values->OneIn(4)) {
        input = known[values->Below(known.size())];
      } else {
        rename(&input);
      }
    }
  }
  for (const onnx::ValueInfoProto& original : other.output()) {
    onnx::ValueInfoProto* output = graph->add_output();
    output->CopyFrom(original);
    rename(output->mutable_name());
  }
}

}  // namespace

std::string MutateOnnxBytes(const std::string& input,
                            const Mutation& mutation) {
  NastyValues values(mutation);
  if (values.OneIn(3)) {
    return Fitting(MutateWire(input, *onnx::ModelProto::descriptor(), &values),
                   input, mutation);
  }
  return Fitting(values.Bytes(input), input, mutation);
}

std::string MutateOnnx(const std::string& input, const Mutation& mutation) {
  NastyValues values(mutation);
  onnx::ModelProto model;
  if (values.OneIn(10) || !model.ParseFromString(input)) {
    return MutateOnnxBytes(input, mutation);
  }
  MutateMessage(&model, &values);
  return Fitting(model.SerializeAsString(), input, mutation);
}

std::string CrossOnnx(const std::string& first, const std::string& second,
                      const Mutation& mutation) {
  NastyValues values(mutation);
  onnx::ModelProto model;
  onnx::ModelProto other;
  if (!model.ParseFromString(first) || !other.ParseFromString(second)) {
    return first;
  }
  if (values.OneIn(2)) {
    Splice(other.graph(), model.mutable_graph(), &values);
  } else {
    MessageMutator(&values).CrossOver(other, &model);
  }
  MendTensors(model.mutable_graph());
  return Fitting(model.SerializeAsString(), first, mutation);
}

}  // namespace espalier
