// Archives and safetensors files that want to do harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "serialization/byte_source.h"
#include "serialization/bytes.h"
#include "serialization/npz.h"
#include "serialization/safetensors.h"
#include "serialization/zip.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/packed_npz.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kLoss = absl::StatusCode::kDataLoss;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
constexpr auto kUnknown = absl::StatusCode::kUnimplemented;

absl::Status ReadZip(const std::string& bytes) {
  MemorySource source(bytes);
  return ReadNpz(&source, AnyTypes).status();
}

std::string Archive() {
  const NamedTensors tensors = {{"a", Tensor({2}, {1, 2})},
                                {"b", Tensor({1}, {3})}};
  ZipWriter writer;
  EXPECT_OK(WriteNpz(tensors, &writer));
  return Join(writer.Finish());
}

// One member as the archive has it: 30 bytes, the name, 64 of NPY header and
// the elements; then the directory, 46 bytes and the name each; then 22.
constexpr size_t kName = 5;
constexpr size_t kFirst = 30 + kName + 128 + 8;
constexpr size_t kSecond = 30 + kName + 128 + 4;
constexpr size_t kDirectory = kFirst + kSecond;
constexpr size_t kEntry = 46 + kName;
constexpr size_t kEnd = kDirectory + 2 * kEntry;

TEST(HostileZipTest, TheArchiveItselfIsFine) {
  ASSERT_EQ(Archive().size(), kEnd + 22);
  EXPECT_OK(ReadZip(Archive()));
}

TEST(HostileZipTest, EveryCutAndEveryByte) {
  const std::string good = Archive();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ReadZip(good.substr(0, size)).ok()) << size;
  }
  // Versions, times, attributes and flags of no effect may be anything; what
  // is read is still what was written.
  MemorySource good_source(good);
  const NamedTensors expected = ReadNpz(&good_source, AnyTypes).value();
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char value : {'\x00', '\x01', '\x7F', '\x80', '\xFF'}) {
      std::string damaged = good;
      damaged[i] = value;
      MemorySource source(damaged);
      const absl::StatusOr<NamedTensors> tensors = ReadNpz(&source, AnyTypes);
      if (!tensors.ok()) {
        ++refused;
        continue;
      }
      EXPECT_EQ(*tensors, expected) << i;
    }
  }
  EXPECT_GT(refused, 1800);
}

TEST(HostileZipTest, Structure) {
  const std::string good = Archive();
  const struct {
    std::string bytes;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      {"", kInvalid, "is no ZIP archive"},
      {std::string(100000, 'x'), kInvalid, "is no ZIP archive"},
      {good + "x", kInvalid, "is no ZIP archive"},
      {"x" + good, kLoss, "not just before the end"},
      {good + good, kLoss, "not just before the end"},
      {With(good, kEnd + 4, uint16_t{1}), kUnknown, "several parts"},
      {With(good, kEnd + 8, uint16_t{1}), kUnknown, "several parts"},
      {With(With(good, kEnd + 8, uint16_t{1}), kEnd + 10, uint16_t{1}), kLoss,
       "bytes of no member"},
      {With(With(good, kEnd + 8, uint16_t{3}), kEnd + 10, uint16_t{3}), kLoss,
       "the directory ends"},
      {With(good, kEnd + 12, uint32_t{1}), kLoss, "not just before the end"},
      {With(good, kEnd + 16, uint32_t{0xFFFFFFF0}), kLoss, "not just before"},
      {With(good, kDirectory, uint32_t{0}), kLoss, "no member begins"},
      {With(good, kDirectory + 8, uint16_t{1}), kUnknown, "is encrypted"},
      {With(good, kDirectory + 10, uint16_t{12}), kUnknown, "by method 12"},
      {With(good, kDirectory + 20, uint32_t{7}), kInvalid, "two sizes"},
      {With(With(good, kDirectory + 20, uint32_t{9}), kDirectory + 24,
            uint32_t{9}),
       kInvalid, "contradict each other"},
      {With(good, kDirectory + 16, uint32_t{1}), kInvalid, "contradict"},
      {With(good, kDirectory + 42, uint32_t{1}), kLoss,
       "not where the directory says"},
      {With(good, kDirectory + 42, uint32_t{0xFFFFFF00}), kLoss,
       "member 'a.npy' goes beyond the members"},
      {With(good, kDirectory + kEntry + 42, static_cast<uint32_t>(kDirectory)),
       kLoss, "member 'b.npy' goes beyond the members"},
      // The second entry is the first's: its name too.
      {With(With(good, kDirectory + kEntry + 46, 'a'), kDirectory + kEntry + 42,
            uint32_t{0}),
       kInvalid, "stands twice"},
      {With(good, kDirectory + 46, '\x01'), kInvalid, "a control character"},
      {With(good, kDirectory + 46, '\xFF'), kInvalid, "is not UTF-8"},
      {With(good, kDirectory + 46, 'c'), kInvalid, "contradict each other"},
      {With(With(good, kDirectory + 47, '/'), 31, '/'), kInvalid,
       "expected a name ending in .npy"},
      {With(good, kFirst - 1, '\x7F'), kLoss, "another checksum"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ReadZip(c.bytes), StatusIs(c.code, HasSubstr(c.what)));
  }
}

