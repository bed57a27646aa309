// ZIP archives (PKWARE's APPNOTE 6.3.9), as much as NumPy's .npz needs: members
// stored or deflated, ZIP64, no folders, no encryption.
#ifndef ESPALIER_SERIALIZATION_ZIP_H_
#define ESPALIER_SERIALIZATION_ZIP_H_

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "serialization/byte_source.h"
#include "serialization/byte_stream.h"
#include "serialization/file.h"
#include "serialization/unpacker.h"

namespace espalier {

// An archive of stored members in pieces, which point into what is added and
// into this. Equal members give equal bytes: there are no times in it.
class ZipWriter {
 public:
  // From these on numbers have no room in the fields of 32 and 16 bits, and
  // stand in those of ZIP64. Lower ones are for tests.
  struct Limits {
    uint64_t bytes = 0xFFFFFFFF;  // sizes and places
    uint64_t members = 0xFFFF;
  };

  ZipWriter() : ZipWriter(Limits()) {}
  explicit ZipWriter(const Limits& limits) : limits_(limits) {}
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  // The contents of a member in pieces that outlive this; `head` is copied and
  // comes first. REQUIRES: a name of at most 65535 bytes that was not added.
  void Add(const std::string& name, absl::string_view head,
           absl::string_view body);
  // Of the directory so far, at most.
  uint64_t directory_bytes() const;
  // After the last member.
  FilePieces Finish();

 private:
  struct Member {
    std::string name;
    uint64_t offset;
    uint64_t size;
    uint32_t crc;
  };

  void Append(std::string bytes);
  uint32_t Short(uint64_t value) const;
  std::string Zip64Extra(std::initializer_list<uint64_t> values) const;
  void AppendCommon(uint32_t crc, uint64_t size, bool wide,
                    std::string* out) const;

  const Limits limits_;
  std::vector<Member> members_;
  uint64_t name_bytes_ = 0;
  FilePieces pieces_;
  std::deque<std::string> kept_;
  uint64_t size_ = 0;
};

struct ZipMember {
  std::string name;  // UTF-8 without control characters; no other has it
  uint64_t unpacked = 0;
  uint64_t packed = 0;
  uint64_t begin = 0;  // of its bytes in the archive
  bool deflated = false;
  uint32_t crc = 0;
};

// The members of a hostile archive, in their order. Refused are sizes and
// places beyond the file or beyond what can be packed into so many bytes,
// members that overlap, names that stand twice, headers that contradict each
// other (InvalidArgument or DataLoss), other methods and encryption
// (Unimplemented), more than kMaxZipMembers and a directory of more than
// kMaxZipDirectoryBytes (ResourceExhausted).
inline constexpr size_t kMaxZipMembers = 100000;
inline constexpr uint64_t kMaxZipDirectoryBytes = uint64_t{64} << 20;
absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(ByteSource* source);

// A member's bytes; DataLoss unless they have its size and checksum.
class ZipMemberStream : public ByteStream {
 public:
  // The source must outlive this.
  ZipMemberStream(ByteSource* source, const ZipMember& member);

  Left left() const override;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

 private:
  absl::StatusOr<size_t> ReadPiece(absl::Span<char> buffer);
  absl::Status CheckEnd();

  ByteSource* source_;
  // Without the name.
  const uint64_t begin_;
  const uint64_t size_;
  const uint32_t expected_crc_;
  absl::optional<Unpacker> unpacker_;  // if it is packed
  bool unpacked_ = false;              // to the end
  uint64_t done_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ZIP_H_
