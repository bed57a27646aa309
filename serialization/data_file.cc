#include "serialization/data_file.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/gzip.h"

namespace espalier {
namespace {

absl::Status ReadError(const std::string& path, const absl::Status& status) {
  return Annotate(status, absl::StrCat("read ", Quoted(path)));
}

absl::StatusOr<bool> IsPacked(const std::string& path, FileReader* file) {
  if (absl::EndsWith(path, ".gz")) return true;
  char begin[kGzipMagic.size()];
  if (file->size() < static_cast<int64_t>(sizeof(begin))) return false;
  RETURN_IF_ERROR(file->ReadAt(0, begin, sizeof(begin)));
  return absl::string_view(begin, sizeof(begin)) == kGzipMagic;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataFile>> DataFile::Open(
    const std::string& path) {
  absl::StatusOr<FileReader> file =
      FileReader::OpenUnnamed(path, kMaxDataBytes);
  if (!file.ok()) return ReadError(path, file.status());
  std::unique_ptr<DataFile> data(new DataFile(path, *std::move(file)));
  const absl::StatusOr<bool> packed = IsPacked(path, &data->file_);
  if (!packed.ok()) return data->Error(packed.status());
  data->packed_ = *packed;
  if (*packed) {
    data->stream_ =
        std::make_unique<GzipStream>(&data->file_, kMaxUnpackedBytes);
  } else {
    data->stream_ =
        std::make_unique<SourceStream>(&data->file_, data->file_.size());
  }
  return data;
}

absl::StatusOr<size_t> DataFile::Read(absl::Span<char> buffer) {
  ASSIGN_OR_RETURN(const size_t got, stream_->Read(buffer));
  if (got < buffer.size() && !packed_) RETURN_IF_ERROR(file_.Finish());
  return got;
}

absl::Status DataFile::CheckTensorBytes(int64_t bytes) const {
  const int64_t most =
      std::max(kMaxUnpackedBytes, kMaxTensorBytesPerByte * file_.size());
  if (!packed_ || bytes <= most) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("gives ", bytes, " bytes of numbers: expected at most ",
                   most, " of a packed file, any number of a plain one"));
}

absl::Status DataFile::Error(const absl::Status& status) const {
  return ReadError(path_, status);
}

}  // namespace espalier
