#include "serialization/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/serialization/faulty_file_system.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kPlenty = 1 << 20;

TEST(ReadFileTest, GivesAllBytes) {
  ScratchFolder folder;
  const std::string contents("a\0b\n\xff", 5);
  const std::string path = folder.Write("f", contents);
  EXPECT_EQ(ReadFile(path, 5).value(), contents);
  EXPECT_EQ(ReadFile(folder.Write("empty", ""), 0).value(), "");
  FaultyFileSystem slow;
  slow.set_piece(2);
  EXPECT_EQ(ReadFile(path, 5, slow).value(), contents);
}

TEST(ReadFileTest, NamesTheFileInItsErrors) {
  ScratchFolder folder;
  const std::string path = folder.File("none");
  const absl::Status status = ReadFile(path, kPlenty).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            absl::StrCat("read '", path, "': No such file or directory"));
}

TEST(ReadFileTest, RefusesWhatIsNoRegularFile) {
  ScratchFolder folder;
  EXPECT_EQ(ReadFile(folder.path(), kPlenty).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string fifo = folder.File("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(fifo, kPlenty).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadFile("/dev/zero", kPlenty).status().code(),
            absl::StatusCode::kInvalidArgument);
  std::filesystem::create_symlink("loop", folder.File("loop"));
  EXPECT_EQ(ReadFile(folder.File("loop"), kPlenty).status().code(),
            absl::StatusCode::kFailedPrecondition);
  folder.Write("f", "x");
  EXPECT_EQ(
      ReadFile(folder.File(std::string("f\0g", 3)), kPlenty).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(ReadFileTest, RefusesWhatItMayNotRead) {
  const ScratchFolder folder;
  const std::string path = folder.Write("f", "x");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // To root everything is permitted.
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(7);
    const absl::Status status = ReadFile(path, kPlenty).status();
    ::_exit(status.code() == absl::StatusCode::kPermissionDenied ? 3 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(ReadFileTest, RefusesMoreBytesThanTheCap) {
  ScratchFolder folder;
  const std::string path = folder.Write("f", "12345");
  const absl::Status status = ReadFile(path, 4).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("has 5 bytes: expected at most 4"));
  // A terabyte of hole takes no memory to refuse.
  std::filesystem::resize_file(path, uint64_t{1} << 40);
  EXPECT_EQ(ReadFile(path, kPlenty).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ReadFileTest, SeesThatAFileChanges) {
  // Cuts or lengthens the file once its size is known.
  class Changing : public FileSystem {
   public:
    Changing(std::string path, int size)
        : path_(std::move(path)), size_(size) {}
    int Stat(int file, struct stat* result) override {
      const int code = FileSystem::Stat(file, result);
      std::filesystem::resize_file(path_, size_);
      return code;
    }

   private:
    const std::string path_;
    const int size_;
  };
  ScratchFolder folder;
  for (const int size : {0, 4, 6}) {
    const std::string path = folder.Write("f", "12345");
    Changing files(path, size);
    EXPECT_EQ(ReadFile(path, kPlenty, files).status().code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
}

TEST(ReadFileTest, ReportsEachFailure) {
  ScratchFolder folder;
  const std::string path = folder.Write("f", "12345");
  for (const Call call : {Call::kOpen, Call::kStat, Call::kRead}) {
    FaultyFileSystem files(call, 0, EACCES);
    EXPECT_EQ(ReadFile(path, kPlenty, files).status().code(),
              absl::StatusCode::kPermissionDenied);
    FaultyFileSystem interrupted(call, 0, EINTR);
    EXPECT_EQ(ReadFile(path, kPlenty, interrupted).ok(), call != Call::kStat);
  }
}

TEST(WriteFileTest, MakesAndReplacesAFile) {
  ScratchFolder folder;
  const std::string path = folder.File("f");
  for (const std::string contents : {"first", "", "a longer second one"}) {
    ASSERT_TRUE(WriteFile(path, contents).ok());
    EXPECT_EQ(folder.Read("f"), contents);
    EXPECT_THAT(folder.Names(), ElementsAre("f"));
  }
}

TEST(WriteFileTest, WritesToTheWorkingFolderAndUnderTheLongestName) {
  ScratchFolder folder;
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_TRUE(WriteFile("plain", "1").ok());
  std::filesystem::current_path(before);
  EXPECT_EQ(folder.Read("plain"), "1");
  const std::string longest(255, 'n');
  EXPECT_TRUE(WriteFile(folder.File(longest), "2").ok());
  EXPECT_EQ(folder.Read(longest), "2");
}

TEST(WriteFileTest, KeepsTheModeOfTheOldFileAndObeysTheMaskForANewOne) {
  ScratchFolder folder;
  struct stat status;
  const mode_t mask = ::umask(0027);
  ASSERT_TRUE(WriteFile(folder.File("new"), "x").ok());
  ::umask(mask);
  ASSERT_EQ(::stat(folder.File("new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);

  const std::string old = folder.Write("old", "x");
  ASSERT_EQ(::chmod(old.c_str(), 0604), 0);
  ASSERT_TRUE(WriteFile(old, "y").ok());
  ASSERT_EQ(::stat(old.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0604u);
}

TEST(WriteFileTest, FollowsASymbolicLink) {
  ScratchFolder folder;
  folder.Write("real", "old");
  std::filesystem::create_symlink("real", folder.File("link"));
  ASSERT_TRUE(WriteFile(folder.File("link"), "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.File("link")));
  EXPECT_EQ(folder.Read("real"), "new");
  std::filesystem::create_symlink("nothing", folder.File("dangling"));
  EXPECT_EQ(WriteFile(folder.File("dangling"), "x").code(),
            absl::StatusCode::kNotFound);
}

TEST(WriteFileTest, RefusesTargetsThatAreNoFiles) {
  ScratchFolder folder;
  const std::string fifo = folder.File("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, folder.path(), folder.path() + "/",
                                  std::string(""), folder.File("..")}) {
    EXPECT_EQ(WriteFile(path, "x").code(), absl::StatusCode::kInvalidArgument)
        << path;
  }
  EXPECT_EQ(WriteFile(folder.File("none/f"), "x").code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(folder.Names(), ElementsAre("fifo"));
}

TEST(WriteFileTest, TakesShortAndInterruptedWrites) {
  ScratchFolder folder;
  FaultyFileSystem slow(Call::kWrite, 3, EINTR);
  slow.set_piece(3);
  ASSERT_TRUE(WriteFile(folder.File("f"), "0123456789abcdef", slow).ok());
  EXPECT_TRUE(slow.fired());
  EXPECT_EQ(folder.Read("f"), "0123456789abcdef");
}

TEST(WriteFileTest, DoesWithoutLocksAndFolderSyncWhereThereAreNone) {
  ScratchFolder folder;
  FaultyFileSystem no_locks(Call::kLock, 0, ENOLCK, /*sticky=*/true);
  EXPECT_TRUE(WriteFile(folder.File("f"), "1", no_locks).ok());
  FaultyFileSystem no_folder_sync(Call::kSync, 1, EINVAL);
  EXPECT_TRUE(WriteFile(folder.File("f"), "2", no_folder_sync).ok());
  FaultyFileSystem folder_sync_fails(Call::kSync, 1, EIO);
  EXPECT_FALSE(WriteFile(folder.File("f"), "3", folder_sync_fails).ok());
}

TEST(WriteFileTest, LeavesTemporariesOfOthersAlone) {
  ScratchFolder folder;
  const std::string stale = ".f.tmp.1.0123456789abcdef";
  folder.Write(stale, "");
  const std::string others[] = {
      ".g.tmp.1.0123456789abcdef",  ".f.tmp.1.0123456789abcde",
      ".f.tmp.1.0123456789abcdefg", ".f.tmp.x.0123456789abcdef",
      ".f.tmp..0123456789abcdef",   "f.tmp.1.0123456789abcdef",
      ".f.tmp.12.fedcba9876543210",
  };
  for (const std::string& name : others) folder.Write(name, "");
  // The last one's writer lives: it holds the lock.
  const std::string& living = others[6];
  const int lock = ::open(folder.File(living).c_str(), O_RDONLY);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);

  ASSERT_TRUE(WriteFile(folder.File("f"), "x").ok());
  ::close(lock);
  const std::vector<std::string> names = folder.Names();
  for (const std::string& name : others) {
    EXPECT_THAT(names, ::testing::Contains(name));
  }
  EXPECT_THAT(names, ::testing::Not(::testing::Contains(stale)));
}

TEST(WriteFileTest, TakesAnotherNameWhenACleanerHoldsTheFirst) {
  ScratchFolder folder;
  FaultyFileSystem files(Call::kLock, 0, EWOULDBLOCK);
  ASSERT_TRUE(WriteFile(folder.File("f"), "x", files).ok());
  EXPECT_TRUE(files.fired());
  EXPECT_THAT(folder.Names(), ElementsAre("f"));
  FaultyFileSystem never(Call::kLock, 0, EWOULDBLOCK, /*sticky=*/true);
  EXPECT_EQ(WriteFile(folder.File("f"), "y", never).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(folder.Read("f"), "x");
  EXPECT_THAT(folder.Names(), ElementsAre("f"));
}

}  // namespace
}  // namespace espalier
