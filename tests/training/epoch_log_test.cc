#include "training/epoch_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

TEST(EpochLogTest, MakesTheFileAnewAndWritesAtOnce) {
  const ScratchFolder folder;
  const std::string path = folder.Write("log.jsonl", "old\nold\nold\n");
  EpochLog log = EpochLog::Create(path).value();
  ASSERT_TRUE(log.Write("{}").ok());
  EXPECT_EQ(folder.Read("log.jsonl"), "{}\n");
  ASSERT_TRUE(log.Write("{\"a\": 1}").ok());
  EXPECT_EQ(folder.Read("log.jsonl"), "{}\n{\"a\": 1}\n");
}

TEST(EpochLogTest, WithoutAPathKeepsNothing) {
  EXPECT_TRUE(EpochLog::Create("").value().Write("{}").ok());
}

TEST(EpochLogTest, NamesTheFileThatCannotBeWritten) {
  const ScratchFolder folder;
  const absl::Status status =
      EpochLog::Create(folder.File("none/log")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("none/log'"));
  // A disk that is always full.
  EpochLog full = EpochLog::Create("/dev/full").value();
  EXPECT_EQ(full.Write("{}").code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace espalier
