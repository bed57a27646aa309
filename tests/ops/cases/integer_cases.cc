#include "ops/binary.h"
#include "ops/integers.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

// No gradient flows to integers or to what is rounded to them.
void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  OpCase c;
  c.name = "cast_to_f32";
  c.kind = "cast";
  c.inputs = {I32({kBatch, s.columns})};
  c.classes = 100;
  c.build = [](Inputs in) { return Cast(in[0], DataType::kF32); };
  c.stops_gradient = true;
  cases.push_back(c);

  c.name = "cast_to_i32";
  c.inputs = {F32({kBatch, s.columns})};
  c.build = [](Inputs in) { return Cast(in[0], DataType::kI32); };
  c.low = -1e4;
  c.high = 1e4;
  cases.push_back(c);

  c.name = "add_i32";
  c.kind = "add_i32";
  c.inputs = {I32({kBatch, s.columns}), I32({kBatch, s.columns})};
  c.build = [](Inputs in) { return espalier::Add(in[0], in[1]); };
  cases.push_back(c);

  c.name = "add_i32_outer";
  c.inputs = {I32({s.rows, 1, s.inner}), I32({s.middle, 1})};
  cases.push_back(c);
}

}  // namespace

const OpFamily kIntegerCases = {Add, nullptr};

}  // namespace espalier
