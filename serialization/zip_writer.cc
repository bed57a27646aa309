#include <zlib.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "serialization/bytes.h"
#include "serialization/zip.h"
#include "serialization/zip_records.h"

namespace espalier {

uint32_t ExtendCrc32(uint32_t crc, absl::string_view bytes) {
  constexpr size_t kPiece = size_t{1} << 30;  // zlib counts in 32 bits
  while (!bytes.empty()) {
    const absl::string_view piece = bytes.substr(0, kPiece);
    crc = static_cast<uint32_t>(
        ::crc32(crc, reinterpret_cast<const Bytef*>(piece.data()),
                static_cast<uInt>(piece.size())));
    bytes.remove_prefix(piece.size());
  }
  return crc;
}

void ZipWriter::Append(std::string bytes) {
  size_ += bytes.size();
  pieces_.push_back(kept_.emplace_back(std::move(bytes)));
}

// In 32 bits, or the mark that 64 stand elsewhere.
uint32_t ZipWriter::Short(uint64_t value) const {
  return value < limits_.bytes ? static_cast<uint32_t>(value) : kZip64Mark;
}

// What the 32 bits cannot hold.
std::string ZipWriter::Zip64Extra(
    std::initializer_list<uint64_t> values) const {
  std::string wide;
  for (const uint64_t value : values) {
    if (value >= limits_.bytes) AppendLittle(&wide, value);
  }
  if (wide.empty()) return "";
  std::string extra;
  AppendLittle(&extra, kZip64Extra);
  AppendLittle(&extra, static_cast<uint16_t>(wide.size()));
  return extra + wide;
}

// Version, flags, method, time and date, checksum and sizes, which both headers
// of a member have.
void ZipWriter::AppendCommon(uint32_t crc, uint64_t size, bool wide,
                             std::string* out) const {
  AppendLittle(out, wide ? kZip64Version : kZipVersion);
  AppendLittle(out, kZipUtf8Flag);
  AppendLittle(out, kZipStored);
  AppendLittle(out, uint16_t{0});     // midnight
  AppendLittle(out, uint16_t{0x21});  // 1 January 1980, the first there is
  AppendLittle(out, crc);
  AppendLittle(out, Short(size));
  AppendLittle(out, Short(size));
}

void ZipWriter::Add(const std::string& name, absl::string_view head,
                    absl::string_view body) {
  const uint64_t size = head.size() + body.size();
  const uint32_t crc = ExtendCrc32(ExtendCrc32(0, head), body);
  members_.push_back({name, size_, size, crc});
  name_bytes_ += name.size();
  // A local header has both sizes or none.
  const std::string extra = Zip64Extra({size, size});
  std::string header;
  AppendLittle(&header, kZipLocalHeader);
  AppendCommon(crc, size, !extra.empty(), &header);
  AppendLittle(&header, static_cast<uint16_t>(name.size()));
  AppendLittle(&header, static_cast<uint16_t>(extra.size()));
  header += name;
  header += extra;
  header.append(head.data(), head.size());
  Append(std::move(header));
  pieces_.push_back(body);
  size_ += body.size();
}

uint64_t ZipWriter::directory_bytes() const {
  constexpr uint64_t kZip64ExtraBytes = 4 + 3 * 8;
  return members_.size() * (kZipDirectoryEntryBytes + kZip64ExtraBytes) +
         name_bytes_;
}

FilePieces ZipWriter::Finish() {
  const uint64_t begin = size_;
  std::string directory;
  for (const Member& member : members_) {
    const std::string extra =
        Zip64Extra({member.size, member.size, member.offset});
    AppendLittle(&directory, kZipDirectoryEntry);
    AppendLittle(&directory, extra.empty() ? kZipVersion : kZip64Version);
    AppendCommon(member.crc, member.size, !extra.empty(), &directory);
    AppendLittle(&directory, static_cast<uint16_t>(member.name.size()));
    AppendLittle(&directory, static_cast<uint16_t>(extra.size()));
    AppendLittle(&directory, uint16_t{0});  // comment
    AppendLittle(&directory, uint16_t{0});  // disk
    AppendLittle(&directory, uint16_t{0});  // internal attributes
    AppendLittle(&directory, uint32_t{0});  // external attributes
    AppendLittle(&directory, Short(member.offset));
    directory += member.name;
    directory += extra;
  }
  const uint64_t size = directory.size();
  const uint64_t count = members_.size();
  const bool many = count >= limits_.members;
  if (begin >= limits_.bytes || size >= limits_.bytes || many) {
    const uint64_t place = begin + size;
    AppendLittle(&directory, kZip64End);
    AppendLittle(&directory, uint64_t{kZip64EndBytes - 12});
    AppendLittle(&directory, kZip64Version);
    AppendLittle(&directory, kZip64Version);
    AppendLittle(&directory, uint32_t{0});  // this disk
    AppendLittle(&directory, uint32_t{0});  // that of the directory
    AppendLittle(&directory, count);
    AppendLittle(&directory, count);
    AppendLittle(&directory, size);
    AppendLittle(&directory, begin);
    AppendLittle(&directory, kZip64Locator);
    AppendLittle(&directory, uint32_t{0});
    AppendLittle(&directory, place);
    AppendLittle(&directory, uint32_t{1});  // disks
  }
  const auto few = many ? kZip64CountMark : static_cast<uint16_t>(count);
  AppendLittle(&directory, kZipEnd);
  AppendLittle(&directory, uint16_t{0});
  AppendLittle(&directory, uint16_t{0});
  AppendLittle(&directory, few);
  AppendLittle(&directory, few);
  AppendLittle(&directory, Short(size));
  AppendLittle(&directory, Short(begin));
  AppendLittle(&directory, uint16_t{0});  // comment
  Append(std::move(directory));
  return pieces_;
}

}  // namespace espalier
