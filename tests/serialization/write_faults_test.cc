// A write that fails or is killed at any one of its system calls leaves all of
// the old file or all of the new one.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "serialization/file.h"
#include "tests/serialization/faulty_file_system.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOld[] = "the old one";
constexpr char kNew[] = "the new one, in seven pieces";
constexpr size_t kPiece = 4;

// A temporary that a dead writer of "f" left behind.
constexpr char kOrphan[] = ".f.tmp.1.0123456789abcdef";

// The file "f" before a write: a new name, or an old file with an orphan.
class Place {
 public:
  explicit Place(bool exists) : exists_(exists) {
    if (!exists) return;
    folder_.Write("f", kOld);
    folder_.Write(kOrphan, "half");
  }

  std::string path() const { return folder_.File("f"); }
  std::vector<std::string> Names() const { return folder_.Names(); }
  bool IsNew() const { return folder_.Read("f") == kNew; }
  bool IsOld() const {
    return exists_ ? folder_.Read("f") == kOld : !HasFile();
  }

 private:
  bool HasFile() const { return ::access(path().c_str(), F_OK) == 0; }

  const bool exists_;
  ScratchFolder folder_;
};

// What can fail for ever while all else works.
constexpr Call kEachSort[] = {
    Call::kOpen, Call::kClose,      Call::kStat,   Call::kWrite,  Call::kLock,
    Call::kSync, Call::kChangeMode, Call::kRename, Call::kUnlink, Call::kList};

// Makes the n-th call fail, for every n until none is left; gives the number
// of writes that failed.
int FailEach(Call call, int error, bool sticky, bool exists) {
  int failures = 0;
  for (int n = 0;; ++n) {
    const Place place(exists);
    FaultyFileSystem files(call, n, error, sticky);
    files.set_piece(kPiece);
    const absl::Status status = WriteFile(place.path(), kNew, files);
    const std::string where =
        absl::StrCat("call ", static_cast<int>(call), " ", n, " ",
                     ::strerror(error), sticky ? " from then on" : " once");
    if (!files.fired()) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_THAT(place.Names(), ElementsAre("f"));
      return failures;
    }
    if (status.ok() || files.renamed()) {
      EXPECT_TRUE(place.IsNew()) << where;
    } else {
      EXPECT_TRUE(place.IsOld()) << where;
    }
    if (!status.ok()) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(place.path()));
      ++failures;
    }
    // What is left over can only be there because it could not be removed.
    for (const std::string& name : place.Names()) {
      EXPECT_TRUE(name == "f" || sticky || name == kOrphan) << where;
    }
    // The next writer clears it away.
    std::filesystem::remove(place.path());
    FaultyFileSystem sound;
    EXPECT_TRUE(WriteFile(place.path(), kNew, sound).ok());
    EXPECT_THAT(place.Names(), ElementsAre("f")) << where;
  }
}

class WriteErrorTest : public ::testing::TestWithParam<int> {};

// Once it is one call of all that fails, then everything from a call on.
TEST_P(WriteErrorTest, KeepTheOldFileOrGiveTheNewOne) {
  for (const bool exists : {false, true}) {
    const int once = FailEach(Call::kAny, GetParam(), false, exists);
    const int sticky = FailEach(Call::kAny, GetParam(), true, exists);
    EXPECT_GE(once, exists ? 15 : 13);
    EXPECT_GT(sticky, once);
  }
}

INSTANTIATE_TEST_SUITE_P(EachError, WriteErrorTest,
                         ::testing::Values(EIO, ENOSPC, EDQUOT, EROFS, EACCES),
                         [](const ::testing::TestParamInfo<int>& info) {
                           return std::string(::strerrorname_np(info.param));
                         });

TEST(WriteFaultsTest, OneSortOfCallThatNeverWorks) {
  int failures = 0;
  for (const Call call : kEachSort) {
    failures += FailEach(call, EIO, /*sticky=*/true, /*exists=*/true);
  }
  EXPECT_GE(failures, 15);
}

TEST(WriteFaultsTest, AFullDiskIsCalledFull) {
  for (const int error : {ENOSPC, EDQUOT}) {
    for (int n = 0; n < 7; ++n) {
      const Place place(true);
      FaultyFileSystem files(Call::kWrite, n, error, /*sticky=*/true);
      files.set_piece(kPiece);
      EXPECT_EQ(WriteFile(place.path(), kNew, files).code(),
                absl::StatusCode::kResourceExhausted);
      EXPECT_TRUE(place.IsOld());
      EXPECT_THAT(place.Names(), ElementsAre("f"));
    }
  }
}

