#include "serialization/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/tensors.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<CsvData> Read(const std::string& text,
                             const CsvOptions& options = {}) {
  ScratchFolder folder;
  return ReadCsv(folder.Write("t.csv", text), options);
}

CsvOptions Class(const std::string& target) {
  CsvOptions options;
  options.target = target;
  options.target_is_class = true;
  return options;
}

CsvOptions Number(const std::string& target) {
  CsvOptions options;
  options.target = target;
  return options;
}

TEST(ReadCsvTest, ReadsRowsOfNumbers) {
  const CsvData data = Read("1,2.5,-3e2\r\n +4 , .5,1e-3\n\n").value();
  EXPECT_EQ(data.inputs, Floats({2, 3}, {1, 2.5f, -300, 4, .5f, 1e-3f}));
  EXPECT_FALSE(data.target.has_value());
  EXPECT_THAT(data.columns, IsEmpty());
}

TEST(ReadCsvTest, ReadsCompressedFilesAndByteOrderMarks) {
  ScratchFolder folder;
  const std::string path = folder.Write("t.csv.gz", GzipMember("\xEF\xBB\xBF"
                                                               "7,8"));
  EXPECT_EQ(ReadCsv(path, {}).value().inputs, Floats({1, 2}, {7, 8}));
}

TEST(ReadCsvTest, TakesAFirstRowWithAWordForAHeader) {
  const CsvData data = Read("a,\"b, \"\"c\"\"\",7\n1,\"2\",3\n").value();
  EXPECT_THAT(data.columns, ElementsAre("a", "b, \"c\"", "7"));
  EXPECT_EQ(data.inputs, Floats({1, 3}, {1, 2, 3}));
}

TEST(ReadCsvTest, SplitsOffTheTarget) {
  const std::string text = "x,label,y\n1,7,2\n3,0,4\n";
  const CsvData named = Read(text, Class("label")).value();
  EXPECT_THAT(named.columns, ElementsAre("x", "y"));
  EXPECT_EQ(named.inputs, Floats({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(*named.target, Tensor({2}, std::vector<int32_t>{7, 0}));

  const CsvData last = Read(text, Number("last")).value();
  EXPECT_EQ(last.inputs, Floats({2, 2}, {1, 7, 3, 0}));
  EXPECT_EQ(*last.target, Floats({2, 1}, {2, 4}));

  // As numpy.savetxt writes classes.
  EXPECT_EQ(*Read("1,3.000000e+00\n", Class("last")).value().target,
            Tensor({1}, std::vector<int32_t>{3}));
}

// Short decimals are read in another way than long ones.
TEST(ReadCsvTest, RoundsEveryDecimalOnce) {
  std::mt19937 random(1);
  std::string text;
  std::vector<float> expected;
  for (int i = 0; i < 60000; ++i) {
    std::string number = random() % 3 == 0 ? "-" : "";
    const int digits = 1 + static_cast<int>(random() % 10);
    const int point = static_cast<int>(random() % 14);
    for (int digit = 0; digit < digits; ++digit) {
      if (digit == point) number += '.';
      number += static_cast<char>('0' + random() % 10);
    }
    if (point == digits) number += '.';
    absl::StrAppend(&text, number, "\n");
    expected.push_back(std::strtof(number.c_str(), nullptr));
  }
  // Bit for bit: the sign of a zero too.
  EXPECT_EQ(Read(text).value().inputs, Tensor({60000, 1}, expected));
}

struct Bad {
  std::string text;
  std::string message;
  CsvOptions options;
};

TEST(ReadCsvTest, SaysWhereATableIsWrong) {
  const Bad cases[] = {
      {"", "is empty", {}},
      {"\n\r\n", "is empty", {}},
      {"a,b\n", "no row below its header", {}},
      {"a,b\r1,2\r", "line 1: holds a CR that no LF follows", {}},
      {"1,2\n3,\r4\n", "line 2: holds a CR that no LF follows", {}},
      {std::string("1\0,2\n", 5), "line 1: holds a byte 0", {}},
      {"1,2\n3\n", "line 2 has 1 fields: expected 2 as in line 1", {}},
      {"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields", {}},
      {"1,2\n\n3,4\n", "line 2 is empty", {}},
      {"1,2\n3,four\n", "line 2, column 2: 'four' is not a number", {}},
      {"a,b\n1,2\n3,4x\n", "line 3, column 2 ('b'): '4x' is not a number", {}},
      {"1,2\n3,.\n", "line 2, column 2: '.' is not a number", {}},
      {"1,2\n3,1.2.3\n", "line 2, column 2: '1.2.3' is not a number", {}},
      {"1,2\n3,-\n", "line 2, column 2: '-' is not a number", {}},
      {"1,2\n3,\n", "line 2, column 2: '' is not a number", {}},
      {"1,,3\n", "line 1, column 2: '' is not a number", {}},
      {"1,nan\n", "line 1, column 2: 'nan' is not a finite float32", {}},
      {"1,-inf\n", "'-inf' is not a finite float32", {}},
      {"1,1e39\n", "'1e39' is not a finite float32", {}},
      {"1,2\n1,+-2\n", "'+-2' is not a number", {}},
      {"1,2\n1;2,3\n", "'1;2' is not a number", {}},
      {"1,\"2\n", "line 1: a quoted field does not end", {}},
      {"1,2\n\"2\"3,4\n", "line 2: text follows a quoted field", {}},
      {"1,2\n3,4\"\n", "line 2: a quote inside a field", {}},
      {"1,2\n", "there is no header to find it in", Class("label")},
      {"a,b\n1,2\n",
       "target 'c': no column has that name, expected one of 'a', 'b'",
       Class("c")},
      {"a;b\n1;2\n", "expected one of 'a;b'", Class("b")},
      {"a,b,c,d,e,f,g,h,i,j,k\n1,2,3,4,5,6,7,8,9,10,11\n",
       "'i', 'j' and 1 more", Class("x")},
      {"a,a\n1,2\n", "columns 1 and 2 have that name", Class("a")},
      {"1\n2\n", "no column beside the target", Class("last")},
      {"1,2\n1,2.5\n", "line 2, column 2: '2.5' is not a class", Class("last")},
      {"1,-1\n", "'-1' is not a class", Class("last")},
      {"1,2147483648\n", "'2147483648' is not a class", Class("last")},
      {"1,nan\n", "'nan' is not a class", Class("last")},
      {"1,0x10\n", "line 1, column 2: '0x10' is not a class", Class("last")},
      {"1,2\n3,0X1p2\n", "line 2, column 2: '0X1p2' is not a number", {}},
      {"0x10,2\n3,4\n", "line 1, column 1: '0x10' is not a number", {}},
      {"1,nan\n", "'nan' is not a finite", Number("last")},
      {std::string(1000000, ','), "line 1: has more than 1000000 fields", {}},
  };
  for (const Bad& bad : cases) {
    const absl::Status status = Read(bad.text, bad.options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("t.csv': "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.message));
  }
}

TEST(ReadCsvTest, EscapesWhatItQuotes) {
  const absl::Status status = Read("1\n\x1b[2J\n").status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("'\\033[2J'"));
}

// One long row and many short ones: the product must not be allocated.
TEST(ReadCsvTest, AllocatesWhatStandsInTheFile) {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += "1,";
  text += "1\n";
  for (int i = 0; i < 200000; ++i) text += "1\n";
  EXPECT_THAT(std::string(Read(text).status().message()),
              HasSubstr("line 2 has 1 fields: expected 200001"));
}

}  // namespace
}  // namespace espalier
