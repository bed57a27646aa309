// How files of data are changed: their headers with the length of what follows
// mended, what is packed, and bytes.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "serialization/byte_source.h"
#include "serialization/byte_stream.h"
#include "serialization/bytes.h"
#include "serialization/gzip.h"
#include "serialization/zip.h"
#include "tests/fuzz/mutators.h"
#include "tests/fuzz/nasty_values.h"
#include "tests/serialization/gzip_member.h"

namespace espalier {
namespace {

constexpr size_t kMostBytes = 1 << 14;

}  // namespace

std::string MutateIdx(const std::string& input, const Mutation& mutation) {
  NastyValues values(mutation);
  if (input.size() < 4 || values.OneIn(2)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  const auto rank = static_cast<size_t>(1 + values.Below(4));
  std::string file = input.substr(0, 3) + static_cast<char>(rank);
  size_t elements = 1;
  for (size_t i = 0; i < rank; ++i) {
    const size_t dim = values.OneIn(10)
                           ? static_cast<uint32_t>(values.Integer(1))
                           : 1 + values.Below(6);
    for (int shift = 24; shift >= 0; shift -= 8) {
      file += static_cast<char>(dim >> shift);
    }
    elements *= std::min<size_t>(dim, 1 << 15);
  }
  if (elements <= kMostBytes) file.append(elements, '\x7f');
  return Fitting(file, input, mutation);
}

std::string MutateNpy(const std::string& input, const Mutation& mutation) {
  constexpr size_t kBegin = 10;
  NastyValues values(mutation);
  const size_t length =
      input.size() < kBegin ? 0 : LoadLittle<uint16_t>(input.data() + 8);
  if (input.size() < kBegin + length || values.OneIn(3)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  Mutation inner = mutation;
  inner.seed = mutation.seed ^ 0x5eed;
  const std::string header = MutateText(input.substr(kBegin, length), inner);
  std::string file = input.substr(0, 8);
  AppendLittle(&file, static_cast<uint16_t>(header.size()));
  file += header;
  std::string elements = input.substr(kBegin + length);
  switch (values.Below(6)) {
    case 0:
      elements += elements;
      break;
    case 1:
      elements.resize(elements.size() / 2);
      break;
    case 2:
      elements = values.Bytes(elements);
      break;
    default:
      break;
  }
  return Fitting(file + elements, input, mutation);
}

std::string MutateSafetensors(const std::string& input,
                              const Mutation& mutation) {
  constexpr size_t kBegin = 8;
  NastyValues values(mutation);
  const uint64_t length =
      input.size() < kBegin ? 0 : LoadLittle<uint64_t>(input.data());
  if (input.size() < kBegin || length > input.size() - kBegin ||
      values.OneIn(3)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  Mutation inner = mutation;
  inner.seed = mutation.seed ^ 0x5eed;
  const std::string header = MutateText(input.substr(kBegin, length), inner);
  std::string file;
  AppendLittle(&file, uint64_t{header.size()});
  file += header;
  std::string elements = input.substr(kBegin + length);
  if (values.OneIn(4)) elements.resize(values.Below(64));
  return Fitting(file + elements, input, mutation);
}

std::string MutateNpz(const std::string& input, const Mutation& mutation) {
  NastyValues values(mutation);
  MemorySource source(input);
  const auto members = ReadZipDirectory(&source);
  if (!members.ok() || members->empty() || values.OneIn(2)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  Mutation inner = mutation;
  inner.seed = mutation.seed ^ 0x5eed;
  const size_t changed = values.Below(members->size());
  std::vector<std::pair<std::string, std::string>> files;
  for (size_t i = 0; i < members->size(); ++i) {
    const ZipMember& member = (*members)[i];
    ZipMemberStream stream(&source, member);
    std::string bytes = ReadToEnd(&stream).value_or("");
    std::string name = member.name;
    if (i == changed && values.OneIn(3)) name = values.Text(name, {});
    if (i == changed) bytes = MutateNpy(bytes, inner);
    files.emplace_back(name, std::move(bytes));
  }
  if (values.OneIn(8)) files.push_back(files[changed]);
  ZipWriter writer;
  for (const auto& [name, bytes] : files) writer.Add(name, "", bytes);
  std::string file;
  for (const absl::string_view piece : writer.Finish()) {
    absl::StrAppend(&file, piece);
  }
  return Fitting(file, input, mutation);
}

std::string MutateGzip(const std::string& input, const Mutation& mutation) {
  NastyValues values(mutation);
  absl::StatusOr<std::string> contents = Gunzip(input, kMostBytes);
  if (!contents.ok() || values.OneIn(2)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  if (values.OneIn(8)) {  // from little much
    const size_t size = size_t{1} << (10 + values.Below(12));
    std::string many;
    while (many.size() < size) many += contents->empty() ? "0" : *contents;
    return Fitting(GzipMember(many), input, mutation);
  }
  if (values.OneIn(4)) return Fitting(input + input, input, mutation);
  return Fitting(GzipMember(values.Bytes(*contents)), input, mutation);
}

}  // namespace espalier
