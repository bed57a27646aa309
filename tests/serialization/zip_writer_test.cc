// Archives in ZIP64, which more than 65,534 members or 4 GiB need. That many
// bytes are not made here: lower limits give the same records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "serialization/byte_source.h"
#include "serialization/bytes.h"
#include "serialization/npz.h"
#include "serialization/zip.h"
#include "serialization/zip_records.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

std::string Little(uint32_t value) {
  std::string bytes;
  AppendLittle(&bytes, value);
  return bytes;
}

// Whether the record stands where it must, just before the locator.
bool HasZip64End(const std::string& archive) {
  const size_t end = archive.size() - kZipEndBytes;
  if (end < kZip64LocatorBytes + kZip64EndBytes) return false;
  const size_t locator = end - kZip64LocatorBytes;
  return LoadLittle<uint32_t>(&archive[locator]) == kZip64Locator &&
         LoadLittle<uint64_t>(&archive[locator + 8]) ==
             locator - kZip64EndBytes &&
         LoadLittle<uint32_t>(&archive[locator - kZip64EndBytes]) == kZip64End;
}

uint16_t CountAtTheEnd(const std::string& archive) {
  return LoadLittle<uint16_t>(&archive[archive.size() - kZipEndBytes + 10]);
}
uint32_t PlaceAtTheEnd(const std::string& archive) {
  return LoadLittle<uint32_t>(&archive[archive.size() - kZipEndBytes + 16]);
}

struct Contents {
  std::string name;
  std::string bytes;
};

std::string Archive(const std::vector<Contents>& members,
                    const ZipWriter::Limits& limits = ZipWriter::Limits()) {
  ZipWriter writer(limits);
  for (const Contents& member : members) {
    writer.Add(member.name, "", member.bytes);
  }
  return absl::StrJoin(writer.Finish(), "");
}

// Reads them all and compares.
void ExpectHolds(const std::string& archive,
                 const std::vector<Contents>& members) {
  MemorySource source(archive);
  ASSERT_OK_AND_ASSIGN(const std::vector<ZipMember> read,
                       ReadZipDirectory(&source));
  ASSERT_EQ(read.size(), members.size());
  for (size_t i = 0; i < read.size(); ++i) {
    ASSERT_EQ(read[i].name, members[i].name);
    ZipMemberStream stream(&source, read[i]);
    ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadToEnd(&stream));
    ASSERT_EQ(bytes, members[i].bytes);
  }
}

TEST(ZipWriterTest, ManyMembersAreCountedInZip64) {
  // 65,535 in 16 bits means that the number stands elsewhere.
  std::vector<Contents> members;
  for (int i = 0; i < 65534; ++i) members.push_back({absl::StrCat(i), ""});
  std::string archive = Archive(members);
  EXPECT_FALSE(HasZip64End(archive));
  EXPECT_EQ(CountAtTheEnd(archive), 65534);
  ExpectHolds(archive, members);
  for (const int count : {65535, 65536}) {
    members.push_back({absl::StrCat(count), "last"});
    archive = Archive(members);
    EXPECT_TRUE(HasZip64End(archive));
    EXPECT_EQ(CountAtTheEnd(archive), 65535);
    ExpectHolds(archive, members);
  }
}

TEST(ZipWriterTest, ManyTensorsComeBack) {
  NamedTensors tensors;
  for (int i = 0; i < 65600; ++i) {
    tensors.emplace(absl::StrCat("t", i), Tensor({}, std::vector<int32_t>{i}));
  }
  ZipWriter writer;
  ASSERT_OK(WriteNpz(tensors, &writer));
  const std::string archive = absl::StrJoin(writer.Finish(), "");
  EXPECT_TRUE(HasZip64End(archive));
  MemorySource source(archive);
  ASSERT_OK_AND_ASSIGN(const NamedTensors again, ReadNpz(&source, AnyTypes));
  EXPECT_EQ(again, tensors);
}

