#include "serialization/onnx/graph_reader.h"

#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/dense.h"
#include "ops/reshape.h"
#include "serialization/model_memory.h"
#include "serialization/onnx/import_table.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace {

constexpr size_t kLongestName = 200;  // room for a number behind it

// Memory that is charged, beside elements.
// Nodes are charged when they are there, but the table of their names before it
// grows: so many nodes ahead.
constexpr int64_t kAhead = 64;
constexpr int64_t kTensor = HeapBytes(sizeof(Tensor) + kTensorAlignment);
constexpr int64_t kKept =
    int64_t{sizeof(onnx::TensorProto) + sizeof(OnnxArray)} +
    HeapBytes(sizeof(std::string)) + HeapBytes(8 * kMaxRank);

// In which an input of the file's type is handed in; nothing for types that are
// not read. Whoever hands it in sees to it that nothing is lost.
absl::optional<DataType> DataTypeOf(int type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
      return DataType::kF32;
    case onnx::TensorProto::BOOL:
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::INT32:
    case onnx::TensorProto::INT64:
      return DataType::kI32;
    default:
      return absl::nullopt;
  }
}

}  // namespace

std::string CleanName(absl::string_view name) {
  std::string clean;
  for (const char c : name.substr(0, kLongestName)) {
    const bool good =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::string_view("_./-").find(c) != absl::string_view::npos;
    clean += good ? c : '_';
  }
  return clean.empty() ? "_" : clean;
}

OnnxGraphReader::OnnxGraphReader(onnx::GraphProto* graph, int opset,
                                 OnnxBatch batch, const MemoryBudget& budget,
                                 OnnxLeftElements* left_elements)
    : graph_(*graph),
      opset_(opset),
      batch_(batch),
      budget_(budget),
      left_elements_(*left_elements),
      builder_(CleanName(graph->name())) {}

absl::Status OnnxGraphReader::ChargeNodes() {
  RETURN_IF_ERROR(Charge(numbered_));
  numbered_ = 0;
  for (; charged_ < builder_.num_nodes(); ++charged_) {
    const Node& node = builder_.node(charged_);
    const auto inputs = static_cast<int64_t>(node.inputs.size());
    RETURN_IF_ERROR(Charge(MemoryOfBuilderNode(node.name, inputs) +
                           MemoryOfAttributes(*node.op)));
    RETURN_IF_ERROR(budget_.Replace(MemoryOfNames(charged_ + kAhead),
                                    MemoryOfNames(charged_ + kAhead + 1)));
    graph_bytes_ += MemoryOfGraphNode(node.name, inputs);
  }
  return absl::OkStatus();
}

template <typename Map>
absl::Status OnnxGraphReader::ChargeGrown(const Map& table,
                                          absl::string_view name) {
  constexpr int64_t kSlot = sizeof(typename Map::value_type);
  const auto size = static_cast<int64_t>(table.size());
  RETURN_IF_ERROR(budget_.Replace(HashTableBytes(size, kSlot),
                                  HashTableBytes(size + 1, kSlot)));
  return Charge(HeapBytesOf(name));
}

absl::Status OnnxGraphReader::FreeAndChargeGraph() {
  const auto free = [this](auto* table) {
    constexpr int64_t kSlot =
        sizeof(typename std::remove_reference_t<decltype(*table)>::value_type);
    // The least that it can be, where some was reserved and not used.
    int64_t bytes = HashTableBytes(static_cast<int64_t>(table->size()), kSlot);
    for (const auto& entry : *table) bytes += HeapBytesOf(entry.first);
    std::remove_reference_t<decltype(*table)>().swap(*table);
    budget_.GiveBack(bytes);
  };
  free(&entries_);
  free(&readers_);
  int64_t nodes = 0;
  for (const onnx::NodeProto& node : graph_.node()) {
    nodes += HeapBytes(sizeof(node));
    for (const auto* list : {&node.input(), &node.output()}) {
      nodes += list->size() * HeapBytes(sizeof(std::string));
    }
  }
  google::protobuf::RepeatedPtrField<onnx::NodeProto>().Swap(
      graph_.mutable_node());
  budget_.GiveBack(nodes);
  return Charge(graph_bytes_);
}

