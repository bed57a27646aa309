#include "serialization/external_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr int64_t kPlenty = 1 << 20;

// A kernel without openat2.
class OldFileSystem : public FileSystem {
 public:
  int OpenBeneath(int /*folder*/, const char* /*name*/,
                  int /*flags*/) override {
    errno = ENOSYS;
    return -1;
  }
};

absl::StatusOr<std::string> ReadExternal(const ScratchFolder& folder,
                                         const std::string& name,
                                         FileSystem& files) {
  ASSIGN_OR_RETURN(FileReader reader,
                   OpenExternal(folder.path(), name, kPlenty, files));
  std::string contents(static_cast<size_t>(reader.size()), '\0');
  RETURN_IF_ERROR(reader.Read(&contents[0], contents.size()));
  RETURN_IF_ERROR(reader.Finish());
  return contents;
}

TEST(ExternalFileTest, RefusesNamesThatAreNotPlain) {
  EXPECT_OK(CheckExternalName("m.pb.0badcafe.weights"));
  EXPECT_OK(CheckExternalName("sub/..weights"));
  EXPECT_OK(CheckExternalName(std::string(255, 'n')));
  struct Case {
    std::string name;
    std::string why;
  };
  const std::vector<Case> cases = {
      {"", "is empty"},
      {"/etc/passwd", "is absolute"},
      {"..", "is not plain"},
      {"../w", "is not plain"},
      {"sub/../../w", "is not plain"},
      {"sub/..", "is not plain"},
      {".", "is not plain"},
      {"./w", "is not plain"},
      {"sub//w", "is not plain"},
      {"sub/", "is not plain"},
      {"..\\w", "holds a backslash"},
      {"C:\\w", "holds a backslash"},
      {std::string("w\0.bin", 6), "holds a control character"},
      {"w\n", "holds a control character"},
      {"w\x1b[2J", "holds a control character"},
      {"w\x7f", "holds a control character"},
      {"w\xff", "is not UTF-8"},
      {std::string(256, 'n'), "has 256 bytes"},
  };
  for (const Case& c : cases) {
    const absl::Status status = CheckExternalName(c.name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why)) << c.name;
    ScratchFolder folder;
    EXPECT_EQ(OpenExternal(folder.path(), c.name, kPlenty).status().code(),
              absl::StatusCode::kInvalidArgument)
        << c.name;
  }
}

TEST(ExternalFileTest, OpensWhatIsInTheFolderAndNothingElse) {
  OldFileSystem old;
  for (FileSystem* files :
       {&RealFileSystem(), static_cast<FileSystem*>(&old)}) {
    ScratchFolder outside;
    outside.Write("secret", "secret");
    ScratchFolder folder;
    folder.Write("w", "weights");
    std::filesystem::create_directory(folder.File("sub"));
    folder.Write("sub/w", "deeper");
    EXPECT_EQ(ReadExternal(folder, "w", *files).value(), "weights");
    EXPECT_EQ(ReadExternal(folder, "sub/w", *files).value(), "deeper");

    std::filesystem::create_symlink(outside.File("secret"),
                                    folder.File("link"));
    std::filesystem::create_symlink("w", folder.File("near"));
    std::filesystem::create_symlink("nothing", folder.File("dangling"));
    std::filesystem::create_symlink(outside.path(), folder.File("up"));
    std::filesystem::create_symlink("sub", folder.File("same"));
    folder.Write("twice", "two names");
    std::filesystem::create_hard_link(folder.File("twice"),
                                      folder.File("sub/hard"));
    ASSERT_EQ(::mkfifo(folder.File("fifo").c_str(), 0600), 0);
    struct Case {
      std::string name;
      absl::StatusCode code;
      std::string why;
    };
    const std::vector<Case> cases = {
        {"link", absl::StatusCode::kPermissionDenied, "symbolic link"},
        {"near", absl::StatusCode::kPermissionDenied, "symbolic link"},
        {"dangling", absl::StatusCode::kPermissionDenied, "symbolic link"},
        {"up/secret", absl::StatusCode::kPermissionDenied, "symbolic link"},
        {"same/w", absl::StatusCode::kPermissionDenied, "symbolic link"},
        {"twice", absl::StatusCode::kPermissionDenied, "hard link"},
        {"sub/hard", absl::StatusCode::kPermissionDenied, "hard link"},
        {"fifo", absl::StatusCode::kInvalidArgument, "no file"},
        {"sub", absl::StatusCode::kInvalidArgument, "a folder"},
        {"missing", absl::StatusCode::kNotFound, "missing"},
        {"w/w", absl::StatusCode::kFailedPrecondition, "w/w"},
    };
    for (const Case& c : cases) {
      const absl::Status status = ReadExternal(folder, c.name, *files).status();
      EXPECT_EQ(status.code(), c.code) << c.name << ": " << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
      EXPECT_THAT(std::string(status.message()), HasSubstr("external file"));
    }
    EXPECT_EQ(OpenExternal(folder.path(), "w", 6, *files).status().code(),
              absl::StatusCode::kResourceExhausted);
  }
}

