#include "serialization/onnx/outline.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

constexpr int kBlock = 64 << 10;

// A file as protobuf reads one.
class Stream : public google::protobuf::io::CopyingInputStream {
 public:
  explicit Stream(ByteSource* file) : file_(file) {}

  int Read(void* buffer, int size) override {
    const int64_t count = std::min<int64_t>(size, file_->size() - place_);
    if (!file_
             ->ReadAt(place_, static_cast<char*>(buffer),
                      static_cast<size_t>(count))
             .ok()) {
      return -1;
    }
    place_ += count;
    return static_cast<int>(count);
  }

  int Skip(int size) override {
    const int64_t count = std::min<int64_t>(size, file_->size() - place_);
    place_ += count;
    return static_cast<int>(count);
  }

 private:
  ByteSource* const file_;
  int64_t place_ = 0;
};

// The way from the file's message to the elements, by numbers of fields.
constexpr int kWay[] = {onnx::ModelProto::kGraphFieldNumber,
                        onnx::GraphProto::kInitializerFieldNumber,
                        onnx::TensorProto::kRawDataFieldNumber};
constexpr int kTensor = 2;  // messages around a tensor

class Outliner {
 public:
  Outliner(ByteSource* file, int64_t least)
      : size_(file->size()),
        least_(least),
        stream_(file),
        blocks_(&stream_, kBlock),
        input_(&blocks_) {}

  absl::StatusOr<OnnxOutline> Read() {
    if (size_ <= std::numeric_limits<int>::max()) {
      input_.PushLimit(static_cast<int>(size_));
      if (Message(0, &outline_.bytes)) {
        outline_.bytes.shrink_to_fit();  // they are what is charged
        return std::move(outline_);
      }
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "byte ", input_.CurrentPosition(), ": the fields do not add up"));
  }

 private:
  // Copies the fields up to the limit: those of a message `depth` messages down
  // the way.
  bool Message(int depth, std::string* out) {
    bool whole = true;  // nothing was left out of it
    while (input_.BytesUntilLimit() > 0) {
      const size_t begin = out->size();
      const uint32_t tag = input_.ReadTag();
      if (tag == 0) return false;
      AppendVarint(tag, out);
      if (static_cast<WireType>(tag & 7) != WireType::kBytes) {
        if (!Number(static_cast<WireType>(tag & 7), out)) return false;
        continue;
      }
      constexpr int kMostLengthBytes = 5;  // that protobuf takes
      const int place = input_.CurrentPosition();
      uint64_t length;
      if (!input_.ReadVarint64(&length) ||
          input_.CurrentPosition() - place > kMostLengthBytes ||
          length > static_cast<uint64_t>(input_.BytesUntilLimit())) {
        return false;
      }
      const int size = static_cast<int>(length);
      const bool on_way = static_cast<int>(tag >> 3) == kWay[depth];
      if (on_way && depth < kTensor) {
        if (!Inner(depth + 1, size, out)) return false;
      } else if (on_way && whole && size >= least_) {
        whole = false;
        out->resize(begin);
        outline_.left_out.push_back(
            {initializers_, input_.CurrentPosition(), size});
        if (!input_.Skip(size)) return false;
      } else {
        AppendVarint(length, out);
        if (!Raw(size, out)) return false;
      }
    }
    return true;
  }

  bool Number(WireType type, std::string* out) {
    switch (type) {
      case WireType::kVarint: {
        uint64_t number;
        if (!input_.ReadVarint64(&number)) return false;
        AppendVarint(number, out);
        return true;
      }
      case WireType::kFixed32:
        return Raw(4, out);
      case WireType::kFixed64:
        return Raw(8, out);
      default:
        return false;
    }
  }

  bool Inner(int depth, int size, std::string* out) {
    const auto limit = input_.PushLimit(size);
    std::string inner;
    if (!Message(depth, &inner)) return false;
    input_.PopLimit(limit);
    if (depth == kTensor) ++initializers_;
    AppendVarint(inner.size(), out);
    out->append(inner);
    return true;
  }

  bool Raw(int size, std::string* out) {
    const size_t before = out->size();
    out->resize(before + static_cast<size_t>(size));
    return input_.ReadRaw(&(*out)[before], size);
  }

  const int64_t size_;
  const int64_t least_;
  Stream stream_;
  google::protobuf::io::CopyingInputStreamAdaptor blocks_;
  google::protobuf::io::CodedInputStream input_;
  int initializers_ = 0;  // that ended
  OnnxOutline outline_;
};

}  // namespace

absl::StatusOr<OnnxOutline> ReadOnnxOutline(ByteSource* file, int64_t least) {
  return Outliner(file, least).Read();
}

}  // namespace espalier
