#include "serialization/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

std::string Header(unsigned char type, const std::vector<uint32_t>& dims) {
  std::string bytes("\0\0", 2);
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(dims.size()));
  for (const uint32_t dim : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(dim >> shift));
    }
  }
  return bytes;
}

const char kPixels[] = "\x00\x33\xff\x01\x02\x03\x04\x05\x06\x07\x08\x09";

std::string Images() { return Header(8, {2, 2, 3}) + std::string(kPixels, 12); }

TEST(ReadIdxImagesTest, DividesBytesBy255) {
  ScratchFolder folder;
  for (const std::string& path :
       {folder.Write("images", Images()),
        folder.Write("images.gz", GzipMember(Images()))}) {
    const Tensor images = ReadIdxImages(path).value();
    EXPECT_EQ(images.type(), (TensorType{DataType::kF32, {2, 2, 3}}));
    EXPECT_EQ(images.data<float>()[0], 0.0f);
    EXPECT_EQ(images.data<float>()[1], 51.0f / 255.0f);
    EXPECT_EQ(images.data<float>()[2], 1.0f);
    EXPECT_EQ(images.data<float>()[11], 9.0f / 255.0f);
  }
}

TEST(ReadIdxLabelsTest, GivesIntegers) {
  ScratchFolder folder;
  const std::string path =
      folder.Write("labels", Header(8, {3}) + "\x07\x02\xff");
  EXPECT_EQ(ReadIdxLabels(path).value(),
            Tensor({3}, std::vector<int32_t>{7, 2, 255}));
}

struct Bad {
  std::string bytes;
  absl::StatusCode code;
  std::string message;
};

TEST(ReadIdxImagesTest, SaysWhereAFileIsWrong) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kLoss = absl::StatusCode::kDataLoss;
  const std::string images = Images();
  const Bad cases[] = {
      {"", kLoss, "ends inside its header"},
      {images.substr(0, 3), kLoss, "ends inside its header"},
      {images.substr(0, 9), kLoss, "ends inside its header"},
      {images.substr(0, images.size() - 1), kLoss,
       "11 bytes follow the header: its shape [2, 2, 3] of u1 makes 12"},
      {images + "x", kLoss, "13 bytes follow the header"},
      {GzipMember(images + "x"), kLoss, "more than 12 bytes follow the header"},
      {GzipMember(images.substr(0, 20)), kLoss, "4 bytes follow the header"},
      {"\x89PNG\r\n\x1a\n", kInvalid, "the magic number is 0x89504e47"},
      {Header(8, {3}) + "abc", kInvalid, "the magic number is 0x00000801"},
      {Header(13, {1, 1, 1}) + "abcd", kInvalid, "0x00000d03"},
      {Header(8, {0, 2, 3}), kInvalid, "byte 4: dimension 0 is 0"},
      {Header(8, {4294967295u, 1, 1}), kInvalid, "dimension 0"},
      {Header(8, {2147483647, 2147483647, 2147483647}), kInvalid, "elements"},
      {Header(8, {65536, 65536, 16}), kLoss, "makes 68719476736"},
      {Header(8, std::vector<uint32_t>(13, 1)) + "x", kInvalid, "0x0000080d"},
  };
  ScratchFolder folder;
  for (const Bad& bad : cases) {
    const std::string path = folder.Write("bad", bad.bytes);
    const absl::Status status = ReadIdxImages(path).status();
    EXPECT_EQ(status.code(), bad.code) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("read '", path, "': ")));
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.message));
  }
}

TEST(ReadIdxLabelsTest, RefusesImages) {
  ScratchFolder folder;
  const absl::Status status =
      ReadIdxLabels(folder.Write("images", Images())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("dimensions, 1"));
}

TEST(ReadIdxTest, WantsAsManyLabelsAsImages) {
  ScratchFolder folder;
  const std::string images = folder.Write("images", Images());
  const std::string labels =
      folder.Write("labels", Header(8, {2}) + "\x03\x01");
  const LabelledImages read = ReadIdx(images, labels).value();
  EXPECT_EQ(read.images, ReadIdxImages(images).value());
  EXPECT_EQ(read.labels, Tensor({2}, std::vector<int32_t>{3, 1}));
  // Said before it is seen that the elements are missing.
  const std::string three =
      folder.Write("three.gz", GzipMember(Header(8, {3})));
  EXPECT_EQ(ReadIdx(images, three).status(),
            absl::InvalidArgumentError(
                absl::StrCat("'", images, "' has 2 images, '", three,
                             "' 3 labels: expected as many")));
}

}  // namespace
}  // namespace espalier
