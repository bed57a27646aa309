// What a disk may hold after a loss of power, worked out from a recording of
// the calls that went before.
//
// The model promises as little as a disk does: what was written to a file since
// its last sync may be there, missing, zero or half there, whatever the order;
// a change of a folder (create, rename, unlink) may have happened or not, in
// any order, until the folder is synced. A rename itself is never half done.
#ifndef ESPALIER_TESTS_SERIALIZATION_POWER_LOSS_H_
#define ESPALIER_TESTS_SERIALIZATION_POWER_LOSS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "serialization/file_system.h"

namespace espalier {

// A step of a recording. Files are numbered in the order of their making.
struct DiskStep {
  enum class Kind { kCreate, kWrite, kSyncFile, kSyncFolder, kRename, kUnlink };

  Kind kind;
  int file = -1;      // of kCreate, kWrite, kSyncFile
  std::string name;   // of kCreate, kRename (from), kUnlink
  std::string to;     // of kRename
  std::string bytes;  // of kWrite
};

// Does the real calls, all in one folder, and records those that change the
// disk. Writes at most `piece` bytes at a time. A sync is only recorded, and
// with `lose_*` not even that: a program without the sync.
class RecordingFileSystem : public FileSystem {
 public:
  explicit RecordingFileSystem(size_t piece) : piece_(piece) {}

  bool lose_file_syncs = false;
  bool lose_folder_syncs = false;

  const std::vector<DiskStep>& steps() const { return steps_; }

  int Open(int folder, const char* name, int flags, mode_t mode) override;
  int Close(int file) override;
  ssize_t Write(int file, const char* bytes, size_t size) override;
  int Sync(int file) override;
  int Rename(int folder, const char* from, const char* to) override;
  int Unlink(int folder, const char* name) override;

 private:
  const size_t piece_;
  std::vector<DiskStep> steps_;
  std::map<int, int> open_;  // descriptor to number
  int files_ = 0;
};

// A folder's files and their contents.
using DiskState = std::map<std::string, std::string>;

// Calls `visit` once with each different state in which a loss of power after
// the first `steps` steps can leave a folder that held `before`, all of it
// synced. Returns the number of states.
int ForEachDiskState(const DiskState& before,
                     const std::vector<DiskStep>& recording, size_t steps,
                     const std::function<void(const DiskState&)>& visit);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_POWER_LOSS_H_
