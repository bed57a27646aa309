#include "serialization/model_parts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/model_message.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

constexpr uint32_t kVersionField = 2;
constexpr uint32_t kTensorField = 2046;
constexpr uint32_t kChecksumField = 2047;

// A tensor has a message in the structure with a field or two.
constexpr size_t kLeastTensorMessage = 4;  // bytes

absl::Status NoModel(absl::string_view begin) {
  return absl::InvalidArgumentError(
      absl::StrCat("is no Espalier model: it begins with ", Quoted(begin)));
}

// The first bytes and the last; the checksum between them comes later.
absl::Status CheckEnds(ByteSource* source, std::string* first) {
  const auto size = static_cast<size_t>(source->size());
  std::string& begin = *first;
  begin.resize(std::min(size, kModelBegin.size()));
  RETURN_IF_ERROR(source->ReadAt(0, &begin[0], begin.size()));
  const bool begins = begin == kModelBegin;
  if (!begins && absl::StartsWith(kModelBegin, begin)) {
    return absl::DataLossError(size == 0 ? "is empty"
                                         : "ends inside its first field");
  }
  bool ends = false;
  if (size >= kModelBegin.size() + kChecksumBytes) {
    std::string tag(kChecksumTag.size(), '\0');
    RETURN_IF_ERROR(source->ReadAt(static_cast<int64_t>(size - kChecksumBytes),
                                   &tag[0], tag.size()));
    ends = tag == kChecksumTag;
  }
  if (ends) return absl::OkStatus();
  if (!begins) return NoModel(begin);
  return absl::DataLossError("is damaged or cut: no checksum at its end");
}

absl::Status CheckVersion(absl::string_view structure) {
  WireReader reader(
      structure.substr(std::min(structure.size(), kModelBegin.size())),
      kModelBegin.size());
  const absl::Status missing =
      reader.Error("expected the format version after the magic");
  if (reader.done()) return missing;
  ASSIGN_OR_RETURN(const WireTag tag, reader.Tag());
  if (tag.field != kVersionField || tag.type != WireType::kVarint) {
    return missing;
  }
  ASSIGN_OR_RETURN(const uint64_t version, reader.Varint());
  return CheckFormatVersion(version);
}

// A window over a source, as far as `end`, that moves on.
class Window {
 public:
  Window(ByteSource* source, int64_t end) : reader_(source), end_(end) {}

  int64_t place() const { return place_; }
  int64_t left() const { return end_ - place_; }
  uint32_t checksum() const { return reader_.checksum(); }

  // The next bytes, at least `size` unless the end comes first.
  absl::StatusOr<absl::string_view> Peek(size_t size) {
    if (buffer_.size() - at_ < size && reader_.place() < end_) {
      buffer_.erase(buffer_.begin(),
                    buffer_.begin() + static_cast<ptrdiff_t>(at_));
      at_ = 0;
      const size_t held = buffer_.size();
      const auto more = static_cast<size_t>(
          std::min(end_ - reader_.place(),
                   static_cast<int64_t>(ChecksumReader::kPiece)));
      buffer_.resize(held + more);
      RETURN_IF_ERROR(reader_.Read(buffer_.data() + held, more));
    }
    return absl::string_view(buffer_.data() + at_, buffer_.size() - at_);
  }

  // Takes bytes, or drops them where `to` is null. REQUIRES: that many are
  // left.
  absl::Status Take(char* to, int64_t size) {
    const auto held = static_cast<size_t>(
        std::min(size, static_cast<int64_t>(buffer_.size() - at_)));
    if (to != nullptr) std::copy_n(buffer_.data() + at_, held, to);
    at_ += held;
    place_ += size;
    const int64_t rest = size - static_cast<int64_t>(held);
    if (to == nullptr) return reader_.Skip(rest);
    return reader_.Read(to + held, static_cast<size_t>(rest));
  }

 private:
  ChecksumReader reader_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  int64_t place_ = 0;
  const int64_t end_;
};

// The fields of the message between its ends.
class Walk {
 public:
  Walk(Window* window, bool hold_tensors, const ModelLimits& limits)
      : window_(*window), hold_(hold_tensors), limits_(limits) {}

  // What is wrong with a field goes to error(): whether it counts is known when
  // the checksum is. Here fails what cannot be read.
  absl::Status Run() {
    while (window_.left() > 0 && error_.ok()) RETURN_IF_ERROR(Field());
    return window_.Take(nullptr, window_.left());
  }

  const absl::Status& error() const { return error_; }
  ModelParts& parts() { return parts_; }