absl::Status OnnxGraphReader::AddReader(const std::string& name, int readers) {
  if (!readers_.contains(name)) RETURN_IF_ERROR(ChargeGrown(readers_, name));
  readers_[name] += readers;
  return absl::OkStatus();
}

absl::Status OnnxGraphReader::CountReaders() {
  for (const onnx::NodeProto& node : graph_.node()) {
    for (const std::string& input : node.input()) {
      RETURN_IF_ERROR(AddReader(input, 1));
    }
  }
  for (const onnx::ValueInfoProto& output : graph_.output()) {
    RETURN_IF_ERROR(AddReader(output.name(), 2));  // so that none waits
  }
  return absl::OkStatus();
}

absl::StatusOr<Model> OnnxGraphReader::Read() {
  // As many as there are messages for: so that the table seldom moves.
  const size_t likely = static_cast<size_t>(graph_.initializer_size()) +
                        static_cast<size_t>(graph_.input_size()) +
                        static_cast<size_t>(graph_.node_size());
  reserved_ = static_cast<int64_t>(likely);
  RETURN_IF_ERROR(Charge(
      HashTableBytes(reserved_, sizeof(decltype(entries_)::value_type))));
  entries_.reserve(likely);
  for (const onnx::TensorProto& tensor : graph_.initializer()) {
    const absl::Status status =
        CheckOnnxTensor(tensor, left_elements_.BytesOf(tensor));
    if (!status.ok()) {
      return Annotate(status,
                      absl::StrCat("initializer ", Quoted(tensor.name())));
    }
    Entry entry;
    entry.constant = &tensor;
    RETURN_IF_ERROR(AddEntry(tensor.name(), entry));
  }
  absl::flat_hash_set<std::string> listed;
  for (const onnx::ValueInfoProto& input : graph_.input()) {
    if (!listed.insert(input.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(input.name()), " is given twice"));
    }
    // Old files list initializers as inputs too.
    if (entries_.contains(input.name())) continue;
    const absl::Status status = ReadInput(input);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("input ", Quoted(input.name())));
    }
  }
  RETURN_IF_ERROR(CountReaders());
  for (const onnx::NodeProto& node : graph_.node()) {
    RETURN_IF_ERROR(ReadOnnxNode(node, *this));
    RETURN_IF_ERROR(builder_.status());
    ++nodes_read_;
  }
  RETURN_IF_ERROR(ReadOutputs());
  RETURN_IF_ERROR(ChargeNodes());
  RETURN_IF_ERROR(FreeAndChargeGraph());
  Model model;
  ASSIGN_OR_RETURN(model.graph, builder_.Build());
  model.values = std::move(values_);
  return model;
}

absl::Status OnnxGraphReader::AddEntry(const std::string& name,
                                       const Entry& entry) {
  if (name.empty()) return absl::InvalidArgumentError("a value has no name");
  RETURN_IF_ERROR(ChargeNodes());
  RETURN_IF_ERROR(static_cast<int64_t>(entries_.size()) < reserved_
                      ? Charge(HeapBytesOf(name))
                      : ChargeGrown(entries_, name));
  if (entries_.emplace(name, entry).second) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("value ", Quoted(name), " is given twice"));
}

absl::Status OnnxGraphReader::ReadInput(const onnx::ValueInfoProto& input) {
  const onnx::TypeProto::Tensor& type = input.type().tensor_type();
  if (!input.type().has_tensor_type() || !type.has_shape()) {
    return absl::UnimplementedError("expected a tensor of known rank");
  }
  const absl::optional<DataType> dtype = DataTypeOf(type.elem_type());
  if (!dtype.has_value()) {
    return absl::UnimplementedError(absl::StrCat(
        "elements of type ", type.elem_type(),
        ": expected 1 (FLOAT), 2 (UINT8), 6 (INT32), 7 (INT64), 9 (BOOL) or 11 "
        "(DOUBLE)"));
  }
  std::vector<int64_t> dims;
  if (batch_ == OnnxBatch::kInFront) dims.push_back(kBatch);
  for (int i = 0; i < type.shape().dim_size(); ++i) {
    const auto& dim = type.shape().dim(i);
    const bool symbol = batch_ == OnnxBatch::kSymbolic && !dim.has_dim_value();
    const bool one = batch_ == OnnxBatch::kLeading && dim.dim_value() == 1;
    if (i == 0 && (symbol || one)) {
      dims.push_back(kBatch);
    } else if (!dim.has_dim_value() || dim.dim_value() < 0) {
      return absl::UnimplementedError(
          absl::StrCat("dimension ", i, " is not fixed"));
    } else {
      dims.push_back(dim.dim_value());
    }
  }
  const std::string name = NodeName(input.name());
  inputs_[input.name()] = name;
  Entry entry;
  entry.type = type.elem_type();
  entry.value = builder_.Input(name, Shape(dims), *dtype);
  RETURN_IF_ERROR(builder_.status());
  return AddEntry(input.name(), entry);
}

