#include "serialization/onnx/external_data.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/byte_source.h"
#include "serialization/external_file.h"
#include "serialization/file_reader.h"
#include "serialization/weights_file.h"

namespace espalier {
namespace {

using onnx::TensorProto;

constexpr size_t kSha1Digits = 40;

struct Place {
  std::string location;
  int64_t offset = 0;
  absl::optional<int64_t> length;
};

absl::Status ReadNumber(absl::string_view key, const std::string& text,
                        int64_t* number) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   absl::ascii_isdigit);
  if (digits && absl::SimpleAtoi(text, number)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("external data: ", key, " is ", Quoted(text.substr(0, 80)),
                   ": expected a number of plain digits below 2^63"));
}

absl::StatusOr<Place> ReadPlace(const TensorProto& tensor) {
  std::map<std::string, std::string> entries;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (!entries.emplace(entry.key(), entry.value()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("external data: ", Quoted(entry.key().substr(0, 80)),
                       " stands twice"));
    }
  }
  Place place;
  bool located = false;
  for (const auto& [key, value] : entries) {
    if (key == "location") {
      located = true;
      place.location = value;
    } else if (key == "offset") {
      RETURN_IF_ERROR(ReadNumber(key, value, &place.offset));
    } else if (key == "length") {
      RETURN_IF_ERROR(ReadNumber(key, value, &place.length.emplace()));
    } else if (key == "checksum") {
      if (value.size() != kSha1Digits ||
          !std::all_of(value.begin(), value.end(), absl::ascii_isxdigit)) {
        return absl::InvalidArgumentError(
            "external data: checksum is no SHA-1: expected 40 hexadecimal "
            "digits");
      }
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "external data: ", Quoted(key.substr(0, 80)),
          " is no key of it: expected location, offset, length, checksum"));
    }
  }
  if (!located) {
    return absl::InvalidArgumentError("external data: location is missing");
  }
  return place;
}

class Reader {
 public:
  Reader(const std::string& folder, MemoryBudget* budget)
      : folder_(folder), budget_(*budget) {}

  // Larger elements go into `left_elements`, if that is not null.
  absl::Status Read(TensorProto* tensor, OnnxLeftElements* left_elements) {
    const bool external = tensor->data_location() == TensorProto::EXTERNAL;
    if (!external && tensor->external_data_size() == 0) return absl::OkStatus();
    if (!external) {
      return absl::InvalidArgumentError(
          "has external data, and its data_location is another");
    }
    if (tensor->has_raw_data()) {
      return absl::InvalidArgumentError("has elements in two places");
    }
    ASSIGN_OR_RETURN(const Place place, ReadPlace(*tensor));
    ASSIGN_OR_RETURN(FileReader* const file, Open(place.location));
    const int64_t rest = file->size() - place.offset;
    const int64_t length = place.length.value_or(std::max<int64_t>(rest, 0));
    if (rest < 0 || length > rest) {
      return absl::InvalidArgumentError(absl::StrCat(
          "external data: ", length, " bytes at byte ", place.offset, " of ",
          Quoted(place.location), ", which has ", file->size()));
    }
    // Many tensors in one place would ask for more memory than there is file.
    left_ -= length;
    read_ += length;
    if (left_ < 0) {
      return absl::ResourceExhaustedError(
          "external data: tensors share bytes, and ask for more than the files "
          "have");
    }
    tensor->clear_external_data();
    tensor->clear_data_location();
    budget_.AddFile(length);
    if (left_elements != nullptr && length >= left_elements->least()) {
      return left_elements->Add(tensor, file, place.offset, length, &budget_);
    }
    RETURN_IF_ERROR(budget_.Charge(length));
    std::string* raw = tensor->mutable_raw_data();
    raw->resize(static_cast<size_t>(length));
    return file->ReadAt(place.offset, &(*raw)[0], raw->size());
  }

  // The files, from which nothing more is read here.
  void KeepFiles(OnnxLeftElements* left_elements) {
    for (auto& [location, file] : files_) left_elements->Keep(std::move(file));
    files_.clear();
  }

 private:
  absl::StatusOr<FileReader*> Open(const std::string& location) {
    std::unique_ptr<FileReader>& file = files_[location];
    if (file != nullptr) return file.get();
    ASSIGN_OR_RETURN(
        FileReader opened,
        OpenExternal(folder_, location, PhysicalMemory() - left_ - read_));
    left_ += opened.size();
    file = std::make_unique<FileReader>(std::move(opened));
    const absl::optional<uint32_t> expected = ChecksumInWeightsName(location);
    if (!expected.has_value()) return file.get();
    ChecksumReader reader(file.get());
    RETURN_IF_ERROR(reader.Skip(file->size()));
    if (reader.checksum() == *expected) return file.get();
    return absl::DataLossError(absl::StrCat(
        "external file ", Quoted(location), " is damaged: the checksum of its ",
        "bytes is ", absl::Hex(reader.checksum(), absl::kZeroPad8)));
  }

  const std::string& folder_;
  MemoryBudget& budget_;
  std::map<std::string, std::unique_ptr<FileReader>> files_;
  int64_t left_ = 0;  // bytes of the files that may still be read
  int64_t read_ = 0;
};

}  // namespace

void SetOnnxExternalData(const std::string& location, uint64_t offset,
                         uint64_t length, TensorProto* tensor) {
  const auto add = [tensor](absl::string_view key, std::string value) {
    onnx::StringStringEntryProto* entry = tensor->add_external_data();
    entry->set_key(std::string(key));
    entry->set_value(std::move(value));
  };
  add("location", location);
  add("offset", absl::StrCat(offset));
  add("length", absl::StrCat(length));
  tensor->set_data_location(TensorProto::EXTERNAL);
}

absl::Status ReadOnnxExternalData(const std::string& folder,
                                  onnx::GraphProto* graph, MemoryBudget* budget,
                                  OnnxLeftElements* left_elements) {
  Reader reader(folder, budget);
  for (TensorProto& tensor : *graph->mutable_initializer()) {
    const absl::Status status = reader.Read(
        &tensor, OnnxLeftElements::MayStay(tensor) ? left_elements : nullptr);
    if (!status.ok()) {
      return Annotate(status,
                      absl::StrCat("initializer ", Quoted(tensor.name())));
    }
  }
  for (onnx::NodeProto& node : *graph->mutable_node()) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (!attribute.has_t()) continue;
      const absl::Status status = reader.Read(attribute.mutable_t(), nullptr);
      if (status.ok()) continue;
      return Annotate(status,
                      absl::StrCat("node ", Quoted(node.name()), ": attribute ",
                                   Quoted(attribute.name())));
    }
  }
  if (left_elements != nullptr) reader.KeepFiles(left_elements);
  return absl::OkStatus();
}

}  // namespace espalier
