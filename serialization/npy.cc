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

struct Wanted {
  absl::optional<DataType> dtype;
  bool columns = false;
};

absl::StatusOr<Tensor> ReadFrom(DataFile* file, const Wanted& wanted) {
  ASSIGN_OR_RETURN(FileTensor tensor, ReadNpyHeader(file));
  RETURN_IF_ERROR(file->CheckTensorBytes(tensor.tensor_bytes()));
  if (wanted.columns && tensor.shape.rank() == 1) {
    tensor.shape = {tensor.shape.dim(0), 1};
  }
  return ReadElements(tensor, wanted.dtype.value_or(tensor.type().dtype), file);
}

absl::StatusOr<Tensor> Read(const std::string& path, const Wanted& wanted) {
  ASSIGN_OR_RETURN(const std::unique_ptr<DataFile> file, DataFile::Open(path));
  absl::StatusOr<Tensor> tensor = ReadFrom(file.get(), wanted);
  if (tensor.ok()) return tensor;
  return file->Error(tensor.status());
}

}  // namespace

absl::StatusOr<Tensor> ReadNpy(const std::string& path) {
  return Read(path, Wanted());
}

absl::StatusOr<Tensor> ReadNpyAs(const std::string& path, DataType dtype) {
  Wanted wanted;
  wanted.dtype = dtype;
  return Read(path, wanted);
}

absl::StatusOr<Tensor> ReadNpyColumns(const std::string& path, DataType dtype) {
  Wanted wanted;
  wanted.dtype = dtype;
  wanted.columns = true;
  return Read(path, wanted);
}

absl::Status WriteNpy(const std::string& path, const TensorView& tensor) {
  const std::string header = NpyHeader({tensor.dtype(), tensor.shape()});
  const absl::string_view elements(
      static_cast<const char*>(tensor.raw()),
      static_cast<size_t>(tensor.shape().num_elements()) * 4);
  return WriteFile(path, FilePieces{header, elements});
}

}  // namespace espalier
