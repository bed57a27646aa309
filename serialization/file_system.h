// The system calls through which files are read and written: the seam at which
// tests make any one of them fail. Every function does what the call of its
// name does and leaves errno as it does.
#ifndef ESPALIER_SERIALIZATION_FILE_SYSTEM_H_
#define ESPALIER_SERIALIZATION_FILE_SYSTEM_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace espalier {

// Stateless, so one object may serve any number of threads. Names are relative
// to `folder`, a descriptor of an open folder or AT_FDCWD.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual int Open(int folder, const char* name, int flags, mode_t mode);
  // The same for reading, of what is below the folder: EXDEV for a name that
  // leads out of it, ELOOP for a symbolic link anywhere in the name.
  virtual int OpenBeneath(int folder, const char* name, int flags);
  virtual int Close(int file);
  virtual int Stat(int file, struct stat* result);
  virtual ssize_t Read(int file, char* buffer, size_t size);
  virtual ssize_t ReadAt(int file, char* buffer, size_t size, int64_t place);
  virtual ssize_t Write(int file, const char* bytes, size_t size);
  virtual int ChangeMode(int file, mode_t mode);
  // flock(LOCK_EX | LOCK_NB): fails with EWOULDBLOCK when another holds it.
  virtual int TryLock(int file);
  virtual int Sync(int file);
  virtual int Rename(int folder, const char* from, const char* to);
  virtual int Unlink(int folder, const char* name);
  // While another holds a lock.
  virtual void Wait(int milliseconds);
  // Appends the names in the open folder; -1 when they cannot be read.
  virtual int List(int folder, std::vector<std::string>* names);
};

FileSystem& RealFileSystem();

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_FILE_SYSTEM_H_
