// Data files, plain or compressed with gzip.
#ifndef ESPALIER_SERIALIZATION_GZIP_H_
#define ESPALIER_SERIALIZATION_GZIP_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace espalier {

// A data file is refused past so many bytes in the file, and so many unpacked.
inline constexpr int64_t kMaxDataBytes = int64_t{1} << 31;
inline constexpr int64_t kMaxUnpackedBytes = int64_t{1} << 30;

// Unpacks the members of a gzip file one after the other. Damage, a cut, and
// anything after the last member are DataLoss; more than `max_bytes` is
// ResourceExhausted. Memory follows what was unpacked so far, never a size that
// the file claims.
absl::StatusOr<std::string> Gunzip(absl::string_view compressed,
                                   int64_t max_bytes);

// How many bytes a file of some format has by its header. It is given all or
// the first kHeaderBytes of them, or more.
using SizeOfData =
    absl::FunctionRef<absl::StatusOr<int64_t>(absl::string_view begin)>;
inline constexpr size_t kHeaderBytes = 256;

// The bytes of a data file, unpacked when they begin as gzip does; a name
// ending in .gz demands it. Errors name the file.
absl::StatusOr<std::string> ReadDataFile(const std::string& path);
// The same, but where the file is packed and holds more than its header says,
// only some of them, more than it says.
absl::StatusOr<std::string> ReadDataFile(const std::string& path,
                                         SizeOfData size_of);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_GZIP_H_
