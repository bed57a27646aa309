#include "serialization/npz.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/data_file.h"
#include "serialization/elements.h"
#include "serialization/npy_header.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

constexpr absl::string_view kEnding = ".npy";
constexpr size_t kLongestName = 65535 - 4;  // in a ZIP archive, with the ending

absl::Status InMember(const ZipMember& member, const absl::Status& status) {
  return Annotate(status, absl::StrCat("member ", Quoted(member.name)));
}

std::string NameOf(const ZipMember& member) {
  return std::string(absl::StripSuffix(member.name, kEnding));
}

// What is packed, and the tensors that are made of it, have limits.
class Allowance {
 public:
  // Before anything is unpacked, even a header.
  absl::Status AddPacked(uint64_t unpacked) {
    if (unpacked > kMost - unpacked_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("unpacks to ", unpacked, " bytes: expected at most ",
                       kMost, " in all"));
    }
    unpacked_ += unpacked;
    return absl::OkStatus();
  }
  // At most 2^40 elements for each of kMaxZipMembers, so this does not
  // overflow.
  void AddTensor(int64_t bytes) { made_ += static_cast<uint64_t>(bytes); }
  absl::Status Check() const {
    if (made_ <= kMost) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("the packed arrays give ", made_,
                     " bytes of numbers: expected at most ", kMost,
                     ", any number of stored ones"));
  }

 private:
  static constexpr auto kMost = static_cast<uint64_t>(kMaxUnpackedBytes);

  uint64_t unpacked_ = 0;
  uint64_t made_ = 0;
};

absl::StatusOr<FileTensor> ReadHeader(ByteSource* source,
                                      const ZipMember& member,
                                      Allowance* allowance) {
  if (!absl::EndsWith(member.name, kEnding) || NameOf(member).empty()) {
    return absl::InvalidArgumentError(
        "is no array: expected a name ending in .npy");
  }
  if (member.deflated) RETURN_IF_ERROR(allowance->AddPacked(member.unpacked));
  ZipMemberStream stream(source, member);
  ASSIGN_OR_RETURN(const FileTensor array, ReadNpyHeader(&stream));
  RETURN_IF_ERROR(CheckSize(array, stream.left()));
  if (member.deflated) allowance->AddTensor(array.tensor_bytes());
  return array;
}

absl::StatusOr<Tensor> ReadArray(ByteSource* source, const ZipMember& member,
                                 const TensorType& type) {
  ZipMemberStream stream(source, member);
  ASSIGN_OR_RETURN(const FileTensor array, ReadNpyHeader(&stream));
  // A file may change while it is read: what was checked is what counts.
  if (array.type() != type) {
    return absl::DataLossError("changed while it was read");
  }
  return ReadElements(array, type.dtype, &stream);
}

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
  if (writer->directory_bytes() > kMaxZipDirectoryBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the names of the tensors are too long: an .npz file has at most ",
        kMaxZipDirectoryBytes, " bytes of them and what goes with them"));
  }
  return absl::OkStatus();
}

absl::StatusOr<NamedTensors> ReadNpz(ByteSource* source, CheckTypes check) {
  ASSIGN_OR_RETURN(const std::vector<ZipMember> members,
                   ReadZipDirectory(source));
  TensorTypes types;
  Allowance allowance;
  for (const ZipMember& member : members) {
    absl::StatusOr<FileTensor> array = ReadHeader(source, member, &allowance);
    if (!array.ok()) return InMember(member, array.status());
    types.emplace(NameOf(member), array->type());
  }
  RETURN_IF_ERROR(check(types));
  RETURN_IF_ERROR(allowance.Check());
  NamedTensors tensors;
  for (const ZipMember& member : members) {
    absl::StatusOr<Tensor> tensor =
        ReadArray(source, member, types[NameOf(member)]);
    if (!tensor.ok()) return InMember(member, tensor.status());
    tensors.emplace(NameOf(member), *std::move(tensor));
  }
  return tensors;
}

}  // namespace espalier
