// Numbers of the ZIP format (APPNOTE 6.3.9, section 4.3).
#ifndef ESPALIER_SERIALIZATION_ZIP_RECORDS_H_
#define ESPALIER_SERIALIZATION_ZIP_RECORDS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {

inline constexpr uint32_t kZipLocalHeader = 0x04034B50;
inline constexpr uint32_t kZipDirectoryEntry = 0x02014B50;
inline constexpr uint32_t kZipEnd = 0x06054B50;
inline constexpr uint32_t kZip64End = 0x06064B50;
inline constexpr uint32_t kZip64Locator = 0x07064B50;

// Bytes of each without names and the like.
inline constexpr size_t kZipLocalHeaderBytes = 30;
inline constexpr size_t kZipDirectoryEntryBytes = 46;
inline constexpr size_t kZipEndBytes = 22;
inline constexpr size_t kZip64EndBytes = 56;
inline constexpr size_t kZip64LocatorBytes = 20;

inline constexpr uint16_t kZipVersion = 20;
inline constexpr uint16_t kZip64Version = 45;
inline constexpr uint16_t kZipStored = 0;
inline constexpr uint16_t kZipDeflated = 8;
inline constexpr uint16_t kZipEncryptedFlag = 1;
inline constexpr uint16_t kZipSizesFollowFlag = 8;
inline constexpr uint16_t kZipUtf8Flag = 0x800;
inline constexpr uint16_t kZip64Extra = 1;
// In 32 bits: 64 stand in the extra field.
inline constexpr uint32_t kZip64Mark = 0xFFFFFFFF;
// In 16 bits, of a number of members: it stands in the record of ZIP64.
inline constexpr uint16_t kZip64CountMark = 0xFFFF;

// DataLoss of an archive: "is damaged or cut: `what`".
absl::Status LostZip(absl::string_view what);

// The checksum of bytes whose first ones have `crc`, of none 0.
uint32_t ExtendCrc32(uint32_t crc, absl::string_view bytes);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ZIP_RECORDS_H_
