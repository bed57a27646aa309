#include "runtime/elementwise/rearrangement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr uint32_t kUntouched = 0xdeadbeef;

// All bit patterns: NaN of every payload, subnormals, integers.
std::vector<uint32_t> RandomBits(int64_t count, std::mt19937& random) {
  std::vector<uint32_t> bits(static_cast<size_t>(count));
  for (uint32_t& b : bits) b = random();
  return bits;
}

std::vector<int64_t> Strides(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()), 1);
  for (size_t i = strides.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * shape.dim(static_cast<int>(i));
  }
  return strides;
}

// Element by element, as the comments of BoxAxis say.
void CopyNaively(const Box& box, const std::vector<int64_t>& strides,
                 size_t axis, int64_t from, int64_t to,
                 const std::vector<uint32_t>& source,
                 std::vector<uint32_t>& result) {
  if (axis == strides.size()) {
    result[static_cast<size_t>(to)] = source[static_cast<size_t>(from)];
    return;
  }
  const BoxAxis& a = box.axes[axis];
  for (int64_t i = 0; i < a.size; ++i) {
    CopyNaively(box, strides, axis + 1, from + i * a.from_stride,
                to + (a.to_begin + i * a.to_step) * strides[axis], source,
                result);
  }
}

void ExpectAsNaive(const Shape& shape, const std::vector<Box>& boxes,
                   const std::vector<std::vector<uint32_t>>& sources,
                   bool zeros) {
  const auto elements = static_cast<size_t>(shape.num_elements());
  std::vector<uint32_t> expected(elements, zeros ? 0 : kUntouched);
  std::vector<void*> pointers;
  for (size_t b = 0; b < boxes.size(); ++b) {
    CopyNaively(boxes[b], Strides(shape), 0, boxes[b].from_offset, 0,
                sources[b], expected);
    pointers.push_back(const_cast<uint32_t*>(sources[b].data()));
  }
  for (Isa isa : SupportedIsas()) {
    for (int threads : {1, 2, 3}) {
      std::vector<uint32_t> found(elements, kUntouched);
      Rearrangement(shape, boxes, zeros, isa, threads)
          .Run(pointers, found.data());
      ASSERT_EQ(found, expected)
          << shape.ToString() << ", " << IsaName(isa) << ", " << threads;
    }
  }
}

// The box that fills part of a result of this shape, from an array with the
// axes in a random order, some of them longer than the box needs or repeated.
Box RandomBox(const Shape& shape, std::mt19937& random,
              std::vector<uint32_t>& source) {
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  Box box;
  for (int64_t dim : shape.dims()) {
    BoxAxis axis;
    if (dim > 0 && below(2) == 0) {
      axis.to_begin = below(dim);
      axis.to_step = 1 + below(3);
      axis.size = below((dim - axis.to_begin - 1) / axis.to_step + 1) + 1;
    } else {
      axis.size = dim;
    }
    box.axes.push_back(axis);
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < box.axes.size(); ++i) order.push_back(i);
  if (below(3) > 0) std::shuffle(order.begin(), order.end(), random);
  int64_t stride = below(4) == 0 ? 2 : 1;
  for (size_t i = order.size(); i-- > 0;) {
    BoxAxis& axis = box.axes[order[i]];
    if (below(8) == 0) continue;  // repeated
    axis.from_stride = stride;
    stride *= axis.size + (below(2) == 0 ? below(3) : 0);
  }
  box.from_offset = below(5);
  source = RandomBits(box.from_offset + stride + 1, random);
  return box;
}

TEST(RearrangementTest, RandomBoxesOfAllRanks) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::vector<int64_t> dims(random() % 5);
    for (int64_t& dim : dims) {
      dim = random() % 20 == 0 ? 0 : 1 + static_cast<int64_t>(random() % 7);
    }
    const Shape shape(dims);
    std::vector<std::vector<uint32_t>> sources(1);
    const Box box = RandomBox(shape, random, sources[0]);
    ExpectAsNaive(shape, {box}, sources, random() % 2 == 0);
    if (HasFatalFailure()) return;
  }
}

// More than one tile, and transposes of more than one block.
TEST(RearrangementTest, RandomLargeBoxes) {
  std::mt19937 random(2);
  for (int i = 0; i < 60; ++i) {
    std::vector<int64_t> dims(1 + random() % 3);
    for (int64_t& dim : dims) {
      dim = 1 + static_cast<int64_t>(random() % (dims.size() == 3 ? 70 : 300));
    }
    const Shape shape(dims);
    std::vector<std::vector<uint32_t>> sources(1);
    const Box box = RandomBox(shape, random, sources[0]);
    ExpectAsNaive(shape, {box}, sources, random() % 2 == 0);
    if (HasFatalFailure()) return;
  }
}

