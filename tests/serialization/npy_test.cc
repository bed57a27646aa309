#include "serialization/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "serialization/bytes.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/tensors.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

std::string Npy(const std::string& header, const std::string& elements,
                int major = 1) {
  std::string bytes("\x93NUMPY", 6);
  bytes.push_back(static_cast<char>(major));
  bytes.push_back('\0');
  if (major == 1) {
    AppendLittle(&bytes, static_cast<uint16_t>(header.size()));
  } else {
    AppendLittle(&bytes, static_cast<uint32_t>(header.size()));
  }
  return bytes + header + elements;
}

std::string Header(const std::string& descr, const std::string& shape,
                   const std::string& fortran = "False") {
  return absl::StrCat("{'descr': '", descr, "', 'fortran_order': ", fortran,
                      ", 'shape': ", shape, ", }   \n");
}

template <typename T>
std::string Elements(const std::vector<T>& values, bool big = false) {
  std::string bytes;
  for (const T value : values) {
    AppendLittle(&bytes, value);
    if (big) std::reverse(bytes.end() - sizeof(T), bytes.end());
  }
  return bytes;
}

absl::StatusOr<Tensor> Read(const std::string& bytes) {
  ScratchFolder folder;
  return ReadNpy(folder.Write("a.npy", bytes));
}

absl::StatusOr<Tensor> ReadAs(const std::string& bytes, DataType dtype) {
  ScratchFolder folder;
  return ReadNpyAs(folder.Write("a.npy", bytes), dtype);
}

TEST(ReadNpyTest, ReadsTheBytesThatNumPyWrites) {
  // numpy.save of numpy.array([[1, 2], [3, 4]], 'float32'), its 128 bytes.
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
  header.append(117 - header.size(), ' ');
  const std::string bytes =
      Npy(header + "\n",
          std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40", 16));
  ASSERT_EQ(bytes.size(), 128u + 16u);
  EXPECT_EQ(Read(bytes).value(), Floats({2, 2}, {1, 2, 3, 4}));
  ScratchFolder folder;
  EXPECT_EQ(ReadNpy(folder.Write("a.npy.gz", GzipMember(bytes))).value(),
            Floats({2, 2}, {1, 2, 3, 4}));
}

TEST(ReadNpyTest, ReadsEveryFormatShapeAndSpelling) {
  const std::string two = Elements<float>({1, 2});
  for (const int major : {1, 2, 3}) {
    EXPECT_EQ(Read(Npy(Header("<f4", "(2,)"), two, major)).value(),
              Floats({2}, {1, 2}));
  }
  EXPECT_EQ(Read(Npy("{\"shape\":(1,2),\"descr\":\"<f4\","
                     "\"fortran_order\":False}",
                     two))
                .value(),
            Floats({1, 2}, {1, 2}));
  EXPECT_EQ(Read(Npy(Header("<f4", "()"), Elements<float>({3}))).value(),
            Tensor::Scalar(3));
  EXPECT_EQ(Read(Npy(Header("<f4", "(0, 3)"), "")).value(), Floats({0, 3}, {}));
}

template <typename T>
void ExpectReads(const std::string& name, const std::vector<T>& values,
                 const Tensor& expected) {
  const std::string shape = absl::StrCat("(", values.size(), ",)");
  EXPECT_EQ(Read(Npy(Header("<" + name, shape), Elements(values))).value(),
            expected)
      << name;
  EXPECT_EQ(
      Read(Npy(Header(">" + name, shape), Elements(values, true))).value(),
      expected)
      << name;
}

TEST(ReadNpyTest, ReadsEveryElementTypeInBothByteOrders) {
  ExpectReads<float>("f4", {1.5f, -0.0f}, Floats({2}, {1.5f, -0.0f}));
  ExpectReads<double>("f8", {0.1, -2}, Floats({2}, {0.1f, -2}));
  ExpectReads<int8_t>("i1", {-128, 127}, Ints({2}, {-128, 127}));
  ExpectReads<int16_t>("i2", {-32768, 2}, Ints({2}, {-32768, 2}));
  ExpectReads<int32_t>("i4", {INT32_MIN, INT32_MAX},
                       Ints({2}, {INT32_MIN, INT32_MAX}));
  ExpectReads<int64_t>("i8", {INT32_MIN, INT32_MAX},
                       Ints({2}, {INT32_MIN, INT32_MAX}));
  ExpectReads<uint8_t>("u1", {0, 255}, Ints({2}, {0, 255}));
  ExpectReads<uint16_t>("u2", {0, 65535}, Ints({2}, {0, 65535}));
  ExpectReads<uint32_t>("u4", {0, INT32_MAX}, Ints({2}, {0, INT32_MAX}));
  ExpectReads<uint64_t>("u8", {0, INT32_MAX}, Ints({2}, {0, INT32_MAX}));
  EXPECT_EQ(Read(Npy(Header("|b1", "(2,)"), std::string("\0\1", 2))).value(),
            Ints({2}, {0, 1}));
  EXPECT_EQ(Read(Npy(Header("|u1", "(1,)"), "\x80")).value(), Ints({1}, {128}));
}

TEST(ReadNpyTest, TurnsFortranOrderIntoOurs) {
  // The element at [i, j, k] is 100 i + 10 j + k.
  std::vector<float> c_order;
  std::vector<float> fortran;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) c_order.push_back(100.f * i + 10.f * j + k);
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) fortran.push_back(100.f * i + 10.f * j + k);
  EXPECT_EQ(
      Read(Npy(Header("<f4", "(2, 3, 4)", "True"), Elements(fortran))).value(),
      Floats({2, 3, 4}, c_order));
}

