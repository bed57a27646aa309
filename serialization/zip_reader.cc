#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/unpacker.h"
#include "serialization/utf8.h"
#include "serialization/zip.h"
#include "serialization/zip_records.h"

namespace espalier {

absl::Status LostZip(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("is damaged or cut: ", what));
}

namespace {

constexpr size_t kLongestComment = 65535;

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

absl::StatusOr<std::string> Bytes(ByteSource* source, uint64_t place,
                                  uint64_t size) {
  const auto all = static_cast<uint64_t>(source->size());
  if (place > all || size > all - place) {
    return LostZip(absl::StrCat(size, " bytes at byte ", place, " of ", all));
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  RETURN_IF_ERROR(
      source->ReadAt(static_cast<int64_t>(place), &bytes[0], bytes.size()));
  return bytes;
}

// Fields one after another. REQUIRES: they are there.
class Fields {
 public:
  explicit Fields(absl::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Next() {
    const T value = LoadLittle<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  void Skip(size_t bytes) { rest_.remove_prefix(bytes); }

 private:
  absl::string_view rest_;
};

struct Directory {
  uint64_t begin = 0;
  uint64_t size = 0;
  uint64_t count = 0;
  uint64_t end = 0;  // what comes after it begins here
};

// Reads the record at the end, and those of ZIP64 before it.
absl::StatusOr<Directory> FindDirectory(ByteSource* source) {
  const auto all = static_cast<uint64_t>(source->size());
  const uint64_t tail_size =
      std::min<uint64_t>(all, kZipEndBytes + kLongestComment);
  ASSIGN_OR_RETURN(const std::string tail,
                   Bytes(source, all - tail_size, tail_size));
  // The record whose comment goes just to the end.
  size_t at = tail.size();
  for (size_t i = 0; i + kZipEndBytes <= tail.size(); ++i) {
    if (LoadLittle<uint32_t>(&tail[i]) == kZipEnd &&
        LoadLittle<uint16_t>(&tail[i + kZipEndBytes - 2]) ==
            tail.size() - i - kZipEndBytes) {
      at = i;
      break;
    }
  }
  if (at == tail.size()) return Invalid("is no ZIP archive: it has no end");
  Fields fields(absl::string_view(tail).substr(at));
  fields.Skip(4);
  const auto disk = fields.Next<uint16_t>();
  const auto directory_disk = fields.Next<uint16_t>();
  const auto count_here = fields.Next<uint16_t>();
  Directory directory;
  directory.count = fields.Next<uint16_t>();
  directory.size = fields.Next<uint32_t>();
  directory.begin = fields.Next<uint32_t>();
  directory.end = all - tail_size + at;
  if (disk != 0 || directory_disk != 0 || count_here != directory.count) {
    return absl::UnimplementedError("is an archive of several parts");
  }
  const bool wide = directory.count == kZip64CountMark ||
                    directory.size == kZip64Mark ||
                    directory.begin == kZip64Mark;
  if (!wide || directory.end < kZip64LocatorBytes + kZip64EndBytes) {
    return directory;
  }
  ASSIGN_OR_RETURN(
      const std::string locator,
      Bytes(source, directory.end - kZip64LocatorBytes, kZip64LocatorBytes));
  Fields located(locator);
  if (located.Next<uint32_t>() != kZip64Locator) return directory;
  located.Skip(4);
  const auto place = located.Next<uint64_t>();
  // No other place is of use: just before the locator.
  if (place != directory.end - kZip64LocatorBytes - kZip64EndBytes) {
    return LostZip("the ZIP64 record is not before its locator");
  }
  ASSIGN_OR_RETURN(const std::string record,
                   Bytes(source, place, kZip64EndBytes));
  Fields long_fields(record);
  if (long_fields.Next<uint32_t>() != kZip64End) {
    return LostZip("there is no ZIP64 record where the locator says");
  }
  long_fields.Skip(8 + 2 + 2 + 4 + 4 + 8);
  directory.count = long_fields.Next<uint64_t>();
  directory.size = long_fields.Next<uint64_t>();
  directory.begin = long_fields.Next<uint64_t>();
  directory.end = place;
  return directory;
}

// Replaces the marks by the numbers of the extra field.
absl::Status ReadZip64(absl::string_view extra,
                       std::initializer_list<uint64_t*> values) {
  while (extra.size() >= 4) {
    const auto id = LoadLittle<uint16_t>(extra.data());
    const auto size = LoadLittle<uint16_t>(extra.data() + 2);
    extra.remove_prefix(4);
    if (size > extra.size()) return LostZip("an extra field does not end");
    if (id == kZip64Extra) {
      absl::string_view wide = extra.substr(0, size);
      for (uint64_t* value : values) {
        if (*value != kZip64Mark) continue;
        if (wide.size() < 8) return LostZip("a ZIP64 field is too short");
        *value = LoadLittle<uint64_t>(wide.data());
        wide.remove_prefix(8);
      }
      return absl::OkStatus();
    }
    extra.remove_prefix(size);
  }
  return absl::OkStatus();
}

absl::Status CheckName(const std::string& name) {
  if (name.empty()) return Invalid("a member has no name");
  if (!IsUtf8(name) || HasControlCharacter(name)) {
    return Invalid(absl::StrCat("the name of member ", Quoted(name),
                                " is not UTF-8, or holds a control character"));
  }
  return absl::OkStatus();
}

// `local`: where its own header is.
absl::Status ReadEntry(absl::string_view* rest, ZipMember* member,
                       uint64_t* local) {
  if (rest->size() < kZipDirectoryEntryBytes)
    return LostZip("the directory ends");
  Fields fields(*rest);
  if (fields.Next<uint32_t>() != kZipDirectoryEntry) {
    return LostZip("no member begins where one should in the directory");
  }
  fields.Skip(2 + 2);
  const auto flags = fields.Next<uint16_t>();
  const auto method = fields.Next<uint16_t>();
  fields.Skip(4);
  member->crc = fields.Next<uint32_t>();
  member->packed = fields.Next<uint32_t>();
  member->unpacked = fields.Next<uint32_t>();
  const size_t name_size = fields.Next<uint16_t>();
  const size_t extra_size = fields.Next<uint16_t>();
  const size_t comment_size = fields.Next<uint16_t>();
  fields.Skip(2 + 2 + 4);
  *local = fields.Next<uint32_t>();
  rest->remove_prefix(kZipDirectoryEntryBytes);
  if (rest->size() < name_size + extra_size + comment_size) {
    return LostZip("the directory ends");
  }
  member->name = std::string(rest->substr(0, name_size));
  RETURN_IF_ERROR(CheckName(member->name));
  RETURN_IF_ERROR(ReadZip64(rest->substr(name_size, extra_size),
                            {&member->unpacked, &member->packed, local}));
  rest->remove_prefix(name_size + extra_size + comment_size);
  if ((flags & kZipEncryptedFlag) != 0) {
    return absl::UnimplementedError(
        absl::StrCat("member ", Quoted(member->name), " is encrypted"));
  }
  if (method != kZipStored && method != kZipDeflated) {
    return absl::UnimplementedError(
        absl::StrCat("member ", Quoted(member->name), " is packed by method ",
                     method, ": expected 0 (stored) or 8 (deflated)"));
  }
  member->deflated = method == kZipDeflated;
  if (!member->deflated && member->packed != member->unpacked) {
    return Invalid(absl::StrCat("member ", Quoted(member->name),
                                " is stored and has two sizes"));
  }
  if (member->deflated &&
      member->unpacked > static_cast<uint64_t>(MostUnpacked(
                             static_cast<int64_t>(member->packed)))) {
    return Invalid(absl::StrCat("member ", Quoted(member->name), " unpacks to ",
                                member->unpacked, " bytes: ", member->packed,
                                " packed ones cannot hold so many"));
  }
  return absl::OkStatus();
}

// The member's own header, which must say the same. OutOfRange: it or the
// member goes beyond `end`.
absl::Status ReadLocalHeader(ByteSource* source, uint64_t place, uint64_t end,
                             ZipMember* member) {
  const absl::Status beyond = absl::OutOfRangeError("");
  if (place > end || end - place < kZipLocalHeaderBytes) return beyond;
  ASSIGN_OR_RETURN(const std::string header,
                   Bytes(source, place, kZipLocalHeaderBytes));
  Fields fields(header);
  if (fields.Next<uint32_t>() != kZipLocalHeader) {
    return LostZip(absl::StrCat("member ", Quoted(member->name),
                                " is not where the directory says"));
  }
  fields.Skip(2);
  const auto flags = fields.Next<uint16_t>();
  const auto method = fields.Next<uint16_t>();
  fields.Skip(4);
  const auto crc = fields.Next<uint32_t>();
  uint64_t packed = fields.Next<uint32_t>();
  uint64_t unpacked = fields.Next<uint32_t>();
  const size_t name_size = fields.Next<uint16_t>();
  const size_t extra_size = fields.Next<uint16_t>();
  const uint64_t left = end - place - kZipLocalHeaderBytes;
  if (name_size + extra_size > left ||
      member->packed > left - name_size - extra_size) {
    return beyond;
  }
  ASSIGN_OR_RETURN(
      const std::string rest,
      Bytes(source, place + kZipLocalHeaderBytes, name_size + extra_size));
  RETURN_IF_ERROR(ReadZip64(absl::string_view(rest).substr(name_size),
                            {&unpacked, &packed}));
  const bool sizes_follow = (flags & kZipSizesFollowFlag) != 0;
  if (rest.substr(0, name_size) != member->name ||
      method != (member->deflated ? kZipDeflated : kZipStored) ||
      (!sizes_follow && (packed != member->packed ||
                         unpacked != member->unpacked || crc != member->crc))) {
    return Invalid(absl::StrCat("member ", Quoted(member->name),
                                " and the directory contradict each other"));
  }
  member->begin = place + kZipLocalHeaderBytes + name_size + extra_size;
  return absl::OkStatus();
}

// What the directory says of a member, and where its own header is.
struct Entry {
  ZipMember member;
  uint64_t local = 0;
};

// Reads the members' own headers, in the order in which they are in the file.
// None is read into the next one, so that all together are read once.
absl::Status ReadLocalHeaders(ByteSource* source, uint64_t end,
                              std::vector<Entry>* entries) {
  std::vector<Entry*> order;
  for (Entry& entry : *entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->local < b->local; });
  for (size_t i = 0; i < order.size(); ++i) {
    const bool last = i + 1 == order.size();
    const uint64_t next = last ? end : std::min(end, order[i + 1]->local);
    const absl::Status status =
        ReadLocalHeader(source, order[i]->local, next, &order[i]->member);
    if (!absl::IsOutOfRange(status)) {
      RETURN_IF_ERROR(status);
    } else if (last || next == end) {
      return LostZip(absl::StrCat("member ", Quoted(order[i]->member.name),
                                  " goes beyond the members"));
    } else {
      return Invalid("two members share bytes");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(ByteSource* source) {
  ASSIGN_OR_RETURN(const Directory directory, FindDirectory(source));
  if (directory.count > kMaxZipMembers) {
    return absl::ResourceExhaustedError(
        absl::StrCat("has ", directory.count, " members: expected at most ",
                     kMaxZipMembers));
  }
  if (directory.size > kMaxZipDirectoryBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("has a directory of ", directory.size,
                     " bytes: expected at most ", kMaxZipDirectoryBytes));
  }
  if (directory.begin > directory.end ||
      directory.size != directory.end - directory.begin) {
    return LostZip("the directory is not just before the end");
  }
  ASSIGN_OR_RETURN(const std::string bytes,
                   Bytes(source, directory.begin, directory.size));
  absl::string_view rest = bytes;
  std::vector<Entry> entries;
  absl::flat_hash_set<std::string> names;
  for (uint64_t i = 0; i < directory.count; ++i) {
    Entry entry;
    RETURN_IF_ERROR(ReadEntry(&rest, &entry.member, &entry.local));
    if (!names.insert(entry.member.name).second) {
      return Invalid(
          absl::StrCat("member ", Quoted(entry.member.name), " stands twice"));
    }
    entries.push_back(std::move(entry));
  }
  if (!rest.empty()) return LostZip("the directory has bytes of no member");
  RETURN_IF_ERROR(ReadLocalHeaders(source, directory.begin, &entries));
  std::vector<ZipMember> members;
  members.reserve(entries.size());
  for (Entry& entry : entries) members.push_back(std::move(entry.member));
  return members;
}

}  // namespace espalier
