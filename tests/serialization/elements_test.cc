#include "serialization/elements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "serialization/byte_source.h"
#include "serialization/bytes.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

// Several pieces of 256 KiB, none of which ends with a row.
constexpr int64_t kRows = 127;
constexpr int64_t kColumns = 37;
constexpr int64_t kLayers = 53;

FileTensor Large(absl::string_view name) {
  FileTensor file;
  for (const ElementType& element : ElementTypes()) {
    if (element.safetensors == name) file.element = &element;
  }
  file.shape = {kRows, kColumns, kLayers};
  return file;
}

int64_t ValueAt(int64_t i, int64_t j, int64_t k) {
  return 1000000 * i + 1000 * j + k;
}

// The elements of `file`, each as T.
template <typename T>
std::string Elements(const FileTensor& file) {
  std::string bytes;
  const auto add = [&](int64_t i, int64_t j, int64_t k) {
    AppendLittle(&bytes, static_cast<T>(ValueAt(i, j, k)));
    if (file.big_endian) std::reverse(bytes.end() - sizeof(T), bytes.end());
  };
  if (file.fortran_order) {
    for (int64_t k = 0; k < kLayers; ++k)
      for (int64_t j = 0; j < kColumns; ++j)
        for (int64_t i = 0; i < kRows; ++i) add(i, j, k);
  } else {
    for (int64_t i = 0; i < kRows; ++i)
      for (int64_t j = 0; j < kColumns; ++j)
        for (int64_t k = 0; k < kLayers; ++k) add(i, j, k);
  }
  return bytes;
}

absl::StatusOr<Tensor> Read(const FileTensor& file, DataType wanted,
                            const std::string& bytes) {
  MemorySource source(bytes);
  SourceStream stream(&source, source.size());
  return ReadElements(file, wanted, &stream);
}

template <typename T>
void ExpectReads(FileTensor file) {
  std::vector<int32_t> values;
  for (int64_t i = 0; i < kRows; ++i)
    for (int64_t j = 0; j < kColumns; ++j)
      for (int64_t k = 0; k < kLayers; ++k)
        values.push_back(static_cast<int32_t>(ValueAt(i, j, k)));
  const std::vector<float> floats(values.begin(), values.end());
  for (const bool big : {false, true}) {
    for (const bool fortran : {false, true}) {
      file.big_endian = big;
      file.fortran_order = fortran;
      const std::string bytes = Elements<T>(file);
      ASSERT_OK_AND_ASSIGN(const Tensor i32, Read(file, DataType::kI32, bytes));
      EXPECT_EQ(i32, Tensor(file.shape, values)) << big << fortran;
      ASSERT_OK_AND_ASSIGN(const Tensor f32, Read(file, DataType::kF32, bytes));
      EXPECT_EQ(f32, Tensor(file.shape, floats)) << big << fortran;
    }
  }
}

TEST(ReadElementsTest, EveryOrderOverManyPieces) {
  ExpectReads<int32_t>(Large("I32"));
  ExpectReads<int64_t>(Large("I64"));
  ExpectReads<double>(Large("F64"));
}

// By its number in the tensor, wherever it lies in the file.
TEST(ReadElementsTest, NamesTheElementThatDoesNotFit) {
  for (const bool fortran : {false, true}) {
    FileTensor file = Large("I64");
    file.fortran_order = fortran;
    std::string bytes = Elements<int64_t>(file);
    const int64_t i = 100, j = 30, k = 50;
    const int64_t place = fortran ? (k * kColumns + j) * kRows + i
                                  : (i * kColumns + j) * kLayers + k;
    bytes[static_cast<size_t>(8 * place) + 7] = 1;
    const int64_t number = (i * kColumns + j) * kLayers + k;
    EXPECT_THAT(
        Read(file, DataType::kI32, bytes).status(),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr("element " + std::to_string(number) + " is ")));
  }
}

TEST(ReadElementsTest, WantsExactlyItsBytes) {
  const FileTensor file = Large("F32");
  const std::string bytes = Elements<float>(file);
  for (const std::string& wrong : {bytes + "x", bytes.substr(1)}) {
    EXPECT_THAT(Read(file, DataType::kF32, wrong).status(),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr(std::to_string(wrong.size()) +
                                   " bytes follow the header: its shape [127, "
                                   "37, 53] of f4 makes 996188")));
  }
}

}  // namespace
}  // namespace espalier
