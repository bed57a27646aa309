#include "serialization/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace espalier {

int FileSystem::Open(int folder, const char* name, int flags, mode_t mode) {
  return ::openat(folder, name, flags, mode);
}

int FileSystem::OpenBeneath(int folder, const char* name, int flags) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(
      ::syscall(SYS_openat2, folder, name, &how, sizeof(how)));
}

int FileSystem::Close(int file) { return ::close(file); }

int FileSystem::Stat(int file, struct stat* result) {
  return ::fstat(file, result);
}

ssize_t FileSystem::Read(int file, char* buffer, size_t size) {
  return ::read(file, buffer, size);
}

ssize_t FileSystem::ReadAt(int file, char* buffer, size_t size, int64_t place) {
  return ::pread(file, buffer, size, place);
}

ssize_t FileSystem::Write(int file, const char* bytes, size_t size) {
  return ::write(file, bytes, size);
}

int FileSystem::ChangeMode(int file, mode_t mode) {
  return ::fchmod(file, mode);
}

int FileSystem::TryLock(int file) { return ::flock(file, LOCK_EX | LOCK_NB); }

void FileSystem::Wait(int milliseconds) {
  ::usleep(1000u * static_cast<useconds_t>(milliseconds));
}

int FileSystem::Sync(int file) { return ::fsync(file); }

int FileSystem::Rename(int folder, const char* from, const char* to) {
  return ::renameat(folder, from, folder, to);
}

int FileSystem::Unlink(int folder, const char* name) {
  return ::unlinkat(folder, name, 0);
}

int FileSystem::List(int folder, std::vector<std::string>* names) {
  // fdopendir takes its descriptor over, so it gets one of its own.
  const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return -1;
  DIR* stream = ::fdopendir(own);
  if (stream == nullptr) {
    ::close(own);
    return -1;
  }
  while (const dirent* entry = ::readdir(stream)) {
    names->push_back(entry->d_name);
  }
  return ::closedir(stream);
}

FileSystem& RealFileSystem() {
  static FileSystem real;
  return real;
}

}  // namespace espalier