// Two members of one place: the directory names the first one twice, under two
// names, which its own header can only have one of.
TEST(HostileZipTest, Overlaps) {
  // The first member takes the second in: its sizes say so everywhere.
  const std::string good = Archive();
  const uint32_t both = kFirst + kSecond - 30 - kName;
  std::string bytes = good;
  for (const size_t place :
       {size_t{18}, size_t{22}, kDirectory + 20, kDirectory + 24}) {
    bytes = With(bytes, place, both);
  }
  EXPECT_THAT(ReadZip(bytes), StatusIs(kInvalid, HasSubstr("share bytes")));
}

// Counts what is read.
class CountedSource : public MemorySource {
 public:
  using MemorySource::MemorySource;

  absl::Status ReadAt(int64_t place, char* buffer, size_t size) override {
    read_ += size;
    return MemorySource::ReadAt(place, buffer, size);
  }
  size_t read() const { return read_; }

 private:
  size_t read_ = 0;
};

// Headers that all claim the 65,535 bytes behind them: each byte of the file is
// read once for the directory and once for the members, not once for each.
TEST(HostileZipTest, ManyMembersThatOverlap) {
  constexpr uint32_t kMembers = 20000;
  const auto archive = [](uint32_t distance) {
    std::string members;
    std::string directory;
    for (uint32_t i = 0; i < kMembers; ++i) {
      const std::string name = absl::StrCat(i);
      std::string header(30, '\0');
      header = With(header, 0, uint32_t{0x04034B50});
      header = With(header, 26, static_cast<uint16_t>(name.size()));
      header = With(header, 28, uint16_t{65535});
      if (i == 0 || distance > 0) members += header + name;
      std::string entry(46, '\0');
      entry = With(entry, 0, uint32_t{0x02014B50});
      entry = With(entry, 28, static_cast<uint16_t>(name.size()));
      entry = With(entry, 42, i * distance);
      directory += entry + name;
    }
    members += std::string(70000, '\0');
    std::string end(22, '\0');
    end = With(end, 0, uint32_t{0x06054B50});
    end = With(end, 8, static_cast<uint16_t>(kMembers));
    end = With(end, 10, static_cast<uint16_t>(kMembers));
    end = With(end, 12, static_cast<uint32_t>(directory.size()));
    end = With(end, 16, static_cast<uint32_t>(members.size()));
    return members + directory + end;
  };
  for (const uint32_t distance : {0, 35}) {
    const std::string bytes = archive(distance);
    CountedSource source(bytes);
    EXPECT_THAT(ReadZipDirectory(&source),
                StatusIs(kInvalid, HasSubstr("share bytes")));
    EXPECT_LE(source.read(), 2 * bytes.size() + 65536) << distance;
  }
}