TEST(ReadNpyTest, KeepsNaNAndInfinities) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor read =
      Read(Npy(Header("<f8", "(3,)"), Elements<double>({NAN, inf, -inf})))
          .value();
  EXPECT_TRUE(std::isnan(read.data<float>()[0]));
  EXPECT_EQ(read.data<float>()[1], inf);
  EXPECT_EQ(read.data<float>()[2], -inf);
}

TEST(ReadNpyAsTest, ConvertsBetweenTypes) {
  EXPECT_EQ(ReadAs(Npy(Header("|u1", "(2,)"), std::string("\x00\xff", 2)),
                   DataType::kF32)
                .value(),
            Floats({2}, {0, 255}));
  EXPECT_EQ(ReadAs(Npy(Header("<f8", "(2,)"), Elements<double>({3, -4})),
                   DataType::kI32)
                .value(),
            Ints({2}, {3, -4}));
}

struct Bad {
  std::string bytes;
  absl::StatusCode code;
  std::string message;
};

TEST(ReadNpyTest, SaysWhereAFileIsWrong) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kLoss = absl::StatusCode::kDataLoss;
  constexpr auto kMissing = absl::StatusCode::kUnimplemented;
  const std::string two = Elements<float>({1, 2});
  const std::string good = Npy(Header("<f4", "(2,)"), two);
  const Bad cases[] = {
      {"", kInvalid, "is no NPY file"},
      {"PK\x03\x04", kInvalid, "is no NPY file"},
      {good.substr(0, 6), kLoss, "ends inside its header"},
      {good.substr(0, 9), kLoss, "ends inside its header"},
      {good.substr(0, 30), kLoss, "ends inside its header"},
      {good.substr(0, good.size() - 1), kLoss,
       "7 bytes follow the header: its shape [2] of f4 makes 8"},
      {good + "x", kLoss, "9 bytes follow the header"},
      {Npy(Header("<f4", "(2,)"), two, 4), kMissing, "NPY format 4"},
      {Npy(Header("<f2", "(2,)"), two), kMissing, "'<f2'"},
      {Npy(Header("<c8", "(1,)"), two), kMissing, "'<c8'"},
      {Npy(Header("|f4", "(2,)"), two), kMissing, "'|f4'"},
      {Npy(Header("", "(2,)"), two), kMissing, "elements of type ''"},
      {Npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
           two),
       kMissing, "structured"},
      {Npy(Header("<f4", "(2 3)"), two), kInvalid, "expected ','"},
      {Npy(Header("<f4", "(2, 3 4)"), two), kInvalid, "expected ')'"},
      // In Python a number between parentheses, no list.
      {Npy(Header("<f4", "(2)"), two), kInvalid, "found ')"},
      {Npy(std::string(65536, ' '), two, 2), kMissing,
       "has a header of 65536 bytes: expected at most 65535"},
      {Npy(Header("<f4", "(-1,)"), two), kInvalid, "expected a dimension"},
      {Npy(Header("<f4", "(2,,)"), two), kInvalid, "expected a dimension"},
      {Npy(Header("<f4", "(99999999999999999999,)"), two), kInvalid,
       "expected a dimension"},
      {Npy(Header("<f4", "(4294967296, 4294967296)"), ""), kInvalid,
       "dimension 0"},
      {Npy(Header("<f4", "(2147483647, 2147483647)"), ""), kInvalid,
       "elements"},
      {Npy(Header("<f8", "(1048576, 1048576)"), ""), kLoss, "0 bytes follow"},
      {Npy(Header("<f4", "(1,1,1,1,1,1,1,1,1,1,1,1,1)"), ""), kInvalid,
       "more than 12 dimensions"},
      {Npy(Header("<f4", "(2,)", "Maybe"), two), kInvalid,
       "expected True or False"},
      {Npy("{'descr': '<f4', 'shape': (2,)}", two), kInvalid, "lacks"},
      {Npy("{'descr': '<f4', 'descr': '<f4'}", two), kInvalid,
       "second key 'descr'"},
      {Npy("{'version': '1'}", two), kInvalid, "unknown or a second key"},
      {Npy("{'descr': '<f4", two), kInvalid,
       "byte 11 of the header: found '<f4': expected text and its quote"},
      {Npy("{'descr': <f4", two), kInvalid,
       "byte 10 of the header: found '<f4': expected text in quotes"},
      {Npy(Header("<f4", "(2,)") + "x", two), kInvalid,
       "expected the end of the header"},
      {Npy("[]", two), kInvalid, "expected '{'"},
      {Npy("", two), kInvalid, "expected '{'"},
      {Npy(Header("<i8", "(2,)"), Elements<int64_t>({0, int64_t{1} << 31})),
       kInvalid, "element 1 is 2147483648: expected a whole number"},
      {Npy(Header("<u8", "(1,)"), Elements<uint64_t>({~uint64_t{0}})), kInvalid,
       "element 0 is 18446744073709551615"},
      {Npy(Header("<f8", "(1,)"), Elements<double>({1e39})), kInvalid,
       "element 0 is 1e+39: expected a number in the range of float32"},
      {Npy(Header("|b1", "(2,)"), "\x01\x02"), kInvalid,
       "element 1 is 2: expected a truth value, 0 or 1"},
  };
  for (const Bad& bad : cases) {
    const absl::Status status = Read(bad.bytes).status();
    EXPECT_EQ(status.code(), bad.code) << bad.message << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("a.npy': "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.message));
  }
}