absl::Status OnnxGraphReader::ReadOutputs() {
  absl::flat_hash_set<std::string> listed;
  absl::flat_hash_set<std::string> taken;
  absl::flat_hash_map<std::string, int> numbered;
  for (const onnx::ValueInfoProto& output : graph_.output()) {
    if (!listed.insert(output.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("output ", Quoted(output.name()), " is given twice"));
    }
    const absl::StatusOr<Value> value = FindValue(output.name());
    if (!value.ok()) {
      return Annotate(value.status(),
                      absl::StrCat("output ", Quoted(output.name())));
    }
    const std::string clean = CleanName(output.name());
    std::string name = clean;
    while (!taken.insert(name).second) {
      name = absl::StrCat(clean, "_", ++numbered[clean]);
    }
    builder_.Output(name, *value);
  }
  return absl::OkStatus();
}

const onnx::TensorProto* OnnxGraphReader::FindConstant(
    absl::string_view name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : entry->second.constant;
}

absl::StatusOr<const OnnxArray*> OnnxGraphReader::FindArray(
    absl::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  if (entry.array == nullptr && entry.constant != nullptr) {
    const onnx::TensorProto& tensor = *entry.constant;
    RETURN_IF_ERROR(left_elements_.Fetch(tensor, &budget_));
    if (!tensor.has_raw_data()) {
      RETURN_IF_ERROR(
          Charge(OnnxShape(tensor).num_elements() *
                 static_cast<int64_t>(OnnxWidth(tensor.data_type()))));
    }
    RETURN_IF_ERROR(Charge(sizeof(OnnxArray)));
    OnnxArray array = ReadOnnxArray(tensor);
    if (entry.is_float_alias && array.type() != onnx::TensorProto::FLOAT) {
      RETURN_IF_ERROR(Charge(array.num_elements() * int64_t{sizeof(float)}));
      array = FloatsOf(array);
    }
    entry.array = &arrays_.emplace_back(std::move(array));
  }
  return entry.array;
}

int OnnxGraphReader::FindType(absl::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return 0;
  const Entry& entry = found->second;
  if (entry.is_float_alias) return onnx::TensorProto::FLOAT;
  if (entry.constant != nullptr) return entry.constant->data_type();
  if (entry.array != nullptr) return entry.array->type();
  return entry.product != nullptr ? onnx::TensorProto::FLOAT : entry.type;
}

absl::StatusOr<Value> OnnxGraphReader::FindValue(absl::string_view name) {
  // One node of the file may become as many of ours as it has inputs.
  RETURN_IF_ERROR(ChargeNodes());
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "reads ", Quoted(name), ", which nothing before it gives"));
  }
  Entry& entry = found->second;
  if (entry.value.valid()) return entry.value;
  if (entry.product != nullptr) {
    entry.value = WriteProduct(*entry.product, Value(), name);
    entry.product = nullptr;
  } else if (entry.constant == nullptr) {
    return absl::UnimplementedError(absl::StrCat(
        Quoted(name),
        " depends on the size N of the batch, with which nothing is computed"));
  } else {
    const int64_t elements = OnnxShape(*entry.constant).num_elements();
    // The op copies them.
    const int64_t bytes = elements * int64_t{sizeof(float)} + kTensor;
    RETURN_IF_ERROR(Charge(2 * bytes));
    RETURN_IF_ERROR(left_elements_.Fetch(*entry.constant, &budget_));
    absl::StatusOr<Tensor> tensor = IsOnnxFloat(*entry.constant)
                                        ? ReadOnnxFloats(*entry.constant)
                                        : ReadOnnxIntegers(*entry.constant);
    if (!tensor.ok()) return Annotate(tensor.status(), Quoted(name));
    entry.value = builder_.Constant(*tensor, NodeName(name));
    budget_.GiveBack(bytes);
  }
  RETURN_IF_ERROR(builder_.status());
  RETURN_IF_ERROR(ChargeNodes());
  return entry.value;
}