TEST(HostileZipTest, Bombs) {
  const std::string array =
      NpyFile("|u1", "(16777216,)", std::string(size_t{16} << 20, '\0'));
  const std::string packed = BareDeflated(array);
  EXPECT_LT(packed.size(), 25000u);
  const auto size = static_cast<uint32_t>(array.size());
  const uint32_t crc = Crc32Of(array);
  EXPECT_OK(ReadZip(PackedNpz(packed, size, crc)));
  EXPECT_THAT(ReadZip(PackedNpz(packed, uint32_t{1} << 31, crc)),
              StatusIs(kInvalid, HasSubstr("cannot hold so many")));
  EXPECT_THAT(ReadZip(PackedNpz(packed, size - 1, crc)),
              StatusIs(kLoss, HasSubstr("16777215 bytes follow the header")));
  EXPECT_THAT(ReadZip(PackedNpz(packed, size + 1, crc)),
              StatusIs(kLoss, HasSubstr("16777217 bytes follow the header")));
  EXPECT_THAT(ReadZip(PackedNpz(packed + "x", size, crc)),
              StatusIs(kLoss, HasSubstr("bytes follow its end")));
  EXPECT_THAT(ReadZip(PackedNpz(packed.substr(0, 1000), size, crc)),
              StatusIs(kInvalid, HasSubstr("1000 packed ones cannot hold")));
  EXPECT_THAT(
      ReadZip(PackedNpz(packed.substr(0, packed.size() - 100), size, crc)),
      StatusIs(kLoss, HasSubstr("it ends too early")));
  EXPECT_THAT(ReadZip(PackedNpz("\xFF\xFF\xFF\xFF", 10, 0)),
              StatusIs(kLoss, HasSubstr("damaged data")));
  EXPECT_THAT(ReadZip(PackedNpz(packed, size, crc + 1)),
              StatusIs(kLoss, HasSubstr("another checksum")));
}

// The sizes are true by the directory and not by what is packed.
TEST(HostileZipTest, PackedArraysOfAnotherSize) {
  const std::string array = NpyFile("|u1", "(1000,)", std::string(1000, 'x'));
  const auto size = static_cast<uint32_t>(array.size());
  EXPECT_THAT(
      ReadZip(PackedNpz(BareDeflated(array + "y"), size, Crc32Of(array))),
      StatusIs(kLoss, HasSubstr("it is larger than it says")));
  EXPECT_THAT(ReadZip(PackedNpz(BareDeflated(array.substr(0, size - 1)), size,
                                Crc32Of(array))),
              StatusIs(kLoss, HasSubstr("it is shorter than it says")));
}

TEST(HostileZipTest, Directories) {
  const auto with_directory = [](uint32_t bytes) {
    return ReadZip(With(Archive(), kEnd + 12, bytes));
  };
  EXPECT_THAT(with_directory((64 << 20) + 1),
              StatusIs(kExhausted,
                       HasSubstr("has a directory of 67108865 bytes: expected "
                                 "at most 67108864")));
  EXPECT_THAT(with_directory(64 << 20), StatusIs(kLoss, HasSubstr("before")));
}

// Sizes over 4 GiB, with nothing on the disk.
TEST(ZipTest, Zip64) {
  const NamedTensors tensors = {{"a", Tensor({2}, {1, 2})}};
  ZipWriter writer;
  EXPECT_OK(WriteNpz(tensors, &writer));
  std::string bytes = Join(writer.Finish());
  // As NumPy writes it: sizes of the local header in 64 bits.
  const uint64_t size = 128 + 8;
  std::string extra;
  AppendLittle(&extra, uint16_t{1});
  AppendLittle(&extra, uint16_t{16});
  AppendLittle(&extra, size);
  AppendLittle(&extra, size);
  bytes = With(bytes, 18, uint32_t{0xFFFFFFFF});
  bytes = With(bytes, 22, uint32_t{0xFFFFFFFF});
  bytes = With(bytes, 28, uint16_t{20});
  bytes.insert(30 + kName, extra);
  const size_t end = bytes.size() - 22;
  bytes = With(bytes, end + 16, static_cast<uint32_t>(kFirst + extra.size()));
  EXPECT_OK(ReadZip(bytes));
  EXPECT_THAT(ReadZip(With(bytes, 30 + kName + 4, uint64_t{1} << 63)),
              StatusIs(kInvalid, HasSubstr("contradict each other")));
  EXPECT_THAT(ReadZip(With(bytes, 30 + kName + 2, uint16_t{8})),
              StatusIs(kLoss, HasSubstr("a ZIP64 field is too short")));
}

