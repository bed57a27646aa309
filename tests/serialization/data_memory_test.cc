// How much memory reading data and weights takes: the tensors and a piece of
// the file; and nothing for what is refused by its headers.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/builder.h"
#include "gtest/gtest.h"
#include "serialization/bytes.h"
#include "serialization/csv.h"
#include "serialization/idx.h"
#include "serialization/npy.h"
#include "serialization/tensor_file.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/packed_npz.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/counted_memory.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kLoss = absl::StatusCode::kDataLoss;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

// Signed bytes, which take four times as many in memory.
constexpr int64_t kBytes = 6 * kMiB;
constexpr int64_t kTensor = 4 * kBytes;

std::string SmallArray() {
  return NpyFile("|i1", absl::StrCat("(", kBytes, ",)"),
                 std::string(kBytes, '\1'));
}

std::string Archive(const std::string& array) {
  return PackedNpz(BareDeflated(array), static_cast<uint32_t>(array.size()),
                   Crc32Of(array));
}

std::string Safetensors() {
  const std::string json =
      absl::StrCat("{\"a\":{\"dtype\":\"I8\",\"shape\":[", kBytes,
                   "],\"data_offsets\":[0,", kBytes, "]}}");
  std::string bytes;
  AppendLittle(&bytes, static_cast<uint64_t>(json.size()));
  return absl::StrCat(bytes, json, std::string(kBytes, '\1'));
}

Graph GraphOf(int64_t elements) {
  GraphBuilder g("net");
  g.Output("y", g.State("a", {elements}, 0, DataType::kI32));
  return g.Build().value();
}

TEST(DataMemoryTest, TensorsAreHeldOnce) {
  const ScratchFolder folder;
  const std::string npz = folder.Write("a.npz", Archive(SmallArray()));
  const std::string stored = folder.File("s.npz");
  const std::string safetensors = folder.Write("a.safetensors", Safetensors());
  const std::string npy = folder.Write("a.npy", SmallArray());
  const std::string packed = folder.Write("a.npy.gz", GzipMember(SmallArray()));
  ASSERT_OK(SaveTensors({{"a", Tensor(DataType::kI32, {kBytes})}}, stored));
  const auto expect_once = [](auto read) {
    const int64_t peak = PeakOf([&] { EXPECT_OK(read()); });
    EXPECT_GE(peak, kTensor);
    EXPECT_LE(peak, kTensor + kMiB);
  };
  expect_once([&] { return LoadTensors(npz); });
  expect_once([&] { return LoadTensors(npz, GraphOf(kBytes)); });
  expect_once([&] { return LoadTensors(stored); });
  expect_once([&] { return LoadTensors(safetensors); });
  expect_once([&] { return LoadTensors(safetensors, GraphOf(kBytes)); });
  expect_once([&] { return ReadNpy(npy); });
  expect_once([&] { return ReadNpyAs(npy, DataType::kF32); });
  expect_once([&] { return ReadNpy(packed); });
}

// What is of another model is seen by the headers.
TEST(DataMemoryTest, TensorsOfAnotherModelAreNotRead) {
  const ScratchFolder folder;
  for (const std::string& path :
       {folder.Write("a.npz", Archive(SmallArray())),
        folder.Write("a.safetensors", Safetensors())}) {
    EXPECT_LE(PeakOf([&] {
                EXPECT_THAT(
                    LoadTensors(path, GraphOf(5)).status(),
                    StatusIs(kInvalid,
                             "'" + path +
                                 "': the tensors are not the model's; of "
                                 "another type: 'a' is i32[6291456], expected "
                                 "i32[5]"));
              }),
              kMiB)
        << path;
  }
}

// So much as these claim their bytes could hold, and it would be too much.
TEST(DataMemoryTest, PackedTensorsHaveALimit) {
  const ScratchFolder folder;
  const std::string header = NpyFile("|i1", "(268435457,)", "");
  const auto size = static_cast<uint32_t>(header.size() + 268435457);
  const std::string npz = folder.Write(
      "a.npz",
      PackedNpz(BareDeflated(header) + std::string(300000, '\0'), size, 0));
  EXPECT_LE(PeakOf([&] {
              EXPECT_THAT(LoadTensors(npz).status(),
                          StatusIs(kExhausted,
                                   HasSubstr("give 1073741828 bytes of numbers:"
                                             " expected at most 1073741824")));
            }),
            kMiB);
  const std::string wide = folder.Write(
      "w.npz", PackedNpz(BareDeflated(header) + std::string(1100000, '\0'),
                         (uint32_t{1} << 30) + 1, 0));
  EXPECT_THAT(LoadTensors(wide).status(),
              StatusIs(kExhausted, HasSubstr("unpacks to 1073741825 bytes")));
  const std::string npy = folder.Write("a.npy.gz", GzipMember(header));
  const std::string idx = folder.Write(
      "i.gz",
      GzipMember(std::string("\0\0\x08\x03\0\0\x40\0\0\0\x40\0\0\0\0\2", 16)));
  EXPECT_LE(
      PeakOf([&] {
        EXPECT_THAT(ReadNpy(npy).status(),
                    StatusIs(kExhausted,
                             HasSubstr("gives 1073741828 bytes of numbers")));
        EXPECT_THAT(ReadIdxImages(idx).status(),
                    StatusIs(kExhausted,
                             HasSubstr("gives 2147483648 bytes of numbers")));
      }),
      kMiB);
}