TEST(ExternalFileTest, WeightsAreCalledAfterModelAndChecksum) {
  EXPECT_EQ(WeightsName("m.pb", 0xBADCAFE).value(), "m.pb.0badcafe.weights");
  EXPECT_EQ(ChecksumInWeightsName("m.pb.0badcafe.weights").value(), 0xBADCAFEu);
  for (const std::string name :
       {"m.pb", "m.weights", "m.0badcaf.weights", ".0badcafe.weight",
        "0badcafe.weights", "m-0badcafe.weights", "m.0badcafg.weights"}) {
    EXPECT_FALSE(ChecksumInWeightsName(name).has_value()) << name;
  }
  EXPECT_EQ(WeightsName(std::string(250, 'm'), 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WeightsName("a\\b.pb", 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(WriteModelTest, ReplacesTheWeightsOfTheOldModel) {
  ScratchFolder folder;
  const std::string path = folder.File("m.pb");
  const std::string first = WeightsName("m.pb", 1).value();
  const std::string second = WeightsName("m.pb", 2).value();
  const std::string other = WeightsName("n.pb", 1).value();
  const std::string longer = WeightsName("x.m.pb", 1).value();
  folder.Write(other, "of another model");
  folder.Write(longer, "of another model");
  EXPECT_OK(WriteModel(path, {"mo", "del"}, WeightsFile{first, {"a", "b"}}));
  EXPECT_EQ(folder.Read("m.pb"), "model");
  EXPECT_EQ(folder.Read(first), "ab");
  EXPECT_OK(WriteModel(path, {"two"}, WeightsFile{second, {"c"}}));
  EXPECT_EQ(folder.Read(second), "c");
  EXPECT_THAT(folder.Names(),
              UnorderedElementsAre("m.pb", second, other, longer));
  // The same weights again stay.
  EXPECT_OK(WriteModel(path, {"three"}, WeightsFile{second, {"c"}}));
  EXPECT_THAT(folder.Names(),
              UnorderedElementsAre("m.pb", second, other, longer));
  EXPECT_OK(WriteModel(path, {"four"}, absl::nullopt));
  EXPECT_THAT(folder.Names(), UnorderedElementsAre("m.pb", other, longer));
}

TEST(WriteModelTest, WeightsAreAsPrivateAsTheModelThatIsThere) {
  namespace fs = std::filesystem;
  const ScratchFolder folder;
  const std::string path = folder.Write("m.pb", "private");
  const fs::perms owner = fs::perms::owner_read | fs::perms::owner_write;
  fs::permissions(path, owner);
  const std::string name = WeightsName("m.pb", 1).value();
  ASSERT_OK(WriteModel(path, {"model"}, WeightsFile{name, {"a"}}));
  EXPECT_EQ(fs::status(path).permissions(), owner);
  EXPECT_EQ(fs::status(folder.File(name)).permissions(), owner);
}

TEST(WriteModelTest, WritesThroughNoLink) {
  ScratchFolder outside;
  outside.Write("victim", "precious");
  ScratchFolder folder;
  const std::string name = WeightsName("m.pb", 1).value();
  std::filesystem::create_symlink(outside.File("victim"), folder.File(name));
  const absl::Status status =
      WriteModel(folder.File("m.pb"), {"model"}, WeightsFile{name, {"w"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(outside.Read("victim"), "precious");
  EXPECT_THAT(folder.Names(), UnorderedElementsAre(name));

  // A second name keeps what it had.
  std::filesystem::remove(folder.File(name));
  std::filesystem::create_hard_link(outside.File("victim"), folder.File(name));
  EXPECT_OK(
      WriteModel(folder.File("m.pb"), {"model"}, WeightsFile{name, {"w"}}));
  EXPECT_EQ(outside.Read("victim"), "precious");
  EXPECT_EQ(folder.Read(name), "w");
}

// Fails the n-th rename or sync.
class FailingFileSystem : public FileSystem {
 public:
  FailingFileSystem(int rename, int sync) : rename_(rename), sync_(sync) {}

  int Rename(int folder, const char* from, const char* to) override {
    if (rename_-- != 0) return FileSystem::Rename(folder, from, to);
    errno = EIO;
    return -1;
  }
  int Sync(int file) override {
    if (sync_-- != 0) return FileSystem::Sync(file);
    errno = EIO;
    return -1;
  }

 private:
  int rename_;
  int sync_;
};

TEST(WriteModelTest, KeepsTheOldModelWithItsWeightsWhateverFails) {
  const std::string first = WeightsName("m.pb", 1).value();
  const std::string second = WeightsName("m.pb", 2).value();
  struct Case {
    int rename;
    int sync;
    bool replaced;
  };
  // Weights: sync, rename, sync of the folder; then the same of the model.
  const std::vector<Case> cases = {{0, -1, false}, {1, -1, false},
                                   {-1, 0, false}, {-1, 1, false},
                                   {-1, 2, false}, {-1, 3, true}};
  for (const Case& c : cases) {
    ScratchFolder folder;
    const std::string path = folder.File("m.pb");
    ASSERT_OK(WriteModel(path, {"old"}, WeightsFile{first, {"a"}}));
    FailingFileSystem files(c.rename, c.sync);
    EXPECT_FALSE(
        WriteModel(path, {"new"}, WeightsFile{second, {"b"}}, files).ok());
    EXPECT_EQ(folder.Read("m.pb"), c.replaced ? "new" : "old");
    EXPECT_EQ(folder.Read(first), "a");
    if (c.replaced) {
      EXPECT_EQ(folder.Read(second), "b");
    }
    // The next writer leaves what belongs to the model and nothing else.
    ASSERT_OK(WriteModel(path, {"new"}, WeightsFile{second, {"b"}}));
    EXPECT_THAT(folder.Names(), UnorderedElementsAre("m.pb", second));
  }
}

TEST(WriteModelTest, WritersWaitForEachOther) {
  ScratchFolder folder;
  const std::string path = folder.File("m.pb");
  std::vector<std::thread> writers;
  for (uint32_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&path, writer] {
      for (uint32_t round = 0; round < 8; ++round) {
        const std::string text = std::to_string((writer + round) % 3);
        const std::string name =
            WeightsName("m.pb", (writer + round) % 3).value();
        EXPECT_OK(WriteModel(path, {text}, WeightsFile{name, {text}}));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string last = folder.Read("m.pb");
  const std::string name =
      WeightsName("m.pb", static_cast<uint32_t>(std::stoi(last))).value();
  EXPECT_THAT(folder.Names(), UnorderedElementsAre("m.pb", name));
  EXPECT_EQ(folder.Read(name), last);
}

// A lock that somebody holds for ever.
class LockedFolder : public FileSystem {
 public:
  int TryLock(int /*file*/) override {
    errno = EWOULDBLOCK;
    return -1;
  }
  void Wait(int milliseconds) override { waited_ += milliseconds; }

  int64_t waited() const { return waited_; }

 private:
  int64_t waited_ = 0;
};

TEST(WriteModelTest, GivesUpWaitingAfterTenMinutes) {
  ScratchFolder folder;
  LockedFolder files;
  const std::string path = folder.File("m.pb");
  const absl::Status status = WriteModel(
      path, {"model"}, WeightsFile{"m.pb.00000000.weights", {"w"}}, files);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            absl::StrCat("write '", path, "': folder '", folder.path(),
                         "': another program keeps saving weights in this "
                         "folder"));
  EXPECT_EQ(files.waited(), 10 * 60 * 1000);
  EXPECT_TRUE(folder.Names().empty());
}

}  // namespace
}  // namespace espalier