// Calls that a signal may interrupt are repeated.
TEST(WriteFaultsTest, AreNotCausedByInterruptions) {
  for (const Call call : {Call::kOpen, Call::kWrite, Call::kSync}) {
    EXPECT_EQ(FailEach(call, EINTR, /*sticky=*/false, /*exists=*/false), 0);
    EXPECT_EQ(FailEach(call, EINTR, /*sticky=*/false, /*exists=*/true), 0);
  }
}

// A sync that failed once says yes the next time though the data is gone.
TEST(WriteFaultsTest, AFailedSyncIsNotRepeated) {
  class CountingSyncs : public FileSystem {
   public:
    int Sync(int /*file*/) override {
      ++count;
      errno = EIO;
      return -1;
    }
    int count = 0;
  };
  const Place place(true);
  CountingSyncs files;
  EXPECT_FALSE(WriteFile(place.path(), kNew, files).ok());
  EXPECT_EQ(files.count, 1);
  EXPECT_TRUE(place.IsOld());
}

// Runs `body` in a child process and gives what it returned.
int InChild(const std::function<int()>& body) {
  const pid_t child = ::fork();
  EXPECT_GE(child, 0);
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

constexpr int kKilled = 0;  // FaultyFileSystem's exit code
constexpr int kWritten = 1;
constexpr int kFailed = 2;

TEST(WriteKilledTest, LeavesOldOrNewAtEveryCall) {
  for (const bool exists : {false, true}) {
    int old = 0;
    int orphans = 0;
    int n = 0;
    for (int end = kKilled; end == kKilled; ++n) {
      const Place place(exists);
      end = InChild([&] {
        FaultyFileSystem files(Call::kAny, n, FaultyFileSystem::kKill);
        files.set_piece(kPiece);
        return WriteFile(place.path(), kNew, files).ok() ? kWritten : kFailed;
      });
      EXPECT_TRUE(place.IsOld() || place.IsNew()) << n;
      EXPECT_TRUE(end == kKilled || (end == kWritten && place.IsNew())) << n;
      old += place.IsOld() ? 1 : 0;
      for (const std::string& name : place.Names()) {
        if (name != "f" && name != kOrphan) ++orphans;
      }
      // The next writer clears away what the killed one left.
      std::filesystem::remove(place.path());
      FaultyFileSystem sound;
      ASSERT_TRUE(WriteFile(place.path(), kNew, sound).ok());
      EXPECT_THAT(place.Names(), ElementsAre("f")) << n;
    }
    // Old up to the rename; new at the sync of the folder, two closes and the
    // end.
    EXPECT_EQ(n - old, 4);
    EXPECT_GE(old, 15);
    EXPECT_GE(orphans, 8);
  }
}

// The kernel itself takes only part of a write, then none.
TEST(WriteRealFaultsTest, AnyLimitOfAFilesSize) {
  const std::string contents(5000, 'n');
  for (const rlim_t limit : {0, 1, 1000, 4096, 4999}) {
    const Place place(true);
    const int end = InChild([&] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit small = {limit, limit};
      if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 7;
      const absl::Status status = WriteFile(place.path(), contents);
      const bool said =
          absl::StrContains(status.message(), "write: File too large");
      return said && absl::IsResourceExhausted(status) ? 3 : 4;
    });
    EXPECT_EQ(end, 3) << limit;
    EXPECT_TRUE(place.IsOld());
    EXPECT_THAT(place.Names(), ElementsAre("f"));
  }
}

TEST(WriteRealFaultsTest, NoPermission) {
  const ScratchFolder folder;
  const std::string path = folder.Write("f", kOld);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  const int end = InChild([&] {
    // To root everything is permitted.
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 7;
    const absl::Status status = WriteFile(path, kNew);
    return status.code() == absl::StatusCode::kPermissionDenied ? 3 : 4;
  });
  EXPECT_EQ(end, 3);
  EXPECT_EQ(folder.Read("f"), kOld);
  EXPECT_THAT(folder.Names(), ElementsAre("f"));
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
}

TEST(WriteRealFaultsTest, TheDeviceThatIsAlwaysFull) {
  const absl::Status status = WriteFile("/dev/full", kNew);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("write '/dev/full': is no file"));
}

TEST(WriteRealFaultsTest, ALinkToAFifoIsNotWrittenThrough) {
  const ScratchFolder folder;
  ASSERT_EQ(::mkfifo(folder.File("fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", folder.File("link"));
  EXPECT_EQ(WriteFile(folder.File("link"), kNew).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_fifo(folder.File("fifo")));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.File("link")));
}

}  // namespace
}  // namespace espalier
