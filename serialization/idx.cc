#include "serialization/idx.h"

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/data_file.h"
#include "serialization/elements.h"

namespace espalier {
namespace {

constexpr unsigned char kUnsignedByte = 0x08;

struct Kind {
  int min_rank;
  int max_rank;
};
constexpr Kind kImages = {2, kMaxRank};
constexpr Kind kLabels = {1, 1};

absl::StatusOr<FileTensor> ReadHeader(const Kind& kind, ByteStream* stream) {
  constexpr absl::string_view kWhat = "its header";
  char begin[4];
  RETURN_IF_ERROR(ReadExactly(stream, absl::MakeSpan(begin), kWhat));
  const auto type = static_cast<unsigned char>(begin[2]);
  const int rank = static_cast<unsigned char>(begin[3]);
  if (begin[0] != 0 || begin[1] != 0 || type != kUnsignedByte ||
      rank < kind.min_rank || rank > kind.max_rank) {
    const auto ranks = kind.min_rank == kind.max_rank
                           ? absl::StrCat(kind.min_rank)
                           : absl::StrCat(kind.min_rank, " to ", kind.max_rank);
    return absl::InvalidArgumentError(absl::StrCat(
        "byte 0: the magic number is 0x",
        absl::Hex(LoadBig<uint32_t>(begin), absl::kZeroPad8),
        ": expected 0x0000080R with R, the number of dimensions, ", ranks));
  }
  std::array<int64_t, kMaxRank> dims{};
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    char dim[4];
    RETURN_IF_ERROR(ReadExactly(stream, absl::MakeSpan(dim), kWhat));
    dims[i] = LoadBig<uint32_t>(dim);
    if (dims[i] == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "byte ", 4 + 4 * i, ": dimension ", i, " is 0: expected at least 1"));
    }
  }
  FileTensor file;
  for (const ElementType& element : ElementTypes()) {
    if (element.npy == "u1") file.element = &element;
  }
  file.shape = Shape(absl::MakeConstSpan(dims.data(), rank));
  RETURN_IF_ERROR(Annotate(file.shape.Validate(), "byte 4"));
  return file;
}

// An open file behind its header.
class IdxFile {
 public:
  static absl::StatusOr<IdxFile> Open(const Kind& kind,
                                      const std::string& path) {
    IdxFile idx;
    ASSIGN_OR_RETURN(idx.file_, DataFile::Open(path));
    const absl::Status status = idx.ReadHeaderOf(kind);
    if (!status.ok()) return idx.file_->Error(status);
    return idx;
  }

  int64_t items() const { return tensor_.shape.dim(0); }

  absl::StatusOr<Tensor> Read(DataType dtype) {
    absl::StatusOr<Tensor> tensor = ReadElements(tensor_, dtype, file_.get());
    if (tensor.ok()) return tensor;
    return file_->Error(tensor.status());
  }

 private:
  absl::Status ReadHeaderOf(const Kind& kind) {
    ASSIGN_OR_RETURN(tensor_, ReadHeader(kind, file_.get()));
    RETURN_IF_ERROR(file_->CheckTensorBytes(tensor_.tensor_bytes()));
    return CheckSize(tensor_, file_->left());
  }

  std::unique_ptr<DataFile> file_;
  FileTensor tensor_;
};

absl::StatusOr<Tensor> ReadPixels(IdxFile* file) {
  ASSIGN_OR_RETURN(Tensor images, file->Read(DataType::kF32));
  for (float& pixel : images.data<float>()) pixel /= 255.0f;
  return images;
}

}  // namespace

absl::StatusOr<Tensor> ReadIdxImages(const std::string& path) {
  ASSIGN_OR_RETURN(IdxFile file, IdxFile::Open(kImages, path));
  return ReadPixels(&file);
}

absl::StatusOr<Tensor> ReadIdxLabels(const std::string& path) {
  ASSIGN_OR_RETURN(IdxFile file, IdxFile::Open(kLabels, path));
  return file.Read(DataType::kI32);
}

absl::StatusOr<LabelledImages> ReadIdx(const std::string& images,
                                       const std::string& labels) {
  ASSIGN_OR_RETURN(IdxFile image_file, IdxFile::Open(kImages, images));
  ASSIGN_OR_RETURN(IdxFile label_file, IdxFile::Open(kLabels, labels));
  if (image_file.items() != label_file.items()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(images), " has ", image_file.items(), " images, ",
        Quoted(labels), " ", label_file.items(), " labels: expected as many"));
  }
  LabelledImages read;
  ASSIGN_OR_RETURN(read.labels, label_file.Read(DataType::kI32));
  ASSIGN_OR_RETURN(read.images, ReadPixels(&image_file));
  return read;
}

}  // namespace espalier
