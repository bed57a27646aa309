#include "serialization/weights_file.h"

#include <unistd.h>

#include <array>
#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/crc32c.h"
#include "serialization/external_file.h"

namespace espalier {
namespace {

// As many zeros as ever stand between two tensors: ONNX files are aligned to
// whole pages.
constexpr std::array<char, 4096> kZeros = {};

uint64_t RoundUp(uint64_t place, size_t alignment) {
  return (place + alignment - 1) / alignment * alignment;
}

}  // namespace

WeightsLayout LayOutWeights(absl::Span<const absl::string_view> tensors,
                            size_t alignment) {
  WeightsLayout layout;
  const auto add = [&layout](absl::string_view bytes) {
    layout.pieces.push_back(bytes);
    layout.bytes += bytes.size();
    layout.checksum = ExtendCrc32c(layout.checksum, bytes);
  };
  for (const absl::string_view tensor : tensors) {
    const uint64_t begin = RoundUp(layout.bytes, alignment);
    add({kZeros.data(), static_cast<size_t>(begin - layout.bytes)});
    layout.offsets.push_back(begin);
    add(tensor);
  }
  return layout;
}

absl::StatusOr<WeightsReader> WeightsReader::Open(const std::string& folder,
                                                  const v1::Weights& weights,
                                                  int64_t max_bytes) {
  // Only ONNX files may name what is in a folder below their own.
  if (weights.name().find('/') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file of weights ", Quoted(weights.name()),
                     " is in a folder: expected one beside the model"));
  }
  ASSIGN_OR_RETURN(FileReader file,
                   OpenExternal(folder, weights.name(), max_bytes));
  WeightsReader reader(std::move(file), weights);
  if (static_cast<uint64_t>(reader.file_->size()) != weights.bytes()) {
    return reader.Error(absl::DataLossError(
        absl::StrCat("has ", reader.file_->size(), " bytes: the model says ",
                     weights.bytes())));
  }
  return reader;
}

absl::Status WeightsReader::Error(const absl::Status& status) const {
  return Annotate(status,
                  absl::StrCat("external file ", Quoted(weights_.name())));
}

absl::Status WeightsReader::Check(uint64_t offset, size_t bytes) const {
  const auto place = static_cast<uint64_t>(reader_.place());
  if (offset != RoundUp(place, kWeightsAlignment)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "begins at byte ", offset, " of the file of weights: ", "expected ",
        RoundUp(place, kWeightsAlignment)));
  }
  if (offset > weights_.bytes() || bytes > weights_.bytes() - offset) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", bytes, " bytes at byte ", offset,
                     " of the file of weights, which has ", weights_.bytes()));
  }
  return absl::OkStatus();
}

absl::Status WeightsReader::Read(uint64_t offset, char* buffer, size_t bytes) {
  RETURN_IF_ERROR(Check(offset, bytes));
  const auto place = static_cast<uint64_t>(reader_.place());
  std::array<char, kWeightsAlignment> padding;
  const auto padded = static_cast<size_t>(offset - place);
  RETURN_IF_ERROR(reader_.Read(padding.data(), padded));
  for (size_t i = 0; i < padded; ++i) {
    if (padding[i] != 0) {
      return Error(absl::DataLossError(
          absl::StrCat("byte ", place + i, ", between two tensors, is not 0")));
    }
  }
  if (buffer == nullptr) return reader_.Skip(static_cast<int64_t>(bytes));
  return reader_.Read(buffer, bytes);
}

absl::Status WeightsReader::Finish() {
  const auto left = static_cast<int64_t>(weights_.bytes()) - reader_.place();
  RETURN_IF_ERROR(reader_.Skip(left));
  RETURN_IF_ERROR(file_->Finish());
  if (reader_.checksum() != weights_.checksum()) {
    return Error(absl::DataLossError(
        absl::StrCat("is damaged: the model says that its checksum is ",
                     absl::Hex(weights_.checksum(), absl::kZeroPad8),
                     ", that of its bytes is ",
                     absl::Hex(reader_.checksum(), absl::kZeroPad8))));
  }
  if (left > 0) {
    return Error(absl::InvalidArgumentError(
        absl::StrCat("has ", left, " bytes after the last tensor")));
  }
  return absl::OkStatus();
}

int64_t PhysicalMemory(int64_t pages, int64_t page_bytes) {
  if (pages < 0 || page_bytes < 0) return std::numeric_limits<int64_t>::max();
  return pages * page_bytes;
}

int64_t PhysicalMemory() {
  return PhysicalMemory(::sysconf(_SC_PHYS_PAGES), ::sysconf(_SC_PAGESIZE));
}

}  // namespace espalier
