// Whole files in and out of memory. Errors name the file; their code is that of
// the system call (NotFound, PermissionDenied, ResourceExhausted, ...),
// FailedPrecondition where the call has none of its own.
#ifndef ESPALIER_SERIALIZATION_FILE_H_
#define ESPALIER_SERIALIZATION_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "serialization/file_system.h"
#include "serialization/open_file.h"

namespace espalier {

// The bytes of a regular file. Anything else (folder, FIFO, device) is an
// InvalidArgument and never waited for, more than `max_bytes` is a
// ResourceExhausted before anything is read, and a file whose size changes
// while it is read is a DataLoss.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes,
                                     FileSystem& files = RealFileSystem());

// Makes `contents` the contents of the file, atomically and durably: at every
// moment, whatever fails or kills the program, `path` holds all of the old
// bytes or all of the new ones, and once this returns OK the new ones survive a
// loss of power. They are written to a temporary file
// `.<name>.tmp.<pid>.<random>` beside it, synced, and renamed.
//
// An existing file keeps its mode; a symbolic link is followed; anything but a
// regular file is refused. On failure the temporary is removed. Temporaries
// that a killed writer of the same file left behind are removed too: a living
// writer holds a lock on its own.
absl::Status WriteFile(const std::string& path, absl::string_view contents,
                       FileSystem& files = RealFileSystem());

// A file's bytes one after another, where they lie: nothing is copied together.
using FilePieces = std::vector<absl::string_view>;
absl::Status WriteFile(const std::string& path, const FilePieces& contents,
                       FileSystem& files = RealFileSystem());
// The same, but a symbolic link in the place is refused, as is every other name
// that is no regular file. `owner` is a name in the same folder: a new file
// gets its mode, if it is there, and the temporary is called after it, so that
// its next writer removes what a killed one left.
absl::Status WriteFileAt(const FilePlace& place, const FilePieces& contents,
                         const std::string& owner,
                         FileSystem& files = RealFileSystem());

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_FILE_H_
