#include "serialization/npy.h"

#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/status_macros.h"
#include "serialization/data_file.h"
#include "serialization/elements.h"
#include "serialization/file.h"
#include "serialization/npy_header.h"

namespace espalier {
namespace {

using Wanted = absl::optional<DataType>;

absl::StatusOr<Tensor> ReadFrom(DataFile* file, Wanted wanted) {
  ASSIGN_OR_RETURN(const FileTensor tensor, ReadNpyHeader(file));
  RETURN_IF_ERROR(file->CheckTensorBytes(tensor.tensor_bytes()));
  return ReadElements(tensor, wanted.value_or(tensor.type().dtype), file);
}

absl::StatusOr<Tensor> Read(const std::string& path, Wanted wanted) {
  ASSIGN_OR_RETURN(const std::unique_ptr<DataFile> file, DataFile::Open(path));
  absl::StatusOr<Tensor> tensor = ReadFrom(file.get(), wanted);
  if (tensor.ok()) return tensor;
  return file->Error(tensor.status());
}

}  // namespace

absl::StatusOr<Tensor> ReadNpy(const std::string& path) {
  return Read(path, absl::nullopt);
}

absl::StatusOr<Tensor> ReadNpyAs(const std::string& path, DataType dtype) {
  return Read(path, dtype);
}

absl::Status WriteNpy(const std::string& path, const TensorView& tensor) {
  const std::string header = NpyHeader({tensor.dtype(), tensor.shape()});
  const absl::string_view elements(
      static_cast<const char*>(tensor.raw()),
      static_cast<size_t>(tensor.shape().num_elements()) * 4);
  return WriteFile(path, FilePieces{header, elements});
}

}  // namespace espalier
