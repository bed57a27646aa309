#include "serialization/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/byte_stream.h"
#include "serialization/bytes.h"
#include "serialization/elements.h"
#include "serialization/safetensors_header.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100000000;
constexpr size_t kLengthBytes = 8;
constexpr size_t kHeaderAlignment = 8;

absl::StatusOr<FileTensor> TensorOf(const SafetensorsEntry& entry) {
  for (const ElementType& type : ElementTypes()) {
    if (type.safetensors != entry.dtype) continue;
    FileTensor tensor;
    tensor.element = &type;
    tensor.shape = entry.shape;
    const auto expected = static_cast<uint64_t>(tensor.file_bytes());
    if (entry.end >= entry.begin && entry.end - entry.begin == expected) {
      return tensor;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("has data_offsets ", entry.begin, " to ", entry.end,
                     ": shape ", entry.shape.ToString(), " of ", entry.dtype,
                     " has ", expected, " bytes"));
  }
  return absl::UnimplementedError(
      absl::StrCat("has elements of type ", Quoted(entry.dtype.substr(0, 20)),
                   ": expected F16, BF16, F32, F64, I8 to I64, U8 to U64 or "
                   "BOOL"));
}

// The tensors begin at 0, follow each other and end the file.
absl::Status CheckOrder(const std::vector<SafetensorsEntry>& entries,
                        uint64_t bytes) {
  uint64_t end = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != end) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor ", Quoted(entry.name), " begins at byte ", entry.begin,
          ": expected ", end, ", where the one before it ends"));
    }
    end = entry.end;
  }
  if (end == bytes) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "has ", bytes, " bytes after its header: the tensors end at ", end));
}

}  // namespace

absl::StatusOr<std::string> SafetensorsHeader(const NamedTensors& tensors) {
  std::string json = "{";
  uint64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!IsUtf8(name) || name == "__metadata__") {
      return absl::InvalidArgumentError(
          absl::StrCat("no tensor can be called ", Quoted(name)));
    }
    const uint64_t end = begin + tensor.num_bytes();
    absl::StrAppend(&json, json.size() > 1 ? "," : "", JsonString(name),
                    ":{\"dtype\":\"",
                    tensor.dtype() == DataType::kF32 ? "F32" : "I32",
                    "\",\"shape\":[", absl::StrJoin(tensor.shape().dims(), ","),
                    "],\"data_offsets\":[", begin, ",", end, "]}");
    begin = end;
  }
  json += "}";
  json.resize((json.size() + kHeaderAlignment - 1) / kHeaderAlignment *
                  kHeaderAlignment,
              ' ');
  if (json.size() > kMaxHeaderBytes || tensors.size() > kMaxSafetensors) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the tensors are too many for one header: expected at most ",
        kMaxSafetensors));
  }
  std::string header;
  AppendLittle(&header, static_cast<uint64_t>(json.size()));
  return header + json;
}

absl::StatusOr<NamedTensors> ReadSafetensors(ByteSource* source,
                                             CheckTypes check) {
  const auto all = static_cast<uint64_t>(source->size());
  if (all < kLengthBytes) {
    return absl::DataLossError("ends inside the length of its header");
  }
  char length_bytes[kLengthBytes];
  RETURN_IF_ERROR(source->Read(length_bytes, sizeof(length_bytes)));
  const auto length = LoadLittle<uint64_t>(length_bytes);
  if (length > kMaxHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("is no safetensors file: its header has ", length,
                     " bytes, more than ", kMaxHeaderBytes));
  }
  if (length > all - kLengthBytes) {
    return absl::DataLossError("ends inside its header");
  }
  std::string json(static_cast<size_t>(length), '\0');
  RETURN_IF_ERROR(source->Read(&json[0], json.size()));
  ASSIGN_OR_RETURN(std::vector<SafetensorsEntry> entries,
                   ParseSafetensorsHeader(json));
  std::string().swap(json);
  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) <
                     std::tie(b.begin, b.end, b.name);
            });
  const auto in_tensor = [](const SafetensorsEntry& entry,
                            const absl::Status& status) {
    return Annotate(status, absl::StrCat("tensor ", Quoted(entry.name)));
  };
  std::vector<FileTensor> files;
  TensorTypes types;
  for (const SafetensorsEntry& entry : entries) {
    absl::StatusOr<FileTensor> file = TensorOf(entry);
    if (!file.ok()) return in_tensor(entry, file.status());
    types.emplace(entry.name, file->type());
    files.push_back(*std::move(file));
  }
  RETURN_IF_ERROR(CheckOrder(entries, all - kLengthBytes - length));
  RETURN_IF_ERROR(check(types));
  NamedTensors tensors;
  for (size_t i = 0; i < entries.size(); ++i) {
    SourceStream stream(source, files[i].file_bytes());
    absl::StatusOr<Tensor> tensor =
        ReadElements(files[i], files[i].type().dtype, &stream);
    if (!tensor.ok()) return in_tensor(entries[i], tensor.status());
    tensors.emplace(std::move(entries[i].name), *std::move(tensor));
  }
  RETURN_IF_ERROR(source->Finish());
  return tensors;
}

}  // namespace espalier
