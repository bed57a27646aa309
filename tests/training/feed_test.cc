#include "training/feed.h"

#include <string>

#include "graph/builder.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

// The shape in which the input takes a tensor, or the error.
std::string Fed(const Shape& declared, const Tensor& samples,
                DataType dtype = DataType::kF32) {
  GraphBuilder g("feed");
  const Value x = g.Input("x", declared, dtype);
  const absl::StatusOr<TensorView> view = FeedAs(x.node(), samples);
  if (!view.ok()) return std::string(view.status().message());
  EXPECT_EQ(view->raw(), samples.raw());
  return view->shape().ToString();
}

Tensor Zeros(const Shape& shape) { return Tensor(DataType::kF32, shape); }

TEST(FeedAsTest, TakesAnyShapeOfAsManyElementsASample) {
  EXPECT_EQ(Fed({kBatch, 2, 3}, Zeros({5, 2, 3})), "[5, 2, 3]");
  EXPECT_EQ(Fed({kBatch, 2, 3}, Zeros({5, 6})), "[5, 2, 3]");
  EXPECT_EQ(Fed({kBatch, 6}, Zeros({5, 2, 3})), "[5, 6]");
  EXPECT_EQ(Fed({kBatch}, Zeros({5, 1})), "[5]");
  EXPECT_EQ(Fed({4, 6}, Zeros({4, 2, 3})), "[4, 6]");
  EXPECT_EQ(Fed({}, Zeros({})), "[]");
}

TEST(FeedAsTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Fed({kBatch, 6}, Zeros({5, 7})),
            "input 'x': expected f32[N, 6], found f32[5, 7]");
  EXPECT_EQ(Fed({kBatch, 6}, Zeros({6})),
            "input 'x': expected f32[N, 6], found f32[6]");
  EXPECT_EQ(Fed({4, 6}, Zeros({2, 12})),
            "input 'x': expected f32[4, 6], found f32[2, 12]");
  EXPECT_EQ(Fed({kBatch}, Zeros({5}), DataType::kI32),
            "input 'x': expected i32[N], found f32[5]");
  EXPECT_EQ(Fed({}, Zeros({1})), "input 'x': expected f32[], found f32[1]");
  EXPECT_EQ(Fed({kBatch, 1}, Zeros({})),
            "input 'x': expected f32[N, 1], found f32[]");
}

}  // namespace
}  // namespace espalier