// A header within the limit says more than its few bytes can hold.
TEST(DataMemoryTest, NothingIsTakenForWhatAFileOnlyClaims) {
  const ScratchFolder folder;
  const std::string header = NpyFile("|i1", "(100000000,)", "");
  const std::string npy = folder.Write("a.npy", header + "x");
  const std::string packed = folder.Write("a.npy.gz", GzipMember(header));
  EXPECT_LE(
      PeakOf([&] {
        EXPECT_THAT(ReadNpy(npy).status(),
                    StatusIs(kLoss, HasSubstr("1 bytes follow the header")));
        EXPECT_THAT(ReadNpy(packed).status(),
                    StatusIs(kLoss, HasSubstr("bytes follow the header")));
      }),
      kMiB);
}

std::string Idx(char rank, uint32_t items) {
  std::string bytes("\0\0\x08", 3);
  bytes.push_back(rank);
  for (int i = 0; i < rank; ++i) {
    const uint32_t dim = i == 0 ? items : 1024;
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(dim >> shift));
    }
  }
  return bytes + std::string(rank == 1 ? items : kBytes, '\1');
}

TEST(DataMemoryTest, ImagesAreReadOnceTheLabelsFit) {
  const ScratchFolder folder;
  const std::string images =
      folder.Write("images.gz", GzipMember(Idx(3, kBytes >> 20)));
  const std::string labels = folder.Write("labels", Idx(1, kBytes >> 20));
  const std::string others = folder.Write("others", Idx(1, 5));
  const int64_t peak = PeakOf([&] { EXPECT_OK(ReadIdx(images, labels)); });
  EXPECT_GE(peak, kTensor);
  EXPECT_LE(peak, kTensor + kMiB);
  EXPECT_LE(PeakOf([&] {
              EXPECT_THAT(ReadIdx(images, others).status(),
                          StatusIs(kInvalid, HasSubstr("5 labels")));
            }),
            kMiB);
}

TEST(DataMemoryTest, TablesAreTheirTextAndTheirNumbers) {
  const ScratchFolder folder;
  std::string text;
  while (text.size() < kBytes) text += "1\n";
  const std::string plain = folder.Write("t.csv", text);
  const std::string packed = folder.Write("t.csv.gz", GzipMember(text));
  constexpr int64_t kNumbers = kBytes / 2 * 4;
  EXPECT_LE(PeakOf([&] { EXPECT_OK(ReadCsv(plain, {})); }),
            kBytes + kNumbers + kMiB);
  // The list that the text is gathered in has room for up to twice as much.
  EXPECT_LE(PeakOf([&] { EXPECT_OK(ReadCsv(packed, {})); }),
            2 * kBytes + kNumbers + kMiB);
}

TEST(DataMemoryTest, ColumnsTakeLittleMoreThanTheirNames) {
  const ScratchFolder folder;
  constexpr int64_t kColumns = 1000000;
  std::string text;
  for (const char* field : {"a", "0"}) {
    for (int64_t i = 1; i < kColumns; ++i) absl::StrAppend(&text, field, ",");
    absl::StrAppend(&text, field, "\n");
  }
  const std::string wide = folder.Write("wide.csv", text);
  const auto size = static_cast<int64_t>(text.size());
  EXPECT_LE(PeakOf([&] { EXPECT_OK(ReadCsv(wide, {})); }),
            size + 104 * kColumns + kMiB);
}

// A packed file is unpacked as far as its header says, and no further.
TEST(DataMemoryTest, PackedDataIsUnpackedAsFarAsItsHeaderSays) {
  const ScratchFolder folder;
  const std::string header("\0\0\x08\x03\0\0\0\1\0\0\0\2\0\0\0\3", 16);
  const std::string bomb(size_t{32} << 20, '\0');
  const std::string longer = folder.Write("i.gz", GzipMember(header + bomb));
  const std::string none = folder.Write("n.gz", GzipMember("x" + bomb));
  EXPECT_LE(PeakOf([&] {
              EXPECT_THAT(
                  ReadIdxImages(longer),
                  StatusIs(kLoss, HasSubstr("more than 6 bytes follow")));
            }),
            kMiB);
  EXPECT_LE(PeakOf([&] {
              EXPECT_THAT(ReadIdxImages(none),
                          StatusIs(kInvalid, HasSubstr("magic number")));
            }),
            kMiB);
}

}  // namespace
}  // namespace espalier
