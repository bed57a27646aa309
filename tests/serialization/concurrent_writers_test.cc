// Two processes that save different models under one name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "serialization/file.h"
#include "serialization/model_codec.h"
#include "tests/serialization/faulty_file_system.h"
#include "tests/serialization/sample_model.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr int kWriters = 2;
constexpr int kSaves = 200;

// A model of 64 KiB and more, another one for each writer.
std::string ModelOf(int writer) {
  Model model = SampleModel();
  model.producer = std::string(4000, static_cast<char>('a' + writer));
  for (int i = 0; i < 20 + writer; ++i) {
    model.history.push_back({"prune", "data", model.producer, {}});
  }
  return EncodeModel(model).value();
}

// Starts a process that saves its model again and again, in pieces, and is
// killed in the middle of its last save. Exits with 0 if every save worked.
pid_t StartWriter(const std::string& path, const std::string& bytes) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  for (int i = 0; i < kSaves; ++i) {
    FaultyFileSystem files;
    files.set_piece(10000);
    if (!WriteFile(path, bytes, files).ok()) ::_exit(1);
  }
  FaultyFileSystem killed(Call::kWrite, 3, FaultyFileSystem::kKill);
  killed.set_piece(10000);
  WriteFile(path, bytes, killed).IgnoreError();
  ::_exit(2);
}

TEST(ConcurrentWritersTest, TheFileIsAlwaysOneOfBoth) {
  const ScratchFolder folder;
  const std::string path = folder.File("m.pb");
  const std::string models[kWriters] = {ModelOf(0), ModelOf(1)};
  ASSERT_NE(models[0], models[1]);
  ASSERT_TRUE(WriteFile(path, models[0]).ok());

  std::vector<pid_t> writers;
  for (const std::string& model : models) {
    writers.push_back(StartWriter(path, model));
    ASSERT_GT(writers.back(), 0);
  }
  int seen[kWriters] = {0, 0};
  int reads = 0;
  while (!writers.empty()) {
    const absl::StatusOr<std::string> bytes = ReadFile(path, 1 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    ++reads;
    for (int i = 0; i < kWriters; ++i) seen[i] += *bytes == models[i] ? 1 : 0;
    ASSERT_EQ(seen[0] + seen[1], reads) << "neither model";
    int status = 0;
    if (::waitpid(writers.back(), &status, WNOHANG) != 0) {
      ASSERT_TRUE(WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), 0);
      writers.pop_back();
    }
  }
  EXPECT_TRUE(DecodeModel(ReadFile(path, 1 << 20).value(), SampleOps()).ok());
  // The killed saves left one temporary each at most; the next writer removes
  // them.
  const size_t left = folder.Names().size();
  EXPECT_GE(left, 2u);
  EXPECT_LE(left, 3u);
  ASSERT_TRUE(WriteFile(path, models[0]).ok());
  EXPECT_THAT(folder.Names(), ElementsAre("m.pb"));
}

}  // namespace
}  // namespace espalier
