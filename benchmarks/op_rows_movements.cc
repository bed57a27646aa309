#include <utility>

#include "benchmarks/op_rows.h"
#include "ops/concat.h"
#include "ops/dropout.h"
#include "ops/gather.h"
#include "ops/slice_pad.h"
#include "ops/transpose.h"
#include "runtime/elementwise/dropout.h"
#include "runtime/elementwise/gather.h"

namespace espalier {
namespace {

constexpr int32_t kTableRows = 1024;
constexpr float kRate = 0.25f;
constexpr int64_t kSeed = 7;

using Pointers = std::vector<float*>;

Floor DropoutKernel() {
  return Kernel({kRowElements, kRowElements},
                [](int threads, const Pointers& a) {
                  Dropout(DetectIsa(), threads, kRowElements,
                          MakeDropoutMask(kRate, kSeed, 0), a[0], a[1]);
                });
}

// To the row that the row's number names, as to any other.
Floor ScatterAddKernel() {
  return Kernel(
      {kRowElements, kRows, kRowElements}, [](int threads, const Pointers& a) {
        auto* const indices = reinterpret_cast<int32_t*>(a[1]);
        for (int32_t i = 0; i < kRows; ++i) {
          indices[i] = i * 5 % kTableRows;
        }
        ScatterAdd(DetectIsa(), threads, {1, kTableRows, kRows, kColumns}, a[0],
                   indices, a[2]);
      });
}

}  // namespace

void AddMovementRows(OpRowTable& t) {
  const std::string family = "movements";
  const TensorType half = F32({kRows, kColumns / 2});
  const RowOperand indices = {
      {DataType::kI32, Shape({kRows})}, 0, 0, kTableRows};
  const auto transpose = [](Value x) { return Transpose(x, {1, 0}); };
  t.Unary(family, "transpose", transpose, Reorder(kRows, kColumns),
          Reorder(kRows, kColumns));
  t.rows.push_back({family,
                    "transpose 1000",
                    {{F32({1000, 1000})}},
                    [=](Operands in) { return transpose(in[0]); },
                    Reorder(1000, 1000),
                    Reorder(1000, 1000)});
  t.rows.push_back(
      {family,
       "slice",
       {{Full()}},
       [](Operands in) { return Slice(in[0], {1}, {0}, {kColumns / 2}); },
       Copy(kRowElements / 2),
       Copy(kRowElements * 3 / 4)});
  t.rows.push_back({family,
                    "pad",
                    {{half}},
                    [](Operands in) {
                      return Pad(in[0], {0, 0}, {0, kColumns / 2});
                    },
                    Copy(kRowElements * 3 / 4),
                    Copy(kRowElements / 2)});
  t.rows.push_back({family,
                    "concat",
                    {{half}, {half}},
                    [](Operands in) { return Concat(in, 1); },
                    Copy(),
                    Copy()});
  t.rows.push_back({family,
                    "gather",
                    {{Full()}, indices},
                    [](Operands in) { return Gather(in[0], in[1]); },
                    Copy(),
                    ScatterAddKernel()});
  t.rows.push_back(
      {family,
       "scatter_add",
       {{Full()}, indices},
       [](Operands in) { return ScatterAdd(in[0], in[1], kTableRows); },
       ScatterAddKernel(),
       Copy()});
  t.rows.push_back(
      {family,
       "dropout",
       {{Full()}, {{DataType::kI32, Shape()}, 0, 0, 1}},
       [](Operands in) { return Dropout(in[0], in[1], kRate, kSeed); },
       DropoutKernel(),
       DropoutKernel()});
}

}  // namespace espalier
