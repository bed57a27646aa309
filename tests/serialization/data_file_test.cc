#include "serialization/data_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::string> Contents(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<DataFile> file, DataFile::Open(path));
  absl::StatusOr<std::string> bytes = ReadToEnd(file.get());
  if (bytes.ok()) return bytes;
  return file->Error(bytes.status());
}

TEST(DataFileTest, UnpacksByContentsAndInsistsOnTheName) {
  ScratchFolder folder;
  EXPECT_EQ(Contents(folder.Write("a.csv", "1,2")).value(), "1,2");
  EXPECT_EQ(Contents(folder.Write("b.gz", GzipMember("1,2"))).value(), "1,2");
  EXPECT_EQ(Contents(folder.Write("c", GzipMember("1,2"))).value(), "1,2");
  const std::string path = folder.Write("d.gz", "1,2");
  const absl::Status status = Contents(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat("read '", path, "': byte 0 of the gzip")));
  const std::string none = folder.File("none");
  EXPECT_EQ(Contents(none).status(),
            absl::NotFoundError(
                absl::StrCat("read '", none, "': No such file or directory")));
}

TEST(DataFileTest, LimitsTheNumbersOfPackedFiles) {
  ScratchFolder folder;
  const auto plain = DataFile::Open(folder.Write("a", "1")).value();
  const auto packed =
      DataFile::Open(folder.Write("b", GzipMember("1"))).value();
  for (const int64_t bytes : {int64_t{0}, kMaxUnpackedBytes}) {
    EXPECT_TRUE(plain->CheckTensorBytes(bytes).ok());
    EXPECT_TRUE(packed->CheckTensorBytes(bytes).ok());
  }
  EXPECT_TRUE(plain->CheckTensorBytes(4 * kMaxDataBytes).ok());
  EXPECT_EQ(packed->CheckTensorBytes(kMaxUnpackedBytes + 1),
            absl::ResourceExhaustedError(
                "gives 1073741825 bytes of numbers: expected at most "
                "1073741824 of a packed file, any number of a plain one"));
}

TEST(DataFileTest, LargePackedFilesMayGiveMoreNumbers) {
  ScratchFolder folder;
  const std::string path = folder.Write("large.gz", GzipMember("1"));
  constexpr int64_t kBytes = 100000000;
  ASSERT_EQ(::truncate(path.c_str(), kBytes), 0);
  const auto packed = DataFile::Open(path).value();
  EXPECT_TRUE(packed->CheckTensorBytes(16 * kBytes).ok());
  EXPECT_FALSE(packed->CheckTensorBytes(16 * kBytes + 1).ok());
}

}  // namespace
}  // namespace espalier
