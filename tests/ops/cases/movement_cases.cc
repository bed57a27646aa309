// Ops that move elements.
#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ops/concat.h"
#include "ops/gather.h"
#include "ops/slice_pad.h"
#include "ops/transpose.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

using IntList = std::vector<int64_t>;

void AddTranspose(const TensorType& x, const IntList& permutation,
                  std::vector<OpCase>& cases) {
  OpCase c;
  c.kind = "transpose";
  c.name = absl::StrCat("transpose_", x.shape.has_symbolic_batch() ? "n_" : "",
                        absl::StrJoin(permutation, ""));
  c.inputs = {x};
  c.build = [permutation](Inputs in) { return Transpose(in[0], permutation); };
  cases.push_back(c);
}

void AddSlice(const std::string& name, const TensorType& x, const IntList& axes,
              const IntList& starts, const IntList& ends, const IntList& steps,
              std::vector<OpCase>& cases) {
  OpCase c;
  c.kind = "slice";
  c.name = absl::StrCat("slice_", name);
  c.inputs = {x};
  c.build = [=](Inputs in) { return Slice(in[0], axes, starts, ends, steps); };
  cases.push_back(c);
}

void AddPad(const std::string& name, const TensorType& x, const IntList& before,
            const IntList& after, const IntList& interior,
            std::vector<OpCase>& cases) {
  OpCase c;
  c.kind = "pad";
  c.name = absl::StrCat("pad_", name);
  c.inputs = {x};
  c.build = [=](Inputs in) { return Pad(in[0], before, after, interior); };
  cases.push_back(c);
}

void AddConcat(const std::string& name, const std::vector<TensorType>& values,
               int64_t axis, std::vector<OpCase>& cases) {
  OpCase c;
  c.kind = "concat";
  c.name = absl::StrCat("concat_", name);
  c.inputs = values;
  c.build = [axis](Inputs in) { return Concat(in, axis); };
  cases.push_back(c);
}

void AddGather(const std::string& name, const TensorType& x,
               const TensorType& indices, int64_t axis,
               std::vector<OpCase>& cases) {
  OpCase c;
  c.kind = "gather";
  c.name = absl::StrCat("gather_", name);
  c.inputs = {x, indices};
  c.classes =
      x.shape.dim(static_cast<int>(axis < 0 ? axis + x.shape.rank() : axis));
  c.build = [axis](Inputs in) { return Gather(in[0], in[1], axis); };
  cases.push_back(c);
}

void AddScatterAdd(const std::string& name, const TensorType& values,
                   const TensorType& indices, int64_t rows, int64_t axis,
                   std::vector<OpCase>& cases) {
  OpCase c;
  c.kind = "scatter_add";
  c.name = absl::StrCat("scatter_add_", name);
  c.inputs = {values, indices};
  c.classes = rows;
  c.build = [rows, axis](Inputs in) {
    return ScatterAdd(in[0], in[1], rows, axis);
  };
  c.mixes_samples = indices.shape.has_symbolic_batch();
  c.terms = indices.shape.Bind(kMaxCaseBatch).num_elements();
  cases.push_back(c);
}

