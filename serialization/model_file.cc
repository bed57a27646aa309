#include "serialization/model_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/file.h"
#include "serialization/model_codec.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/import.h"

namespace espalier {
namespace {

// Of one protobuf message.
constexpr int64_t kMaxOnnxBytes = (int64_t{1} << 31) - 1;

enum class Format { kBinary, kText, kOnnx };

absl::StatusOr<Format> FormatOf(const std::string& path) {
  if (absl::EndsWith(path, ".pb")) return Format::kBinary;
  if (absl::EndsWith(path, ".pbtxt")) return Format::kText;
  if (absl::EndsWith(path, ".onnx")) return Format::kOnnx;
  return absl::InvalidArgumentError(
      "the name of a model file ends in .pb, .pbtxt or .onnx");
}

}  // namespace

absl::Status Save(const Model& model, const std::string& path) {
  const absl::StatusOr<std::string> bytes =
      [&]() -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(const Format format, FormatOf(path));
    switch (format) {
      case Format::kBinary:
        return EncodeModel(model);
      case Format::kText:
        return EncodeModelText(model);
      case Format::kOnnx:
        return ExportOnnx(model);
    }
    ESPALIER_CHECK(false);
    return std::string();
  }();
  if (!bytes.ok()) {
    return Annotate(bytes.status(), absl::StrCat("save ", Quoted(path)));
  }
  return WriteFile(path, *bytes);
}

absl::Status CheckModelName(const std::string& path) {
  return FormatOf(path).status();
}

absl::StatusOr<Model> Load(const std::string& path, const OpTable& ops) {
  const std::string context = absl::StrCat("load ", Quoted(path));
  absl::StatusOr<Format> format = FormatOf(path);
  if (!format.ok()) return Annotate(format.status(), context);
  if (*format == Format::kOnnx) {
    ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMaxOnnxBytes));
    absl::StatusOr<Model> model = ImportOnnx(std::move(bytes));
    if (!model.ok()) return Annotate(model.status(), context);
    return model;
  }
  const ModelLimits limits;
  const bool binary = *format == Format::kBinary;
  ASSIGN_OR_RETURN(
      const std::string bytes,
      ReadFile(path, binary ? limits.tensor_bytes + limits.structure_bytes
                            : limits.text_bytes));
  absl::StatusOr<Model> model =
      binary ? DecodeModel(bytes, ops) : DecodeModelText(bytes, ops);
  if (!model.ok()) return Annotate(model.status(), context);
  return model;
}

}  // namespace espalier
