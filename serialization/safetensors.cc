#include "serialization/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/half.h"
#include "serialization/safetensors_header.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100000000;
constexpr size_t kLengthBytes = 8;
constexpr size_t kHeaderAlignment = 8;

absl::Status BeyondError(absl::string_view type, double value) {
  return absl::InvalidArgumentError(
      absl::StrCat("element ", value, " is beyond ", type));
}

// Fills a tensor from elements of one type of the format.
using FillTensor = absl::Status (*)(const char*, Tensor*);

template <typename From>
absl::Status FillInts(const char* bytes, Tensor* tensor) {
  for (int32_t& element : tensor->data<int32_t>()) {
    const From value = LoadLittle<From>(bytes);
    bytes += sizeof(From);
    const bool low =
        std::is_signed_v<From> &&
        static_cast<int64_t>(value) < std::numeric_limits<int32_t>::min();
    const bool high = (!std::is_signed_v<From> || value > From{0}) &&
                      static_cast<uint64_t>(value) >
                          uint64_t{std::numeric_limits<int32_t>::max()};
    if (low || high) return BeyondError("int32", static_cast<double>(value));
    element = static_cast<int32_t>(value);
  }
  return absl::OkStatus();
}

absl::Status FillBools(const char* bytes, Tensor* tensor) {
  for (int32_t& element : tensor->data<int32_t>()) {
    const auto value = static_cast<unsigned char>(*bytes++);
    if (value > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("a truth value is ", value, ": expected 0 or 1"));
    }
    element = value;
  }
  return absl::OkStatus();
}

absl::Status FillDoubles(const char* bytes, Tensor* tensor) {
  for (float& element : tensor->data<float>()) {
    const auto value = LoadLittle<double>(bytes);
    bytes += sizeof(value);
    element = static_cast<float>(value);
    if (std::isfinite(value) && !std::isfinite(element)) {
      return BeyondError("float32", value);
    }
  }
  return absl::OkStatus();
}

template <float (*kWiden)(uint16_t)>
absl::Status FillHalves(const char* bytes, Tensor* tensor) {
  for (float& element : tensor->data<float>()) {
    element = kWiden(LoadLittle<uint16_t>(bytes));
    bytes += sizeof(uint16_t);
  }
  return absl::OkStatus();
}

struct ElementType {
  absl::string_view name;
  size_t size;
  DataType dtype;
  FillTensor fill;  // null: the bytes are the tensor's
};

constexpr ElementType kElementTypes[] = {
    {"F32", 4, DataType::kF32, nullptr},
    {"I32", 4, DataType::kI32, nullptr},
    {"F64", 8, DataType::kF32, FillDoubles},
    {"F16", 2, DataType::kF32, FillHalves<HalfToFloat>},
    {"BF16", 2, DataType::kF32, FillHalves<Bfloat16ToFloat>},
    {"I64", 8, DataType::kI32, FillInts<int64_t>},
    {"I16", 2, DataType::kI32, FillInts<int16_t>},
    {"I8", 1, DataType::kI32, FillInts<int8_t>},
    {"U64", 8, DataType::kI32, FillInts<uint64_t>},
    {"U32", 4, DataType::kI32, FillInts<uint32_t>},
    {"U16", 2, DataType::kI32, FillInts<uint16_t>},
    {"U8", 1, DataType::kI32, FillInts<uint8_t>},
    {"BOOL", 1, DataType::kI32, FillBools},
};

absl::StatusOr<const ElementType*> TypeOf(const SafetensorsEntry& entry) {
  for (const ElementType& type : kElementTypes) {
    if (type.name != entry.dtype) continue;
    // At most 2^40 elements, so this does not overflow.
    const uint64_t expected =
        static_cast<uint64_t>(entry.shape.num_elements()) * type.size;
    if (entry.end >= entry.begin && entry.end - entry.begin == expected) {
      return &type;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("has data_offsets ", entry.begin, " to ", entry.end,
                     ": shape ", entry.shape.ToString(), " of ", type.name,
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

absl::StatusOr<Tensor> ReadTensor(ByteSource* source,
                                  const SafetensorsEntry& entry,
                                  const ElementType& type) {
  const auto size = static_cast<size_t>(entry.end - entry.begin);
  AlignedBytes bytes = AllocateUnset(size);
  auto* raw = reinterpret_cast<char*>(bytes.get());
  RETURN_IF_ERROR(source->Read(raw, size));
  if (type.fill == nullptr) {
    return Tensor(type.dtype, entry.shape, std::move(bytes));
  }
  Tensor tensor(type.dtype, entry.shape);
  RETURN_IF_ERROR(type.fill(raw, &tensor));
  return tensor;
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

absl::StatusOr<NamedTensors> ReadSafetensors(ByteSource* source) {
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
  std::vector<const ElementType*> types;
  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) <
                     std::tie(b.begin, b.end, b.name);
            });
  for (const SafetensorsEntry& entry : entries) {
    const absl::StatusOr<const ElementType*> type = TypeOf(entry);
    if (!type.ok()) {
      return Annotate(type.status(),
                      absl::StrCat("tensor ", Quoted(entry.name)));
    }
    types.push_back(*type);
  }
  RETURN_IF_ERROR(CheckOrder(entries, all - kLengthBytes - length));
  NamedTensors tensors;
  for (size_t i = 0; i < entries.size(); ++i) {
    absl::StatusOr<Tensor> tensor = ReadTensor(source, entries[i], *types[i]);
    if (!tensor.ok()) {
      return Annotate(tensor.status(),
                      absl::StrCat("tensor ", Quoted(entries[i].name)));
    }
    tensors.emplace(std::move(entries[i].name), *std::move(tensor));
  }
  RETURN_IF_ERROR(source->Finish());
  return tensors;
}

}  // namespace espalier
