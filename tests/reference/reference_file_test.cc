#include "tests/reference/reference_file.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReferenceFileTest, CasesHoldWhatIsWritten) {
  ASSERT_OK_AND_ASSIGN(const auto cases,
                       ParseReference("# comment\n"
                                      "\n"
                                      "case a\n"
                                      "op f(x0; s=1)\n"
                                      "f32 x0 [N=2,1] 1 -inf\n"
                                      "i32 x1 [] 3\n"
                                      "f64 y [0]\n"
                                      "case b\n"
                                      "function huber\n"
                                      "number delta 0.1\n"));
  ASSERT_EQ(cases.size(), 2);
  EXPECT_EQ(cases[0].name, "a");
  EXPECT_EQ(cases[0].op, "f(x0; s=1)");
  EXPECT_EQ(cases[0].kind(), "f");
  ASSERT_EQ(cases[0].inputs().size(), 2);
  const ReferenceTensor x = cases[0].inputs()[0];
  EXPECT_EQ(x.leaf->ToString(), "f32[N, 1]");
  EXPECT_EQ(x.values.shape(), Shape({2, 1}));
  EXPECT_THAT(x.values.values(), ElementsAre(1, -HUGE_VAL));
  EXPECT_EQ(cases[0].inputs()[1].leaf->ToString(), "i32[]");
  EXPECT_FALSE(cases[0].tensors.at("y").leaf.has_value());
  EXPECT_EQ(cases[1].function, "huber");
  EXPECT_EQ(cases[1].kind(), "");
  EXPECT_EQ(cases[1].numbers.at("delta"), 0.1);
}

TEST(ReferenceFileTest, WhatIsMalformedIsNamed) {
  const auto error = [](const std::string& text) {
    return std::string(ParseReference(text).status().message());
  };
  EXPECT_THAT(error("op f(x0)"), HasSubstr("line 1: expected a case"));
  EXPECT_THAT(error("case a\ncase a"), HasSubstr("line 2: case given twice"));
  EXPECT_THAT(error("case a\nop"), HasSubstr("nothing after: 'op'"));
  EXPECT_THAT(error("case a\nop f(x0)\nfunction g"), HasSubstr("a second way"));
  EXPECT_THAT(error("case a\nnumber n"), HasSubstr("too short"));
  EXPECT_THAT(error("case a\nnumber n x"), HasSubstr("no number: 'x'"));
  EXPECT_THAT(error("case a\nnumber n 1\nnumber n 1"), HasSubstr("twice"));
  EXPECT_THAT(error("case a\nf16 x0 [] 1"), HasSubstr("no keyword: 'f16'"));
  EXPECT_THAT(error("case a\nf32 x0 2 1 1"), HasSubstr("no shape: '2'"));
  EXPECT_THAT(error("case a\nf32 x0 [-2] 1 1"), HasSubstr("no shape: '[-2]'"));
  EXPECT_THAT(error("case a\nf32 x0 [2] 1"), HasSubstr("expected 2 elements"));
  EXPECT_THAT(error("case a\nf32 x0 [1] 0.1"), HasSubstr("no f32: '0.1'"));
  EXPECT_THAT(error("case a\ni32 x0 [1] 0.5"), HasSubstr("no i32: '0.5'"));
  EXPECT_THAT(error("case a\nf64 y [] 1\nf64 y [] 1"), HasSubstr("twice"));
  EXPECT_THAT(ReadReference("nowhere"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nowhere.txt")));
}

}  // namespace
}  // namespace espalier
