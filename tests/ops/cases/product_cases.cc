#include "absl/strings/str_cat.h"
#include "ops/dense.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

OpCase DenseCase(std::string name, int64_t rows, int64_t units) {
  OpCase c;
  c.name = std::move(name);
  c.kind = "dense";
  c.inputs = {F32({kBatch, rows}), F32({rows, units}), F32({units})};
  c.build = [](Inputs in) { return Dense(in[0], in[1], in[2]); };
  c.terms = rows + 1;
  return c;
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  cases.push_back(DenseCase("dense", s.inner, s.columns));
  for (bool ta : {false, true}) {
    for (bool tb : {false, true}) {
      OpCase c;
      c.name = absl::StrCat("matmul_", ta ? "t" : "n", tb ? "t" : "n");
      c.kind = "matmul";
      c.inputs = {ta ? F32({s.inner, s.rows}) : F32({s.rows, s.inner}),
                  tb ? F32({s.middle, s.inner}) : F32({s.inner, s.middle})};
      c.build = [ta, tb](Inputs in) { return MatMul(in[0], in[1], ta, tb); };
      c.terms = s.inner;
      cases.push_back(c);
      if (ta) continue;
      c.name += "_batch";
      c.inputs[0] = F32({kBatch, s.inner});
      cases.push_back(c);
    }
  }
  OpCase c;
  c.name = "matmul_over_batch";
  c.kind = "matmul";
  c.inputs = {F32({kBatch, s.inner}), F32({kBatch, s.middle})};
  c.build = [](Inputs in) { return MatMul(in[0], in[1], true, false); };
  c.terms = kMaxCaseBatch;
  c.mixes_samples = true;
  cases.push_back(c);
}

void AddExtra(std::vector<OpCase>& cases) {
  for (int64_t rows : {1, 7, 64}) {
    for (int64_t units : {1, 16, 33}) {
      cases.push_back(
          DenseCase(absl::StrCat("dense_", rows, "_", units), rows, units));
    }
  }
}

}  // namespace

const OpFamily kProductCases = {Add, AddExtra};

}  // namespace espalier