const OnnxProduct* OnnxGraphReader::FindProduct(absl::string_view name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : entry->second.product;
}

absl::Status OnnxGraphReader::SetConstant(const std::string& name,
                                          onnx::TensorProto tensor) {
  RETURN_IF_ERROR(CheckOnnxTensor(tensor));
  RETURN_IF_ERROR(Charge(kKept));
  Entry entry;
  entry.constant = &kept_.emplace_back(std::move(tensor));
  return AddEntry(name, entry);
}

absl::Status OnnxGraphReader::SetFileConstant(const std::string& name,
                                              const onnx::TensorProto& tensor) {
  RETURN_IF_ERROR(CheckOnnxTensor(tensor));
  Entry entry;
  entry.constant = &tensor;
  return AddEntry(name, entry);
}

absl::Status OnnxGraphReader::SetArray(const std::string& name,
                                       OnnxArray array) {
  RETURN_IF_ERROR(Charge(kKept));
  Entry entry;
  if (array.DependsOnBatch()) {
    entry.array = &arrays_.emplace_back(std::move(array));
    return AddEntry(name, entry);
  }
  if (array.of_sizes()) array = array.Fixed();
  onnx::TensorProto tensor;
  tensor.set_data_type(array.type());
  for (const int64_t dim : array.shape().dims()) tensor.add_dims(dim);
  tensor.set_raw_data(array.TakeBytes());
  entry.constant = &kept_.emplace_back(std::move(tensor));
  return AddEntry(name, entry);
}

absl::Status OnnxGraphReader::SetValue(const std::string& name, Value value,
                                       int type) {
  RETURN_IF_ERROR(builder_.status());
  Entry entry;
  entry.value = value;
  entry.type = type != 0 ? type
               : value.type().dtype == DataType::kF32
                   ? onnx::TensorProto::FLOAT
                   : onnx::TensorProto::INT32;
  return AddEntry(name, entry);
}

absl::Status OnnxGraphReader::SetProduct(const std::string& name,
                                         const OnnxProduct& product) {
  RETURN_IF_ERROR(builder_.status());
  if (readers_[name] != 1) {
    return SetValue(name, WriteProduct(product, Value(), name));
  }
  RETURN_IF_ERROR(Charge(sizeof(product)));
  Entry entry;
  entry.product = &products_.emplace_back(product);
  return AddEntry(name, entry);
}

absl::Status OnnxGraphReader::SetAlias(const std::string& alias,
                                       const std::string& name) {
  const auto found = entries_.find(name);
  // A copy of an entry that changes later would not change with it.
  if (found == entries_.end() ||
      (found->second.constant == nullptr && found->second.array == nullptr)) {
    RETURN_IF_ERROR(FindValue(name).status());
  }
  const Entry entry = entries_.find(name)->second;
  return AddEntry(alias, entry);
}

absl::Status OnnxGraphReader::SetFloatAlias(const std::string& alias,
                                            const std::string& name) {
  Entry entry;
  entry.constant = FindConstant(name);
  entry.is_float_alias = true;
  return AddEntry(alias, entry);
}

std::string OnnxGraphReader::NodeName(absl::string_view name) {
  const std::string clean = CleanName(name);
  std::string unique = builder_.UniqueName(clean);
  // The builder notes which number comes next.
  if (unique != clean) {
    numbered_ +=
        HashBytes(sizeof(std::pair<std::string, int>)) + HeapBytesOf(clean);
  }
  return unique;
}

Value OnnxGraphReader::WriteProduct(const OnnxProduct& product, Value bias,
                                    absl::string_view name) {
  const std::string node = NodeName(name);
  const Value y =
      bias.valid() ? Dense(product.rows, product.weight, bias, node)
                   : MatMul(product.rows, product.weight, false, false, node);
  if (!y.valid() || y.shape() == product.shape) return y;
  return Reshape(y, product.shape);
}

}  // namespace espalier
