#include "serialization/npz.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/gzip.h"
#include "serialization/npy.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

constexpr absl::string_view kEnding = ".npy";
constexpr size_t kLongestName = 65535 - 4;  // in a ZIP archive, with the ending

}  // namespace

absl::Status WriteNpz(const NamedTensors& tensors, ZipWriter* writer) {
  // What is written must be readable again.
  if (tensors.size() > kMaxZipMembers) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", tensors.size(),
                     " tensors: an .npz file holds at most ", kMaxZipMembers));
  }
  for (const auto& [name, tensor] : tensors) {
    if (!IsUtf8(name) || HasControlCharacter(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the name of tensor ", Quoted(name),
                       " is not UTF-8, or holds a control character"));
    }
    if (name.empty() || name.size() > kLongestName) {
      return absl::InvalidArgumentError(
          absl::StrCat("a tensor's name has ", name.size(),
                       " bytes: expected 1 to ", kLongestName));
    }
    writer->Add(absl::StrCat(name, kEnding), NpyHeader(tensor.type()),
                {static_cast<const char*>(tensor.raw()), tensor.num_bytes()});
  }
  return absl::OkStatus();
}

absl::StatusOr<NamedTensors> ReadNpz(ByteSource* source) {
  ASSIGN_OR_RETURN(const std::vector<ZipMember> members,
                   ReadZipDirectory(source));
  NamedTensors tensors;
  auto unpacked = static_cast<uint64_t>(kMaxUnpackedBytes);
  for (const ZipMember& member : members) {
    absl::string_view name = member.name;
    if (!absl::ConsumeSuffix(&name, kEnding) || name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("member ", Quoted(member.name),
                       " is no array: expected a name ending in .npy"));
    }
    if (member.deflated) {
      if (member.unpacked > unpacked) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "member ", Quoted(member.name), " unpacks to ", member.unpacked,
            " bytes: expected at most ", kMaxUnpackedBytes, " in all"));
      }
      unpacked -= member.unpacked;
    }
    ASSIGN_OR_RETURN(const std::string bytes, ReadZipMember(source, member));
    absl::StatusOr<Tensor> tensor = ParseNpy(bytes);
    if (!tensor.ok()) return Annotate(tensor.status(), Quoted(member.name));
    tensors.emplace(name, *std::move(tensor));
  }
  return tensors;
}

}  // namespace espalier