TEST(ReadNpyAsTest, RefusesNumbersThatAreNotWhole) {
  for (const double value :
       {0.5, 2147483648.0, -2147483649.0, 1e300, static_cast<double>(NAN)}) {
    EXPECT_EQ(ReadAs(Npy(Header("<f8", "(1,)"), Elements<double>({value})),
                     DataType::kI32)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << value;
  }
}

TEST(WriteNpyTest, WritesWhatItReads) {
  ScratchFolder folder;
  const std::string path = folder.File("a.npy");
  const float denormal = std::numeric_limits<float>::denorm_min();
  for (const Tensor& tensor :
       {Tensor::Scalar(5), Floats({0, 7}, {}),
        Floats({3}, {1, -0.0f, denormal}), Floats({1, 1, 2, 1}, {1, 2}),
        Ints({2, 2}, {INT32_MIN, 0, 1, -1}),
        Tensor(DataType::kF32, Shape(std::vector<int64_t>(12, 1)))}) {
    ASSERT_TRUE(WriteNpy(path, tensor).ok());
    EXPECT_EQ(ReadNpy(path).value(), tensor);
    const std::string bytes = folder.Read("a.npy");
    EXPECT_EQ((bytes.size() - tensor.num_bytes()) % 64, 0u);
    EXPECT_EQ(bytes[bytes.size() - tensor.num_bytes() - 1], '\n');
  }
  ASSERT_TRUE(WriteNpy(path, Ints({2}, {1, 2})).ok());
  EXPECT_THAT(
      folder.Read("a.npy"),
      HasSubstr("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }"));
}

}  // namespace
}  // namespace espalier
