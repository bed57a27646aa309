// System calls that fail, are interrupted, fall short or end the process.
#ifndef ESPALIER_TESTS_SERIALIZATION_FAULTY_FILE_SYSTEM_H_
#define ESPALIER_TESTS_SERIALIZATION_FAULTY_FILE_SYSTEM_H_

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include "serialization/file_system.h"

namespace espalier {

// The calls of a FileSystem that can be made to fail.
enum class Call {
  kOpen,
  kClose,
  kStat,
  kRead,
  kWrite,
  kChangeMode,
  kLock,
  kSync,
  kRename,
  kUnlink,
  kList,
  kAny,
};

// Fails the n-th call (from 0) of one sort with an errno, once or from then on;
// with kKill ends the process there; writes and reads at most `piece` bytes at
// a time. Syncs do nothing: no power is lost here, and disks are slow.
class FaultyFileSystem : public FileSystem {
 public:
  static constexpr int kKill = -1;

  FaultyFileSystem(Call call, int n, int error, bool sticky = false)
      : call_(call), n_(n), error_(error), sticky_(sticky) {}
  FaultyFileSystem() : FaultyFileSystem(Call::kAny, -1, 0) {}

  bool fired() const { return fired_; }
  // Once the file is renamed only the sync of the folder is left to fail.
  bool renamed() const { return renamed_; }
  void set_piece(size_t piece) { piece_ = piece; }

  int Open(int folder, const char* name, int flags, mode_t mode) override {
    return Fails(Call::kOpen) ? -1
                              : FileSystem::Open(folder, name, flags, mode);
  }
  // Closes whatever it says, as Linux does.
  int Close(int file) override {
    const bool fails = Fails(Call::kClose);
    const int error = errno;
    const int code = FileSystem::Close(file);
    if (!fails) return code;
    errno = error;
    return -1;
  }
  int Stat(int file, struct stat* result) override {
    return Fails(Call::kStat) ? -1 : FileSystem::Stat(file, result);
  }
  ssize_t Read(int file, char* buffer, size_t size) override {
    return Fails(Call::kRead)
               ? -1
               : FileSystem::Read(file, buffer, std::min(size, piece_));
  }
  ssize_t Write(int file, const char* bytes, size_t size) override {
    return Fails(Call::kWrite)
               ? -1
               : FileSystem::Write(file, bytes, std::min(size, piece_));
  }
  int ChangeMode(int file, mode_t mode) override {
    return Fails(Call::kChangeMode) ? -1 : FileSystem::ChangeMode(file, mode);
  }
  int TryLock(int file) override {
    return Fails(Call::kLock) ? -1 : FileSystem::TryLock(file);
  }
  int Sync(int /*file*/) override { return Fails(Call::kSync) ? -1 : 0; }
  int Rename(int folder, const char* from, const char* to) override {
    if (Fails(Call::kRename)) return -1;
    const int code = FileSystem::Rename(folder, from, to);
    renamed_ = renamed_ || code == 0;
    return code;
  }
  int Unlink(int folder, const char* name) override {
    return Fails(Call::kUnlink) ? -1 : FileSystem::Unlink(folder, name);
  }
  int List(int folder, std::vector<std::string>* names) override {
    return Fails(Call::kList) ? -1 : FileSystem::List(folder, names);
  }

 private:
  bool Fails(Call call) {
    if (call_ != Call::kAny && call != call_) return false;
    const int now = count_++;
    if (now != n_ && !(sticky_ && now > n_)) return false;
    if (error_ == kKill) ::_exit(0);
    fired_ = true;
    errno = error_;
    return true;
  }

  const Call call_;
  const int n_;
  const int error_;
  const bool sticky_;
  int count_ = 0;
  bool fired_ = false;
  bool renamed_ = false;
  size_t piece_ = std::numeric_limits<size_t>::max();
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_FAULTY_FILE_SYSTEM_H_
