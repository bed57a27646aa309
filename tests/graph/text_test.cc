#include "graph/text.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/graph/test_ops.h"

namespace espalier {
namespace {

constexpr char kCounting[] = R"(graph counting {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  count: i32[] = state(dtype="i32", shape=[], initializer="constant", initializer_value=3.0)
  one: i32[] = constant(value=i32[]{1})
  next: i32[] = plus(count, one)
  plus: f32[N, 2] = plus(x, x)
  output y = plus
  update count = next
}
)";

TEST(TextTest, PrintsWhatItParses) {
  const absl::StatusOr<Graph> graph = ParseGraph(kCounting, TestOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(PrintGraph(*graph), kCounting);
}

TEST(TextTest, EveryAttributeTypeGoesRound) {
  float odd_nan;
  const uint32_t bits = 0xffc12345;
  std::memcpy(&odd_nan, &bits, sizeof odd_nan);
  LabelledOp::Labels labels;
  labels.flag = true;
  labels.count = INT64_MIN;
  labels.slope = 0.1f;
  labels.text = "quote \" backslash \\ line\nend \x01";
  labels.list = {-1, 0, 7};
  labels.table = Tensor({7}, std::vector<float>{1, -0.0f, 1e-45f, 3.4e38f,
                                                INFINITY, -INFINITY, odd_nan});
  GraphBuilder g("labels");
  Value x = g.Input("x", {3});
  g.Output("y", Apply(std::make_shared<LabelledOp>(labels), {x}));
  const Graph graph = *g.Build();
  const std::string text = PrintGraph(graph);
  const absl::StatusOr<Graph> again = ParseGraph(text, TestOps());
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
  EXPECT_EQ(PrintGraph(*again), text);
  const Attributes read = again->node(1).op->attributes();
  const Attributes written = graph.node(1).op->attributes();
  ASSERT_EQ(read.size(), written.size());
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].name, written[i].name);
    EXPECT_TRUE(read[i].value == written[i].value) << read[i].name;
  }
}

TEST(TextTest, TypesMayBeLeftOutAndCommentsWritten) {
  const absl::StatusOr<Graph> graph = ParseGraph(
      "graph g { # a comment\n x = input(dtype=\"f32\", shape=[N])\n"
      "output = plus(x, x) output y = output }",
      TestOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->node(1).name, "output");
}

std::string Error(absl::string_view text) {
  return std::string(ParseGraph(text, TestOps()).status().message());
}

TEST(TextTest, ErrorsSayWhere) {
  EXPECT_EQ(Error(""),
            "line 1, column 1: expected 'graph', found the end of "
            "the text");
  EXPECT_EQ(Error("graph g {\n  y = plus(x, x)\n}"),
            "line 2, column 12: no earlier node is named 'x'");
  EXPECT_EQ(Error("graph g {\n  y = minus()\n}"),
            "line 2, column 3: node 'y' (minus): op kind 'minus' is unknown; "
            "an op of a program's own is read with an OpTable that has it, "
            "StandardOps().Extended");
  EXPECT_EQ(Error("graph g {\n x: f32[3] = input(dtype=\"f32\", shape=[2])\n}"),
            "line 2, column 2: node 'x' (input) is written as f32[3] but is "
            "f32[2]");
  EXPECT_EQ(Error("graph g { x = constant(value=f32[2]{1.0}) }"),
            "line 1, column 30: a tensor of shape [2] has 2 elements, found 1");
  EXPECT_EQ(Error("graph g { x = input(dtype=\"f32\", shape=[1.5]) }"),
            "line 1, column 41: '1.5' is no integer");
  EXPECT_EQ(Error("graph g { x = input(dtype=\"f32"),
            "line 1, column 27: malformed string");
}

TEST(TextTest, DamagedTextIsRefusedOrMeansAGraph) {
  const std::string good = kCounting;
  int refused = 0;
  for (size_t length = 0; length < good.size() - 2; ++length) {
    refused += !ParseGraph(good.substr(0, length), TestOps()).ok();
  }
  EXPECT_EQ(refused, static_cast<int>(good.size() - 2));
  for (size_t i = 0; i < good.size(); ++i) {
    for (char c : {'\0', '}', '"', '9', '-', '\xff'}) {
      std::string damaged = good;
      damaged[i] = c;
      const absl::StatusOr<Graph> graph = ParseGraph(damaged, TestOps());
      if (graph.ok()) {
        EXPECT_TRUE(ParseGraph(PrintGraph(*graph), TestOps()).ok());
      }
    }
  }
}

TEST(TextTest, NumbersThatDoNotFitAreRefused) {
  for (const char* value : {"1e99", "nan", "nan(0x0)", "0x", "1-1"}) {
    EXPECT_FALSE(ParseGraph(absl::StrCat("graph g { x = constant(value=f32[1]{",
                                         value, "}) output y = x }"),
                            TestOps())
                     .ok())
        << value;
  }
  EXPECT_FALSE(ParseGraph("graph g { x = constant(value=i32[1]{2147483648}) "
                          "output y = x }",
                          TestOps())
                   .ok());
}

}  // namespace
}  // namespace espalier
