#include "ops/slice_pad.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using IntList = std::vector<int64_t>;
using testing::ElementsAre;
using testing::HasSubstr;

// Built from attributes as a file gives them.
absl::Status MadeStatus(absl::string_view kind, const Shape& x,
                        const Attributes& attributes) {
  const absl::StatusOr<OpPtr> op = StandardOps().Make(kind, attributes);
  if (!op.ok()) return op.status();
  return BuildStatus(
      [&](GraphBuilder& g) { return Apply(*op, {g.Input("x", x)}, "s"); });
}

absl::Status SliceStatus(const Shape& x, const IntList& axes,
                         const IntList& starts, const IntList& ends,
                         const IntList& steps = {}) {
  return BuildStatus([&](GraphBuilder& g) {
    return Slice(g.Input("x", x), axes, starts, ends, steps, "s");
  });
}

absl::Status PadStatus(const Shape& x, const IntList& before,
                       const IntList& after, const IntList& interior = {}) {
  return BuildStatus([&](GraphBuilder& g) {
    return Pad(g.Input("x", x), before, after, interior, "p");
  });
}

TEST(SliceTest, TakesEveryStepFromStartToBeforeEnd) {
  const DoubleTensor x(Shape({7}), {0, 1, 2, 3, 4, 5, 6});
  const auto slice = [&x](int64_t start, int64_t end, int64_t step) {
    return Evaluate(
               [=](absl::Span<const Value> in) {
                 return Slice(in[0], {0}, {start}, {end}, {step});
               },
               {x})
        .values();
  };
  EXPECT_THAT(slice(0, 7, 1), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(slice(2, 5, 1), ElementsAre(2, 3, 4));
  EXPECT_THAT(slice(1, 6, 2), ElementsAre(1, 3, 5));
  EXPECT_THAT(slice(1, 5, 2), ElementsAre(1, 3));
  EXPECT_THAT(slice(-3, kToEnd, 1), ElementsAre(4, 5, 6));
  EXPECT_THAT(slice(-7, -5, 1), ElementsAre(0, 1));
  EXPECT_THAT(slice(0, 7, 100), ElementsAre(0));
  EXPECT_THAT(slice(7, 7, 1), ElementsAre());
}

TEST(SliceTest, OfSeveralAxesInAnyOrder) {
  const DoubleTensor y = Evaluate(
      [](absl::Span<const Value> in) {
        return Slice(in[0], {1, 0}, {0, 1}, {-1, 2});
      },
      {Matrix(2, 3, {1, 2, 3, 4, 5, 6})});
  EXPECT_EQ(y.shape(), Shape({1, 2}));
  EXPECT_THAT(y.values(), ElementsAre(4, 5));
}

TEST(SliceTest, GradientPutsZerosAround) {
  const DoubleTensor dx = EvaluateGradients(
      [](absl::Span<const Value> in) {
        return Slice(in[0], {0}, {1}, {6}, {2});
      },
      {DoubleTensor(Shape({7}))})[0];
  EXPECT_THAT(dx.values(), ElementsAre(0, 1, 0, 1, 0, 1, 0));
}

TEST(SliceTest, OfNothing) {
  const DoubleTensor dx = EvaluateGradients(
      [](absl::Span<const Value> in) { return Slice(in[0], {0}, {2}, {2}); },
      {DoubleTensor(Shape({3}))})[0];
  EXPECT_THAT(dx.values(), ElementsAre(0, 0, 0));
  EXPECT_OK(SliceStatus({kBatch, 0}, {1}, {0}, {kToEnd}));
}

TEST(SliceTest, Errors) {
  EXPECT_THAT(SliceStatus({kBatch, 5}, {0}, {0}, {1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (slice): x has shape [N, 5]: a slice along "
                       "axis 0 would change the batch N"));
  EXPECT_THAT(SliceStatus({kBatch, 5}, {1}, {2}, {6}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (slice): axis 1 of x has 5 elements: there is "
                       "no slice from 2 to 6"));
  EXPECT_THAT(
      SliceStatus({5}, {0}, {3}, {2}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("3 to 2")));
  EXPECT_THAT(
      SliceStatus({5}, {0}, {-6}, {2}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from -1 to 2")));
  EXPECT_THAT(SliceStatus({5}, {1}, {0}, {1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (slice): axis 1 is not one of the 1 axes of "
                       "x, each named once and in ascending order"));
  EXPECT_THAT(SliceStatus({5, 5}, {1, -1}, {0, 0}, {1, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("each named once")));
  EXPECT_THAT(SliceStatus({5}, {0}, {0}, {5}, {0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (slice): the step along axis 0 is 0: expected "
                       "1 to 2147483647"));
  EXPECT_THAT(SliceStatus({5}, {0}, {0, 1}, {5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (slice): found 2 starts for 1 axes"));
  EXPECT_THAT(SliceStatus({5}, {0}, {0}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("found 0 ends for 1 axes")));
  EXPECT_THAT(SliceStatus({5}, {0}, {0}, {1}, {1, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("found 2 steps for 1 axes")));
}

TEST(SliceTest, AttributesOfAFileMayBeAnything) {
  const auto made = [](const IntList& axes, const IntList& starts,
                       const IntList& ends, const IntList& steps) {
    return MadeStatus(
        "slice", {4, 5},
        {{"axes", axes}, {"starts", starts}, {"ends", ends}, {"steps", steps}});
  };
  EXPECT_OK(made({0, 1}, {0, 0}, {4, 5}, {1, 1}));
  for (int64_t n : {INT64_MIN, INT64_C(-1), int64_t{6}, INT64_MAX}) {
    EXPECT_FALSE(made({n}, {0}, {4}, {1}).ok()) << n;
    EXPECT_FALSE(made({0}, {n}, {4}, {1}).ok()) << n;
    EXPECT_FALSE(made({0}, {0}, {n}, {1}).ok()) << n;
  }
  for (int64_t n : {INT64_MIN, int64_t{0}, INT64_MAX}) {
    EXPECT_FALSE(made({0}, {0}, {4}, {n}).ok()) << n;
  }
  EXPECT_FALSE(made({1, 0}, {0, 0}, {1, 1}, {1, 1}).ok());
  EXPECT_FALSE(made({0, 0}, {0, 0}, {1, 1}, {1, 1}).ok());
  EXPECT_FALSE(made({}, {0}, {}, {}).ok());
}

TEST(PadTest, PutsZerosAroundAndBetween) {
  const DoubleTensor y = Evaluate(
      [](absl::Span<const Value> in) {
        return Pad(in[0], {1, 0}, {0, 2}, {0, 1});
      },
      {Matrix(2, 2, {1, 2, 3, 4})});
  EXPECT_EQ(y.shape(), Shape({3, 5}));
  EXPECT_THAT(y.values(), ElementsAre(0, 0, 0, 0, 0,  //
                                      1, 0, 2, 0, 0,  //
                                      3, 0, 4, 0, 0));
}

TEST(PadTest, ZerosAreExactInBounds) {
  const IntervalTensor y =
      BoundsOf([](absl::Span<const Value> in) { return Pad(in[0], {1}, {1}); },
               {Box({2}, {3})});
  EXPECT_THAT(y.lower, ElementsAre(0, 2, 0));
  EXPECT_THAT(y.upper, ElementsAre(0, 3, 0));
}

TEST(PadTest, OfNothingIsZeros) {
  const auto pad = [](absl::Span<const Value> in) {
    return Pad(in[0], {1}, {2}, {5});
  };
  EXPECT_THAT(Evaluate(pad, {DoubleTensor(Shape({0}))}).values(),
              ElementsAre(0, 0, 0));
  EXPECT_EQ(EvaluateGradients(pad, {DoubleTensor(Shape({0}))})[0].shape(),
            Shape({0}));
}

TEST(PadTest, Errors) {
  EXPECT_THAT(PadStatus({kBatch, 5}, {1, 0}, {0, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'p' (pad): x has shape [N, 5]: zeros along axis 0 "
                       "would change the batch N"));
  EXPECT_THAT(PadStatus({kBatch, 5}, {0, 0}, {0, 0}, {1, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("would change the batch N")));
  EXPECT_THAT(PadStatus({5}, {-1}, {0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'p' (pad): 'before' of axis 0 is -1: expected 0 "
                       "to 2147483647"));
  EXPECT_THAT(PadStatus({5}, {0}, {0, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'p' (pad): found 2 'after' counts for 1 axes of "
                       "x"));
  EXPECT_THAT(PadStatus({5}, {0}, {kMaxDimension}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("dimension 0 of the shape is 2147483652")));
  EXPECT_THAT(PadStatus({kMaxDimension}, {0}, {0}, {kMaxDimension}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("dimension 0 of the shape is")));
}

TEST(PadTest, AttributesOfAFileMayBeAnything) {
  for (int64_t n : {INT64_MIN, INT64_C(-1), INT64_MAX}) {
    for (int which : {0, 1, 2}) {
      IntList counts[3] = {{0}, {0}, {0}};
      counts[which] = {n};
      EXPECT_FALSE(MadeStatus("pad", {4},
                              {{"before", counts[0]},
                               {"after", counts[1]},
                               {"interior", counts[2]}})
                       .ok());
    }
  }
}

TEST(SlicePadTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Slice(Value(), {0}, {0}, {1}).valid());
  EXPECT_FALSE(Pad(Value(), {0}, {0}).valid());
}

}  // namespace
}  // namespace espalier