// The reader refuses a directory over 64 MiB, which long names fill.
TEST(ZipWriterTest, NamesThatMakeTheDirectoryTooLargeAreRefused) {
  constexpr int kLongest = 65000;
  const auto write = [](int count, ZipWriter* writer) {
    NamedTensors tensors;
    for (int i = 0; i < count; ++i) {
      std::string name = absl::StrCat(i);
      name.resize(kLongest, 'n');
      tensors.emplace(std::move(name), Tensor());
    }
    return WriteNpz(tensors, writer);
  };
  constexpr int kMost = (64 << 20) / (kLongest + 200);
  {
    ZipWriter writer;
    ASSERT_OK(write(kMost, &writer));
    EXPECT_LE(writer.directory_bytes(), kMaxZipDirectoryBytes);
  }
  ZipWriter writer;
  EXPECT_THAT(write(kMost + 5, &writer),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("names of the tensors are too long")));
}

TEST(ZipWriterTest, LargeMembersHaveTheirSizesInZip64) {
  const std::vector<Contents> members = {{"small", std::string(999, 's')},
                                         {"just", std::string(1000, 'j')},
                                         {"large", std::string(70000, 'l')},
                                         {"empty", ""}};
  ZipWriter::Limits limits;
  limits.bytes = 1000;
  const std::string archive = Archive(members, limits);
  ExpectHolds(archive, members);
  EXPECT_TRUE(HasZip64End(archive));
  EXPECT_EQ(PlaceAtTheEnd(archive), kZip64Mark);
  EXPECT_EQ(CountAtTheEnd(archive), 4);
  // "small": size in 32 bits, at place 0. The others: sizes, or the place, in
  // 64, so that the marks stand in their stead.
  const auto header = [&archive](const std::string& name) {
    return archive.substr(archive.find(name) - kZipLocalHeaderBytes,
                          kZipLocalHeaderBytes);
  };
  const std::string marks = Little(kZip64Mark) + Little(kZip64Mark);
  EXPECT_EQ(header("small").substr(18, 8), Little(999) + Little(999));
  EXPECT_EQ(header("just").substr(18, 8), marks);
  EXPECT_EQ(header("large").substr(18, 8), marks);
  EXPECT_EQ(header("empty").substr(18, 8), Little(0) + Little(0));
  EXPECT_EQ(LoadLittle<uint16_t>(&header("small")[28]), 0);
  EXPECT_EQ(LoadLittle<uint16_t>(&header("just")[28]), 4 + 16);

  // Under the limit in every number, nothing of it is there.
  const std::string narrow = Archive(members);
  ExpectHolds(narrow, members);
  EXPECT_FALSE(HasZip64End(narrow));
  EXPECT_FALSE(absl::StrContains(narrow, marks));
}

// Every limit between the sizes and places of a small archive.
TEST(ZipWriterTest, EveryLimitGivesAnArchiveOfTheSame) {
  const std::vector<Contents> members = {
      {"a", "12345"}, {"bc", std::string(100, 'x')}, {"d", ""}};
  const size_t all = Archive(members).size();
  for (size_t bytes = 0; bytes <= all; ++bytes) {
    ZipWriter::Limits limits;
    limits.bytes = bytes;
    limits.members = bytes % 5;
    SCOPED_TRACE(bytes);
    ExpectHolds(Archive(members, limits), members);
  }
}

TEST(ZipWriterTest, WritesNoTensorsThatAreNotReadAgain) {
  ZipWriter writer;
  NamedTensors tensors;
  for (const std::string name : {"a\nb", "\xFF", "\xC2\x9Bm"}) {
    EXPECT_THAT(WriteNpz({{name, Tensor({1}, {1})}}, &writer),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is not UTF-8, or holds a control")));
  }
  for (size_t i = 0; i <= kMaxZipMembers; ++i) {
    tensors.emplace(absl::StrCat(i), Tensor({0}, std::vector<float>{}));
  }
  EXPECT_THAT(WriteNpz(tensors, &writer),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("there are 100001 tensors: an .npz file "
                                 "holds at most 100000")));
}

}  // namespace
}  // namespace espalier