std::string Safetensors(const std::string& json, const std::string& data) {
  std::string bytes;
  AppendLittle(&bytes, static_cast<uint64_t>(json.size()));
  return bytes + json + data;
}

absl::Status ReadTensors(const std::string& bytes) {
  MemorySource source(bytes);
  return ReadSafetensors(&source, AnyTypes).status();
}

std::string Entry(const std::string& name, const std::string& shape, int begin,
                  int end) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"F32\",\"shape\":", shape,
                      ",\"data_offsets\":[", begin, ",", end, "]}");
}

TEST(HostileSafetensorsTest, Rules) {
  const std::string two(8, '\0');
  EXPECT_OK(ReadTensors(Safetensors(
      "{" + Entry("b", "[1]", 4, 8) + " , " + Entry("a", "[]", 0, 4) + "}  ",
      two)));
  const std::string a = Entry("a", "[1]", 0, 4);
  const struct {
    std::string json;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      {"{" + a + "," + Entry("b", "[1]", 0, 4) + "}", kInvalid,
       "'b' begins at byte 0: expected 4"},
      {"{" + a + "," + Entry("b", "[0]", 8, 8) + "}", kInvalid,
       "'b' begins at byte 8: expected 4"},
      {"{" + Entry("a", "[1]", 4, 8) + "}", kInvalid, "expected 0"},
      {"{" + a + "}", kLoss, "the tensors end at 4"},
      {"{" + Entry("a", "[3]", 0, 12) + "}", kLoss, "the tensors end at 12"},
      {"{" + a + "," + a + "}", kInvalid, "tensor 'a' stands twice"},
      {"{" + Entry("a", "[2]", 0, 4) + "}", kInvalid, "has 8 bytes"},
      {"{" + Entry("a", "[2]", 8, 0) + "}", kInvalid, "data_offsets 8 to 0"},
      {"{" + Entry("a", "[4294967296,4294967296]", 0, 0) + "}", kInvalid,
       "tensor 'a': dimension 0 is 4294967296: expected at most 2147483647"},
      {"{" + Entry("a", "[1,18446744073709551615]", 0, 0) + "}", kInvalid,
       "tensor 'a': dimension 1 is 18446744073709551615: expected"},
      {"{" + Entry("a", "[2147483647,2147483647]", 0, 4) + "}", kInvalid,
       "tensor 'a'"},
      {"{" + Entry("a", "[1,1,1,1,1,1,1,1,1,1,1,1,1]", 0, 4) + "}", kInvalid,
       "more than 12 dimensions"},
      {"{" + Entry("a", "[-1]", 0, 4) + "}", kInvalid, "a whole number"},
      {"{" + Entry("a", "[1.0]", 0, 4) + "}", kInvalid, "found '.0"},
      {"{" + Entry("a", "[01]", 0, 4) + "}", kInvalid, "a whole number"},
      {"{" + Entry("a", "[18446744073709551616]", 0, 4) + "}", kInvalid,
       "a whole number below 2^64"},
      {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}",
       kUnknown, "elements of type 'F8_E4M3'"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", kInvalid, "lacks one of"},
      {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", kInvalid,
       "'dtype' stands twice"},
      {"{\"a\":{\"evil\":1}}", kInvalid, "unknown key 'evil'"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
       kInvalid, "two data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
       kInvalid, "two data_offsets"},
      {"{\"__metadata__\":{\"a\":1}}", kInvalid, "expected '\"'"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", kInvalid, "stands twice"},
      {" {}", kInvalid, "expected '{'"},
      {"", kInvalid, "expected '{'"},
      {"{}x", kInvalid, "the end of the header"},
      {"{,}", kInvalid, "expected '\"'"},
      {"{" + a + ",}", kInvalid, "expected '\"'"},
      {"{\"a", kInvalid, "the end of a text"},
      {"{\"a\n\"", kInvalid, "control character"},
      {"{\"\\x\"", kInvalid, "an escape"},
      {"{\"\\u12\"", kInvalid, "four hexadecimal digits"},
      {"{\"\\ud800\":{}}", kInvalid, "is not UTF-8"},
      {"{\"\\ud800\\u0041\":{}}", kInvalid, "a low surrogate"},
      {"{\"\xFF\":{}}", kInvalid, "is not UTF-8"},
      {std::string(100000, '{'), kInvalid, "expected '\"'"},
      {"{\"a\":" + std::string(100000, '['), kInvalid, "expected '{'"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ReadTensors(Safetensors(c.json, two)),
                StatusIs(c.code, HasSubstr(c.what)))
        << c.json.substr(0, 80);
  }
}

TEST(HostileSafetensorsTest, Sizes) {
  std::string huge = Safetensors("{}", "");
  EXPECT_OK(ReadTensors(huge));
  EXPECT_THAT(ReadTensors(With(huge, 0, uint64_t{100000001})),
              StatusIs(kInvalid, HasSubstr("more than 100000000")));
  EXPECT_THAT(ReadTensors(With(huge, 0, ~uint64_t{0})),
              StatusIs(kInvalid, HasSubstr("more than 100000000")));
  EXPECT_THAT(ReadTensors(With(huge, 0, uint64_t{3})),
              StatusIs(kLoss, HasSubstr("ends inside its header")));
  EXPECT_THAT(ReadTensors("1234567"), StatusIs(kLoss, HasSubstr("the length")));
  EXPECT_EQ(ReadTensors(huge + "x").code(), kLoss);
  std::string many = "{";
  for (size_t i = 0; i <= kMaxSafetensors; ++i) {
    absl::StrAppend(&many, i == 0 ? "" : ",",
                    Entry(absl::StrCat("t", i), "[0]", 0, 0));
  }
  EXPECT_THAT(ReadTensors(Safetensors(many + "}", "")),
              StatusIs(kExhausted, HasSubstr("too many tensors")));
}

TEST(HostileSafetensorsTest, ElementsThatDoNotFit) {
  const auto one = [](const std::string& dtype, const std::string& data) {
    return ReadTensors(
        Safetensors(absl::StrCat("{\"a\":{\"dtype\":\"", dtype,
                                 "\",\"shape\":[1],\"data_offsets\":[0,",
                                 data.size(), "]}}"),
                    data));
  };
  const auto bytes = [](auto value) {
    std::string text;
    AppendLittle(&text, value);
    return text;
  };
  EXPECT_OK(one("I64", bytes(int64_t{-2147483648})));
  EXPECT_OK(one("U32", bytes(uint32_t{2147483647})));
  EXPECT_OK(one("F64", bytes(double{1e38})));
  for (const absl::Status& status :
       {one("I64", bytes(int64_t{2147483648})),
        one("I64", bytes(int64_t{-2147483649})),
        one("U32", bytes(uint32_t{2147483648})),
        one("U64", bytes(~uint64_t{0})), one("F64", bytes(double{1e39}))}) {
    EXPECT_THAT(status, StatusIs(kInvalid, HasSubstr("tensor 'a': element")));
  }
  EXPECT_THAT(one("BOOL", "\x02"), StatusIs(kInvalid, HasSubstr("is 2")));
}

}  // namespace
}  // namespace espalier
