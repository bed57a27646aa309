#include "serialization/onnx/node_reader.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

// Whether no attribute before number `i` has its name.
absl::Status CheckNotRepeated(const onnx::NodeProto& node, int i) {
  const std::string& name = node.attribute(i).name();
  for (int k = 0; k < i; ++k) {
    if (node.attribute(k).name() == name) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute ", Quoted(name), " stands twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status OnnxNodeReader::CheckArity(int least, int most,
                                        int results) const {
  if (node_.output_size() < 1 || node_.output(0).empty()) {
    return absl::InvalidArgumentError("has no result");
  }
  if (num_outputs() > results) {
    return absl::InvalidArgumentError(absl::StrCat(
        "has ", num_outputs(), " results: expected at most ", results));
  }
  if (num_inputs() > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", num_inputs(), " inputs: expected at most ", most));
  }
  for (int i = 0; i < least; ++i) {
    if (!has_input(i)) {
      return absl::InvalidArgumentError(absl::StrCat("has no input ", i));
    }
  }
  return absl::OkStatus();
}

absl::Status OnnxNodeReader::CheckUnread(int first) const {
  for (int i = first; i < num_outputs(); ++i) {
    if (wants_output(i)) {
      return absl::UnimplementedError(absl::StrCat(
          "its result ", i, ", ", Quoted(output(i)), ", is not computed"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OnnxSize>> OnnxNodeReader::Sizes(int i, int most) {
  ASSIGN_OR_RETURN(const OnnxArray* const found, array(i));
  if (found == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("input ", i, " is not constant"));
  }
  if (found->type() != onnx::TensorProto::INT64 &&
      found->type() != onnx::TensorProto::INT32) {
    return absl::InvalidArgumentError(
        absl::StrCat("input ", i, " is ", OnnxTypeName(found->type()),
                     ": expected INT32 or INT64"));
  }
  if (found->shape().rank() > 1 || found->num_elements() > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("input ", i, " has shape ", found->shape().ToString(),
                     ": expected a list of at most ", most));
  }
  std::vector<OnnxSize> sizes;
  for (int64_t k = 0; k < found->num_elements(); ++k) {
    sizes.push_back(found->SizeAt(k));
  }
  return sizes;
}

absl::StatusOr<std::vector<int64_t>> OnnxNodeReader::ConstantInts(int i,
                                                                  int most) {
  ASSIGN_OR_RETURN(const std::vector<OnnxSize> sizes, Sizes(i, most));
  std::vector<int64_t> integers;
  for (const OnnxSize& size : sizes) {
    if (size.batch != 0) {
      return absl::UnimplementedError(
          absl::StrCat("input ", i, " depends on the size N of the batch"));
    }
    integers.push_back(size.factor);
  }
  return integers;
}

std::string OnnxNodeReader::String(absl::string_view name,
                                   absl::string_view absent) {
  const auto* attribute = Find(name, onnx::AttributeProto::STRING);
  return attribute == nullptr ? std::string(absent) : attribute->s();
}

const onnx::AttributeProto* OnnxNodeReader::Find(
    absl::string_view name, onnx::AttributeProto::AttributeType type) {
  for (int i = 0; i < node_.attribute_size(); ++i) {
    const onnx::AttributeProto& attribute = node_.attribute(i);
    if (attribute.name() != name) continue;
    const auto at = static_cast<size_t>(i);
    if (used_[at] || attribute.type() != type) {
      if (status_.ok()) {
        status_ = absl::InvalidArgumentError(
            absl::StrCat("attribute ", Quoted(name), " has type ",
                         static_cast<int>(attribute.type()), ": expected ",
                         static_cast<int>(type)));
      }
      return nullptr;
    }
    used_[at] = true;
    return &attribute;
  }
  return nullptr;
}

float OnnxNodeReader::Float(absl::string_view name, float absent) {
  const auto* attribute = Find(name, onnx::AttributeProto::FLOAT);
  if (attribute == nullptr) return absent;
  if (!std::isfinite(attribute->f()) && status_.ok()) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("attribute ", Quoted(name), " is not finite"));
  }
  return attribute->f();
}

int64_t OnnxNodeReader::Int(absl::string_view name, int64_t absent) {
  const auto* attribute = Find(name, onnx::AttributeProto::INT);
  return attribute == nullptr ? absent : attribute->i();
}

absl::optional<std::vector<int64_t>> OnnxNodeReader::Ints(
    absl::string_view name) {
  const auto* attribute = Find(name, onnx::AttributeProto::INTS);
  if (attribute == nullptr) return absl::nullopt;
  return std::vector<int64_t>(attribute->ints().begin(),
                              attribute->ints().end());
}

absl::Status OnnxNodeReader::FinishAttributes() const {
  if (!status_.ok()) return status_;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) {
      RETURN_IF_ERROR(CheckNotRepeated(node_, static_cast<int>(i)));
      return absl::UnimplementedError(absl::StrCat(
          "attribute ", Quoted(node_.attribute(static_cast<int>(i)).name()),
          " is not understood"));
    }
  }
  return absl::OkStatus();
}

}  // namespace espalier
