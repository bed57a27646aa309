#include <algorithm>
#include <utility>

#include "benchmarks/move_loops.h"
#include "benchmarks/op_rows.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/layer_norm.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/layer_norm.h"
#include "runtime/elementwise/reductions.h"
#include "runtime/elementwise/softmax.h"

namespace espalier {
namespace {

constexpr int64_t kInner = 256;  // of products

using Pointers = std::vector<float*>;

// Sums and extremes of full arrays.
Floor OverColumns(void (*fold)(int threads, const float* x, float* y)) {
  return Kernel({kRowElements, kRows}, [=](int threads, const Pointers& a) {
    fold(threads, a[0], a[1]);
  });
}
Floor OverRows(void (*fold)(int threads, const float* x, float* y,
                            float* scratch)) {
  return Kernel(
      {kRowElements, kColumns, FoldOverRowsScratchBytes(kMatrix) / 4 + 1},
      [=](int threads, const Pointers& a) { fold(threads, a[0], a[1], a[2]); });
}
Floor SumOfRows() {
  return OverColumns([](int threads, const float* x, float* y) {
    SumOverColumns(DetectIsa(), threads, kMatrix, 1, x, y);
  });
}
Floor SumOfColumns() {
  return OverRows([](int threads, const float* x, float* y, float* scratch) {
    SumOverRows(DetectIsa(), threads, kMatrix, 1, x, y, scratch);
  });
}

// A number for each row.
Floor FillOfRows() {
  return Kernel({kRowElements, kRows}, [](int threads, const Pointers& a) {
    ForkOver(kRows, threads, [&](int64_t begin, int64_t end) {
      SpreadColumn(reinterpret_cast<const uint32_t*>(a[1] + begin), end - begin,
                   kColumns,
                   reinterpret_cast<uint32_t*>(a[0] + begin * kColumns));
    });
  });
}

void AddReductions(OpRowTable& t) {
  const std::string family = "reductions";
  const auto reduce = [&](std::string name, auto op, std::vector<int64_t> axes,
                          Floor forward, Floor backward) {
    t.Unary(
        family, std::move(name),
        [op, axes = std::move(axes)](Value x) {
          return op(x, axes, false, "");
        },
        std::move(forward), std::move(backward));
  };
  reduce("sum of rows", Sum, {1}, SumOfRows(), FillOfRows());
  reduce("sum of columns", Sum, {0}, SumOfColumns(), Move(0, 1));
  reduce("sum", Sum, {}, Move(1, 0), Move(0, 1));
  reduce("mean", Mean, {}, Move(1, 0), Move(0, 1));
  // Backward has the extreme to find, as softmax has itself. Elements that are
  // the extreme share dy, so they are counted then, which is a pass of its own.
  const Floor max = OverColumns([](int threads, const float* x, float* y) {
    ExtremeOverColumns(DetectIsa(), threads, kMatrix, Extreme::kMax, x, y);
  });
  const Floor min =
      OverRows([](int threads, const float* x, float* y, float* scratch) {
        ExtremeOverRows(DetectIsa(), threads, kMatrix, Extreme::kMin, x, y,
                        scratch);
      });
  reduce("reduce_max of rows", ReduceMax, {1}, max,
         InTurn({max, Move(1, 0), Move(1, 1)}));
  reduce("reduce_min of columns", ReduceMin, {0}, min,
         InTurn({min, Move(1, 0), Move(1, 1)}));
  t.rows.push_back(
      {family,
       "broadcast",
       {{F32({kColumns})}},
       [](Operands in) { return BroadcastTo(in[0], Full().shape); },
       Move(0, 1),
       SumOfColumns()});
}

void AddSoftmax(OpRowTable& t) {
  const std::string family = "softmax";
  t.Unary(
      family, "softmax", [](Value x) { return Softmax(x); },
      Kernel({kRowElements, kRowElements},
             [](int threads, const Pointers& a) {
               Softmax(DetectIsa(), threads, kMatrix, a[0], a[1]);
             }),
      Kernel({kRowElements, kRowElements, kRowElements},
             [](int threads, const Pointers& a) {
               Softmax(DetectIsa(), threads, kMatrix, a[0], a[2]);
               SoftmaxBackward(DetectIsa(), threads, kMatrix, a[2], a[1], a[2]);
             }));
  t.Unary(
      family, "log_softmax", [](Value x) { return LogSoftmax(x); },
      Kernel({kRowElements, kRowElements},
             [](int threads, const Pointers& a) {
               LogSoftmax(DetectIsa(), threads, kMatrix, a[0], a[1]);
             }),
      Kernel({kRowElements, kRowElements, kRowElements}, [](int threads,
                                                            const Pointers& a) {
        LogSoftmax(DetectIsa(), threads, kMatrix, a[0], a[2]);
        LogSoftmaxBackward(DetectIsa(), threads, kMatrix, a[2], a[1], a[2]);
      }));
  const auto labels = [](const Pointers& a) {
    return reinterpret_cast<const int32_t*>(a[1]);
  };
  // Zeros for labels: both leave their numbers to the columns they name.
  const auto zero_labels = [](float* a) { std::fill_n(a, kRows, 0.0f); };
  t.rows.push_back(
      {family,
       "softmax_cross_entropy",
       {{Full()}, {{DataType::kI32, Shape({kRows})}}},
       [](Operands in) { return SoftmaxCrossEntropy(in[0], in[1]); },
       Kernel({kRowElements, kRows, kRows},
              [=](int threads, const Pointers& a) {
                zero_labels(a[1]);
                SoftmaxCrossEntropy(DetectIsa(), threads, kMatrix, a[0],
                                    labels(a), a[2]);
              }),
       Kernel({kRowElements, kRows, kRows, kRowElements},
              [=](int threads, const Pointers& a) {
                zero_labels(a[1]);
                SoftmaxCrossEntropyBackward(DetectIsa(), threads, kMatrix, a[0],
                                            labels(a), a[2], 1, a[3]);
              })});
}

void AddProducts(OpRowTable& t) {
  const std::string family = "products";
  const RowOperand x = {F32({kRows, kInner})}, w = {F32({kInner, kColumns})};
  const RowOperand b = {F32({kColumns})};
  const Floor dx = Product({kRows, kInner, kColumns, false, true, false, true});
  const Floor dw = Product({kInner, kColumns, kRows, true});
  t.rows.push_back(
      {family,
       "matmul",
       {x, w},
       [](Operands in) { return MatMul(in[0], in[1]); },
       Product({kRows, kColumns, kInner, false, false, false, true}),
       InTurn({dx, dw})});
  t.rows.push_back(
      {family,
       "dense",
       {x, w, b},
       [](Operands in) { return Dense(in[0], in[1], in[2]); },
       Product({kRows, kColumns, kInner, false, false, true, true}),
       InTurn({dx, dw, SumOfColumns()})});
}

void AddNormalizations(OpRowTable& t) {
  const std::string family = "normalization";
  const RowOperand row = {F32({kColumns}), 0.5f, 2, 1, false};
  t.rows.push_back({family,
                    "batch_mean",
                    {{Full()}, row},
                    [](Operands in) { return BatchMean(in[0], in[1]); },
                    SumOfColumns(),
                    Move(0, 1)});
  t.rows.push_back(
      {family,
       "batch_variance",
       {{Full()}, row, row},
       [](Operands in) { return BatchVariance(in[0], in[1], in[2]); },
       Kernel({kRowElements, kColumns,
               FoldOverRowsScratchBytes(kMatrix) / 4 + 1, kColumns},
              [](int threads, const Pointers& a) {
                SquaredDeviationsOverRows(DetectIsa(), threads, kMatrix, 1,
                                          a[0], a[3], a[1], a[2]);
              }),
       Move(1, 1)});
  t.rows.push_back({family,
                    "batch_normalize",
                    {{Full()}, row, row, row, row},
                    [](Operands in) {
                      return BatchNormalize(in[0], in[1], in[2], in[3], in[4],
                                            1e-5f);
                    },
                    Move(1, 1),
                    Move(1, 1)});
  t.rows.push_back({family,
                    "layer_norm",
                    {{Full()}, row, row},
                    [](Operands in) { return LayerNorm(in[0], in[1], in[2]); },
                    Kernel({kRowElements, kColumns, kColumns, kRowElements},
                           [](int threads, const Pointers& a) {
                             LayerNorm(DetectIsa(), threads, kMatrix, 1e-5f,
                                       a[0], a[1], a[2], a[3]);
                           }),
                    Kernel({kRowElements, kRowElements, kRowElements, kColumns},
                           [](int threads, const Pointers& a) {
                             LayerNormBackward(DetectIsa(), threads, kMatrix,
                                               1e-5f, a[0], a[1], a[3], a[2]);
                           })});
}

}  // namespace

void AddMatrixRows(OpRowTable& t) {
  AddReductions(t);
  AddSoftmax(t);
  AddProducts(t);
  AddNormalizations(t);
}

}  // namespace espalier
