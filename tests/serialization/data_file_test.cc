#include "serialization/data_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_EQ(Contents(folder.File("none")).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace espalier