// Along every axis, parts of random sizes, some of them empty.
TEST(RearrangementTest, BoxesSideBySide) {
  std::mt19937 random(3);
  for (const Shape& shape : {Shape({40}), Shape({100, 31}), Shape({9, 130, 40}),
                             Shape({20, 3, 50, 7})}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      std::vector<Box> boxes;
      std::vector<std::vector<uint32_t>> sources;
      int64_t begin = 0;
      while (begin < shape.dim(axis)) {
        Shape part = shape;
        const int64_t most = std::min<int64_t>(shape.dim(axis) - begin, 20);
        part.set_dim(axis, random() % (most + 1));
        Box box;
        const std::vector<int64_t> strides = Strides(part);
        for (int i = 0; i < shape.rank(); ++i) {
          box.axes.push_back({part.dim(i), strides[static_cast<size_t>(i)],
                              i == axis ? begin : 0});
        }
        begin += part.dim(axis);
        boxes.push_back(box);
        sources.push_back(RandomBits(part.num_elements(), random));
      }
      ExpectAsNaive(shape, boxes, sources, /*zeros=*/false);
      if (HasFatalFailure()) return;
    }
  }
}

// Long rows of long parts, also not in order, with gaps, and cut by tiles.
TEST(RearrangementTest, PartsOfRows) {
  std::mt19937 random(4);
  for (const int64_t part : {70, 128, 515, 5000}) {
    const Shape shape({11, 4 * part + 3});
    std::vector<std::vector<uint32_t>> sources;
    std::vector<Box> boxes;
    // The source's rows are longer than what is taken of them.
    for (const int64_t begin : {2 * part + 1, 3 * part + 1, int64_t{0}}) {
      boxes.push_back({2, {{11, part + 9}, {part, 1, begin}}});
      sources.push_back(RandomBits(11 * (part + 9) + 2, random));
    }
    for (const bool zeros : {false, true}) {
      ExpectAsNaive(shape, boxes, sources, zeros);
      ExpectAsNaive(shape, {boxes[1]}, {sources[1]}, zeros);
      if (HasFatalFailure()) return;
    }
  }
}

// Columns of one array, in rows of which some are long, some not.
TEST(RearrangementTest, TogetherAsEachAlone) {
  std::mt19937 random(5);
  for (const std::vector<int64_t>& widths :
       std::vector<std::vector<int64_t>>{{100, 300},
                                         {64, 70, 9000},
                                         {100, 3},
                                         {5000},
                                         {2, 3, 1},
                                         std::vector<int64_t>(20, 70)}) {
    constexpr int64_t kRows = 50;
    int64_t columns = 0;
    for (int64_t width : widths) columns += width;
    std::vector<uint32_t> source = RandomBits(kRows * columns, random);
    for (int threads : {1, 3}) {
      std::vector<Rearrangement> rearrangements;
      std::vector<std::vector<uint32_t>> alone, together;
      int64_t begin = 0;
      for (int64_t width : widths) {
        const Box box = {begin, {{kRows, columns}, {width, 1}}};
        begin += width;
        rearrangements.emplace_back(Shape({kRows, width}),
                                    std::vector<Box>{box}, false, DetectIsa(),
                                    threads);
        alone.emplace_back(static_cast<size_t>(kRows * width), kUntouched);
        rearrangements.back().Run({source.data()}, alone.back().data());
        together.emplace_back(static_cast<size_t>(kRows * width), kUntouched);
      }
      std::vector<void*> arrays;
      for (std::vector<uint32_t>& result : together) {
        arrays.push_back(source.data());
        arrays.push_back(result.data());
      }
      RunTogether(rearrangements, arrays);
      ASSERT_EQ(together, alone) << columns << ", " << threads;
    }
  }
}

TEST(RearrangementTest, NothingAtAll) {
  Rearrangement({0, 3}, {{0, {{0, 3}, {3, 1}}}}, false, DetectIsa(), 2)
      .Run({nullptr}, nullptr);
  // No box fills anything.
  std::vector<uint32_t> y(4, kUntouched);
  Rearrangement({4}, {{0, {{0, 1}}}}, true, DetectIsa(), 1)
      .Run({nullptr}, y.data());
  EXPECT_THAT(y, ElementsAre(0, 0, 0, 0));
}

TEST(RearrangementTest, OnlyLargeOnesUseThreads) {
  const auto threads = [](int64_t rows, int64_t columns) {
    const Box transpose = {0, {{rows, 1}, {columns, rows}}};
    return Rearrangement({rows, columns}, {transpose}, false, DetectIsa(), 4)
        .threads();
  };
  EXPECT_EQ(threads(64, 64), 1);
  EXPECT_EQ(threads(1024, 1024), 4);
}

}  // namespace
}  // namespace espalier
