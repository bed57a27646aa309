#include "serialization/model_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/external_file.h"
#include "serialization/file.h"
#include "serialization/file_reader.h"
#include "serialization/model_codec.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/import.h"
#include "serialization/onnx/import_structure.h"

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

absl::StatusOr<Model> LoadBinary(const std::string& path, bool read_values,
                                 const OpTable& ops) {
  const ModelLimits limits;
  ASSIGN_OR_RETURN(
      FileReader file,
      FileReader::Open(path, limits.tensor_bytes + limits.structure_bytes));
  absl::StatusOr<Model> model = [&]() -> absl::StatusOr<Model> {
    ASSIGN_OR_RETURN(const FilePlace place, FindPlace(path));
    return DecodeModelFile(&file, place.folder, read_values, ops, limits);
  }();
  if (model.ok()) return model;
  return Annotate(model.status(), absl::StrCat("load ", Quoted(path)));
}

absl::StatusOr<OnnxImportOptions> OnnxOptionsOf(const std::string& path) {
  OnnxImportOptions options;
  ASSIGN_OR_RETURN(FilePlace place, FindPlace(path));
  options.folder = std::move(place.folder);
  return options;
}

absl::StatusOr<Model> LoadOnnxStructure(const std::string& path) {
  ASSIGN_OR_RETURN(FileReader file, FileReader::Open(path, kMaxOnnxBytes));
  ASSIGN_OR_RETURN(const OnnxImportOptions options, OnnxOptionsOf(path));
  return ImportOnnxStructure(&file, options);
}

absl::StatusOr<Model> LoadAs(const std::string& path, bool read_values,
                             const OpTable& ops) {
  const std::string context = absl::StrCat("load ", Quoted(path));
  const absl::StatusOr<Format> format = FormatOf(path);
  if (!format.ok()) return Annotate(format.status(), context);
  if (*format == Format::kBinary) return LoadBinary(path, read_values, ops);
  if (*format == Format::kOnnx && !read_values) {
    absl::StatusOr<Model> structure = LoadOnnxStructure(path);
    if (structure.ok()) return structure;
    // What is not understood here is not in the whole file either. Any other
    // error is said better of that, which is read again.
    if (absl::IsUnimplemented(structure.status())) {
      return Annotate(structure.status(), context);
    }
  }
  const bool text = *format == Format::kText;
  ASSIGN_OR_RETURN(
      std::string bytes,
      ReadFile(path, text ? ModelLimits().text_bytes : kMaxOnnxBytes));
  absl::StatusOr<Model> model = [&]() -> absl::StatusOr<Model> {
    if (text) return DecodeModelText(bytes, ops);
    ASSIGN_OR_RETURN(const OnnxImportOptions options, OnnxOptionsOf(path));
    return ImportOnnx(std::move(bytes), options);
  }();
  if (!model.ok()) return Annotate(model.status(), context);
  if (!read_values) model->values.clear();
  return model;
}

}  // namespace

absl::Status Save(const Model& model, const std::string& path,
                  const SaveOptions& options) {
  const auto annotate = [&path](const absl::Status& status) {
    return Annotate(status, absl::StrCat("save ", Quoted(path)));
  };
  const absl::StatusOr<Format> format = FormatOf(path);
  if (!format.ok()) return annotate(format.status());
  const absl::Status kinds = CheckOwnKinds(model.graph);
  if (!kinds.ok()) return annotate(kinds);
  switch (*format) {
    case Format::kBinary: {
      const absl::StatusOr<FilePlace> place = FindPlace(path);
      if (!place.ok()) return annotate(place.status());
      const absl::StatusOr<EncodedModel> encoded =
          EncodeModelFile(model, place->name, options.external_weights);
      if (!encoded.ok()) return annotate(encoded.status());
      return WriteModel(path, encoded->pieces, encoded->weights);
    }
    case Format::kText: {
      if (options.external_weights) {
        return annotate(absl::InvalidArgumentError(
            "a text file holds its weights: expected .pb or .onnx"));
      }
      const absl::StatusOr<std::string> text = EncodeModelText(model);
      if (!text.ok()) return annotate(text.status());
      return WriteFile(path, *text);
    }
    case Format::kOnnx: {
      OnnxOptions onnx;
      onnx.external_weights = options.external_weights;
      return SaveOnnx(model, path, onnx);
    }
  }
  ESPALIER_CHECK(false);
  return absl::OkStatus();
}

absl::Status CheckModelName(const std::string& path) {
  return FormatOf(path).status();
}

absl::StatusOr<Model> Load(const std::string& path, const OpTable& ops) {
  return LoadAs(path, /*read_values=*/true, ops);
}

absl::StatusOr<Model> LoadStructure(const std::string& path,
                                    const OpTable& ops) {
  return LoadAs(path, /*read_values=*/false, ops);
}

}  // namespace espalier