// The same move of integers, to which no gradient flows.
OpCase OfIntegers(OpCase c) {
  c.name += "_i32";
  for (TensorType& input : c.inputs) input.dtype = DataType::kI32;
  if (c.kind != "gather") c.classes = 100;
  c.stops_gradient = true;
  return c;
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  const size_t first = cases.size();
  AddTranspose(F32({s.rows, s.columns}), {1, 0}, cases);
  AddTranspose(F32({kBatch, s.middle, s.inner}), {0, 2, 1}, cases);
  AddTranspose(F32({s.rows, s.middle, s.inner}), {2, 0, 1}, cases);

  const IntList third = {s.columns / 3};
  const IntList rest = {s.columns - s.columns / 4};
  AddSlice("middle", F32({kBatch, s.columns}), {1}, third, rest, {}, cases);
  AddSlice("steps", F32({kBatch, s.columns}), {-1}, third, {kToEnd}, {2},
           cases);
  AddSlice("two_axes", F32({s.rows, s.middle, s.inner}), {2, 0}, {0, -1},
           {kToEnd, kToEnd}, {3, 1}, cases);

  AddPad("columns", F32({kBatch, s.inner}), {0, 1}, {0, 2}, {}, cases);
  AddPad("interior", F32({kBatch, s.inner}), {0, 0}, {0, 1}, {0, 2}, cases);
  AddPad("all_sides", F32({s.rows, s.middle, s.inner}), {1, 0, 2}, {2, 1, 0},
         {1, 0, 0}, cases);

  AddConcat("columns", {F32({kBatch, s.middle}), F32({kBatch, s.inner})}, 1,
            cases);
  AddConcat("rows", {F32({s.rows, s.inner}), F32({s.middle, s.inner})}, 0,
            cases);
  AddConcat("three",
            {F32({s.rows, 1, s.inner}), F32({s.rows, s.middle, s.inner}),
             F32({s.rows, 2, s.inner})},
            -2, cases);

  AddGather("embedding", F32({s.columns, s.inner}), I32({kBatch}), 0, cases);
  AddGather("embedding_rank_2", F32({s.columns, s.middle}),
            I32({kBatch, s.inner}), 0, cases);
  AddGather("middle", F32({kBatch, s.middle, s.inner}), I32({s.rows}), 1,
            cases);
  AddGather("last", F32({s.rows, s.columns}), I32({s.middle, 2}), -1, cases);
  AddGather("scalar", F32({kBatch, s.columns}), I32({}), 1, cases);

  AddScatterAdd("embedding", F32({kBatch, s.inner}), I32({kBatch}), s.columns,
                0, cases);
  AddScatterAdd("middle", F32({kBatch, s.rows, s.inner}), I32({s.rows}),
                s.middle, 1, cases);
  AddScatterAdd("last", F32({s.rows, s.middle, s.inner}),
                I32({s.middle, s.inner}), s.columns, -1, cases);

  std::set<std::string> kinds = {"scatter_add"};  // of numbers only
  for (size_t i = first, last = cases.size(); i < last; ++i) {
    if (kinds.insert(cases[i].kind).second) {
      cases.push_back(OfIntegers(cases[i]));
    }
  }
}

void AddExtra(std::vector<OpCase>& cases) {
  IntList three = {0, 1, 2};
  do {
    if (three != IntList{2, 0, 1}) AddTranspose(F32({4, 3, 5}), three, cases);
  } while (std::next_permutation(three.begin(), three.end()));
  for (const IntList& four : {IntList{3, 2, 1, 0}, IntList{0, 2, 1, 3},
                              IntList{2, 3, 0, 1}, IntList{1, 3, 0, 2}}) {
    AddTranspose(F32({2, 3, 4, 5}), four, cases);
    if (four[0] == 0) AddTranspose(F32({kBatch, 3, 4, 5}), four, cases);
  }
  AddTranspose(F32({kBatch, 3, 4, 5}), {0, 3, 1, 2}, cases);
  AddTranspose(F32({7}), {0}, cases);
  AddTranspose(F32({}), {}, cases);

  const Shape sizes = {3, 4, 5, 6};
  for (int rank = 1; rank <= 4; ++rank) {
    const Shape shape(sizes.dims().subspan(0, static_cast<size_t>(rank)));
    const TensorType x = {DataType::kF32, shape};
    for (int axis = 0; axis < rank; ++axis) {
      const std::string name = absl::StrCat("rank_", rank, "_axis_", axis);
      AddSlice(name, x, {axis}, {1}, {-1}, {}, cases);
      IntList one(static_cast<size_t>(rank), 0);
      one[static_cast<size_t>(axis)] = 1;
      AddPad(name, x, one, one, one, cases);
      AddConcat(name, {x, x}, axis, cases);
      AddGather(name, x, I32({2}), axis, cases);
    }
  }
  AddSlice("scalar", F32({}), {}, {}, {}, {}, cases);
  AddPad("scalar", F32({}), {}, {}, {}, cases);
  AddConcat("of_one", {F32({kBatch, 3})}, 1, cases);
}

}  // namespace

const OpFamily kMovementCases = {Add, AddExtra};

}  // namespace espalier
