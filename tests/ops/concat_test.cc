#include "ops/concat.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::Status ConcatStatus(const std::vector<TensorType>& types, int64_t axis) {
  return BuildStatus([&](GraphBuilder& g) {
    std::vector<Value> values;
    for (const TensorType& type : types) {
      values.push_back(g.Input(g.UniqueName("x"), type.shape, type.dtype));
    }
    return Concat(values, axis, "c");
  });
}

TensorType F32(std::initializer_list<int64_t> dims) {
  return {DataType::kF32, Shape(dims)};
}

TEST(ConcatTest, PutsValuesOneBehindTheOther) {
  const std::vector<DoubleTensor> x = {Matrix(2, 1, {1, 2}),
                                       Matrix(2, 2, {3, 4, 5, 6})};
  const DoubleTensor y =
      Evaluate([](absl::Span<const Value> in) { return Concat(in, -1); }, x);
  EXPECT_EQ(y.shape(), Shape({2, 3}));
  EXPECT_THAT(y.values(), ElementsAre(1, 3, 4, 2, 5, 6));
}

TEST(ConcatTest, OneValueMayBeThereTwice) {
  const auto twice = [](absl::Span<const Value> in) {
    return Concat({in[0], in[0]}, 0);
  };
  EXPECT_THAT(Evaluate(twice, {Vector({1, 2})}).values(),
              ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(EvaluateGradients(twice, {Vector({1, 2})})[0].values(),
              ElementsAre(2, 2));
}

TEST(ConcatTest, EmptyPartsAndBounds) {
  const IntervalTensor y =
      BoundsOf([](absl::Span<const Value> in) { return Concat(in, 0); },
               {Box({}, {}), Box({1, 2}, {3, 4}), Box({}, {}), Box({5}, {6})});
  EXPECT_THAT(y.lower, ElementsAre(1, 2, 5));
  EXPECT_THAT(y.upper, ElementsAre(3, 4, 6));
}

TEST(ConcatTest, Errors) {
  EXPECT_THAT(ConcatStatus({F32({2, 3}), F32({3, 3})}, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (concat): value 0 is f32[2, 3], value 1 is "
                       "f32[3, 3]: expected equal types but along axis 1"));
  EXPECT_THAT(ConcatStatus({F32({2}), F32({2, 1})}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("value 1 is f32[2, 1]")));
  EXPECT_THAT(ConcatStatus({F32({2}), {DataType::kI32, Shape({2})}}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("value 1 is i32[2]")));
  EXPECT_THAT(ConcatStatus({F32({2, 3}), F32({kBatch, 3})}, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("value 1 is f32[N, 3]")));
  EXPECT_THAT(ConcatStatus({F32({2, 3}), F32({kBatch, 3})}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (concat): value 1 has shape [N, 3]: a concat "
                       "along axis 0 would change the batch N"));
  EXPECT_THAT(ConcatStatus({F32({2})}, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (concat): axis 1 is not one of the 1 axes of "
                       "value 0"));
  EXPECT_THAT(
      ConcatStatus({F32({})}, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the 0 axes")));
  EXPECT_THAT(ConcatStatus({F32({2})}, INT64_MIN),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is not one of the 1 axes")));
  EXPECT_THAT(ConcatStatus({F32({kMaxDimension}), F32({kMaxDimension})}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("dimension 0 of the shape is 4294967294")));
}

TEST(ConcatTest, CountsOfAFileMayBeAnything) {
  for (int64_t count : {INT64_MIN, INT64_C(-1), int64_t{0}, int64_t{65537},
                        INT64_C(4294967297), INT64_MAX}) {
    const Attributes attributes = {{"count", count}, {"axis", int64_t{0}}};
    EXPECT_THAT(StandardOps().Make("concat", attributes).status(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("values: expected 1 to 65536")));
  }
  const OpPtr op = *StandardOps().Make(
      "concat", {{"count", int64_t{3}}, {"axis", int64_t{0}}});
  EXPECT_THAT(BuildStatus([&](GraphBuilder& g) {
                return Apply(op, {g.Input("x", {2})}, "c");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (concat): expected 3 inputs, found 1"));
}

TEST(ConcatTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Concat({}, 0).valid());
  EXPECT_FALSE(Concat({Value(), Value()}, 0).valid());
  GraphBuilder g("test");
  EXPECT_FALSE(Concat(std::vector<Value>(65537, g.Input("x", {1})), 0).valid());
  EXPECT_THAT(g.status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("concat of 65537 values")));
}

}  // namespace
}  // namespace espalier
