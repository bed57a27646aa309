// Ops that only training needs: their inference form is one of their inputs.
#include "ops/dropout.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  OpCase c;
  c.name = "dropout";
  c.kind = "dropout";
  c.inputs = {F32({kBatch, s.columns}), I32({})};
  c.classes = 1000;
  c.build = [](Inputs in) { return Dropout(in[0], in[1], 0.4f, 7); };
  c.relative = 2 * kRounding;
  cases.push_back(c);

  c.name = "dropout_rank_3";
  c.inputs = {F32({s.rows, s.middle, s.inner}), I32({})};
  c.build = [](Inputs in) { return Dropout(in[0], in[1], 0, -1); };
  cases.push_back(c);
}

}  // namespace

const OpFamily kTrainingCases = {Add, nullptr};

}  // namespace espalier