  absl::Status CheckTensorBytes() const {
    if (tensor_bytes_ <= limits_.tensor_bytes) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat(
        "the model's tensors have ", tensor_bytes_,
        " bytes: a model file holds at most ", limits_.tensor_bytes));
  }

 private:
  // The longest tag with the longest number, and then some.
  static constexpr size_t kHeader = 32;

  absl::Status Field() {
    ASSIGN_OR_RETURN(const absl::string_view view, window_.Peek(kHeader));
    WireReader reader(view, static_cast<size_t>(window_.place()));
    const absl::StatusOr<WireTag> tag = reader.Tag();
    if (!tag.ok()) return Wrong(tag.status(), view);
    const bool tensor =
        tag->field == kTensorField && tag->type == WireType::kBytes;
    if (tag->field == kChecksumField) {
      return Wrong(reader.Error("a checksum stands before the end"), view);
    }
    if (!tensor && parts_.tensors.size() > 0) {
      return Wrong(reader.Error(absl::StrCat("field ", tag->field,
                                             " stands after tensor_data")),
                   view);
    }
    int64_t payload = 0;
    const absl::Status value = Value(&reader, tag->type, &payload);
    if (!value.ok()) return Wrong(value, view);
    const auto header = static_cast<int64_t>(reader.place()) - window_.place();
    return tensor ? TakeTensor(header, payload)
                  : TakeStructure(header + payload);
  }

  // Past the value, or of bytes past their length: then `payload` follows.
  absl::Status Value(WireReader* reader, WireType type, int64_t* payload) {
    if (type != WireType::kBytes) return reader->SkipNumber(type);
    const WireReader before = *reader;
    ASSIGN_OR_RETURN(const uint64_t size, reader->Varint());
    const int64_t left = window_.left() + window_.place() -
                         static_cast<int64_t>(reader->place());
    if (size > static_cast<uint64_t>(left))
      return before.LengthError(size, left);
    *payload = static_cast<int64_t>(size);
    return absl::OkStatus();
  }

  absl::Status TakeTensor(int64_t header, int64_t size) {
    RETURN_IF_ERROR(window_.Take(nullptr, header));
    if (parts_.tensors.size() >=
        parts_.structure.size() / kLeastTensorMessage) {
      error_ = absl::ResourceExhaustedError("holds too many tensors");
      return absl::OkStatus();
    }
    tensor_bytes_ += size;
    const bool hold = hold_ && tensor_bytes_ <= limits_.tensor_bytes;
    if (!hold && hold_) parts_.tensors.Clear();
    if (!hold) {
      parts_.tensors.AddPlace(static_cast<size_t>(size), window_.place());
      return window_.Take(nullptr, size);
    }
    return window_.Take(parts_.tensors.Add(static_cast<size_t>(size)), size);
  }

  absl::Status TakeStructure(int64_t size) {
    std::string& structure = parts_.structure;
    const size_t held = structure.size();
    if (static_cast<int64_t>(held) + size > limits_.structure_bytes) {
      error_ = absl::ResourceExhaustedError(
          absl::StrCat("holds too many bytes beside its tensors: expected at "
                       "most ",
                       limits_.structure_bytes));
      return absl::OkStatus();
    }
    structure.resize(held + static_cast<size_t>(size));
    return window_.Take(&structure[held], size);
  }

  // Keeps what follows too: the version may be there.
  absl::Status Wrong(const absl::Status& status, absl::string_view rest) {
    error_ = status;
    absl::StrAppend(&parts_.structure, rest.substr(0, kHeader));
    return absl::OkStatus();
  }

  Window& window_;
  const bool hold_;
  const ModelLimits& limits_;
  ModelParts parts_;
  int64_t tensor_bytes_ = 0;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<ModelParts> ReadModelParts(ByteSource* source, bool hold_tensors,
                                          const ModelLimits& limits) {
  std::string begin;
  RETURN_IF_ERROR(CheckEnds(source, &begin));
  Window window(source, source->size() - static_cast<int64_t>(kChecksumBytes));
  Walk walk(&window, hold_tensors, limits);
  RETURN_IF_ERROR(walk.Run());
  char end[kChecksumBytes];
  RETURN_IF_ERROR(source->Read(end, sizeof(end)));
  RETURN_IF_ERROR(source->Finish());
  const auto stored = LoadLittle<uint32_t>(end + kChecksumTag.size());
  if (stored != window.checksum() && !PlantedBug(3)) {
    return absl::DataLossError(absl::StrCat(
        "is damaged: its checksum is ", absl::Hex(stored, absl::kZeroPad8),
        ", that of its bytes ", absl::Hex(window.checksum(), absl::kZeroPad8)));
  }
  ModelParts& parts = walk.parts();
  if (begin != kModelBegin) return NoModel(begin);
  RETURN_IF_ERROR(CheckVersion(parts.structure));
  RETURN_IF_ERROR(walk.error());
  RETURN_IF_ERROR(walk.CheckTensorBytes());
  return std::move(parts);
}

}  // namespace espalier
