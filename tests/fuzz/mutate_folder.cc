// How a model and the weights beside it are changed: one of the two, then what
// the model says of its weights is mostly mended.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "espalier/model.pb.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/crc32c.h"
#include "serialization/external_file.h"
#include "serialization/weights_file.h"
#include "tests/fuzz/folder_input.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/mutators.h"

namespace espalier {
namespace {

constexpr int64_t kMostElements = 4096;  // that mending makes of a shape

// A name that no model may use, now and then.
std::string Location(const std::string& old, NastyValues* values) {
  const std::vector<std::string> names(std::begin(kForbiddenNames),
                                       std::end(kForbiddenNames));
  return values->Text(old, names);
}

// The weights in the order of the values, as large as the shapes say.
void LayOut(v1::Model* model, std::string* weights) {
  std::vector<std::string> tensors;
  for (const v1::Variable& variable : model->values()) {
    uint64_t elements = 1;
    for (const int64_t dim : variable.value().dims()) {
      if (dim < 0 || dim > kMostElements) return;
      elements *= static_cast<uint64_t>(dim);
      if (elements > kMostElements) return;
    }
    const uint64_t begin = variable.value().offset();
    std::string tensor =
        begin < weights->size()
            ? weights->substr(static_cast<size_t>(begin), elements * 4)
            : std::string();
    tensor.resize(elements * 4);
    tensors.push_back(std::move(tensor));
  }
  const std::vector<absl::string_view> pieces(tensors.begin(), tensors.end());
  const WeightsLayout layout = LayOutWeights(pieces, kWeightsAlignment);
  weights->clear();
  for (const absl::string_view piece : layout.pieces) {
    absl::StrAppend(weights, piece);
  }
  for (int i = 0; i < model->values_size(); ++i) {
    model->mutable_values(i)->mutable_value()->set_offset(
        layout.offsets[static_cast<size_t>(i)]);
  }
}

std::string Joined(const FolderInput& folder, const std::string& input,
                   const Mutation& mutation) {
  return Fitting(JoinFolder(folder), input, mutation);
}

}  // namespace

std::string MutateModelFolder(const std::string& input,
                              const Mutation& mutation) {
  NastyValues values(mutation);
  FolderInput folder = SplitFolder(input);
  v1::Model model;
  if (values.OneIn(10) || !ParseSealed(folder.model, &model)) {
    folder.model = MutateModelBytes(folder.model, mutation);
    return Joined(folder, input, mutation);
  }
  if (values.OneIn(4)) {
    folder.weights = values.Bytes(folder.weights);
  } else {
    MessageMutator mutator(&values);
    for (size_t changes = 1 + values.Below(3); changes > 0; --changes) {
      mutator.Mutate(&model);
    }
    if (values.OneIn(4)) LayOut(&model, &folder.weights);
  }
  v1::Weights* weights = model.mutable_weights();
  if (!values.OneIn(8)) weights->set_checksum(Crc32c(folder.weights));
  if (!values.OneIn(8)) weights->set_bytes(folder.weights.size());
  if (values.OneIn(8)) {
    weights->set_name(Location(weights->name(), &values));
  } else if (!values.OneIn(4)) {
    weights->set_name(WeightsName("m.pb", weights->checksum()).value());
  }
  model.clear_checksum();
  folder.model = Sealed(model.SerializeAsString());
  return Joined(folder, input, mutation);
}

std::string MutateOnnxFolder(const std::string& input,
                             const Mutation& mutation) {
  NastyValues values(mutation);
  FolderInput folder = SplitFolder(input);
  if (values.OneIn(8)) {
    folder.weights = values.Bytes(folder.weights);
    return Joined(folder, input, mutation);
  }
  onnx::ModelProto model;
  if (values.OneIn(10) || !model.ParseFromString(folder.model)) {
    folder.model = MutateOnnxBytes(folder.model, mutation);
    return Joined(folder, input, mutation);
  }
  auto* tensors = model.mutable_graph()->mutable_initializer();
  if (tensors->empty() || values.OneIn(2)) {
    MessageMutator(&values).Mutate(&model);
  } else {
    onnx::TensorProto* tensor = tensors->Mutable(
        static_cast<int>(values.Below(static_cast<size_t>(tensors->size()))));
    MessageMutator(&values).Mutate(tensor);
    for (auto& entry : *tensor->mutable_external_data()) {
      if (!values.OneIn(4)) continue;
      if (entry.key() == "location") {
        entry.set_value(Location(entry.value(), &values));
      } else {
        entry.set_value(absl::StrCat(
            values.Integer(static_cast<int64_t>(folder.weights.size()))));
      }
    }
  }
  folder.model = model.SerializeAsString();
  return Joined(folder, input, mutation);
}

std::string CrossFolders(const std::string& first, const std::string& second,
                         const Mutation& mutation) {
  FolderInput folder = SplitFolder(first);
  folder.weights = SplitFolder(second).weights;
  return Joined(folder, first, mutation);
}

}  // namespace espalier
