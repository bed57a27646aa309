#include "absl/strings/str_cat.h"
#include "ops/binary.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  struct Kind {
    std::string kind;
    Value (*f)(Value, Value, absl::string_view);
    double low;
  };
  struct Operands {
    std::string name;
    TensorType a;
    TensorType b;
  };
  const std::vector<Operands> operands = {
      {"same", F32({kBatch, s.columns}), F32({kBatch, s.columns})},
      {"row", F32({kBatch, s.columns}), F32({s.columns})},
      {"column", F32({kBatch, 1}), F32({kBatch, s.columns})},
      {"scalar", F32({}), F32({s.rows, s.middle, s.inner})},
      {"outer", F32({s.rows, 1, s.inner}), F32({s.middle, 1})},
      {"over_batch", F32({kBatch, s.inner}), F32({1, s.inner})}};
  for (const Kind& k : {Kind{"add", espalier::Add, -2}, Kind{"sub", Sub, -2},
                        Kind{"mul", Mul, -2}, Kind{"div", Div, 0.5},
                        Kind{"max", Max, -2}, Kind{"min", Min, -2}}) {
    for (const Operands& o : operands) {
      OpCase c;
      c.name = absl::StrCat(k.kind, "_", o.name);
      c.kind = k.kind;
      c.inputs = {o.a, o.b};
      c.build = [f = k.f](Inputs in) { return f(in[0], in[1], ""); };
      c.low = k.low;
      c.relative = kRounding;
      cases.push_back(c);
    }
  }
}

}  // namespace

const OpFamily kBinaryCases = {Add, nullptr};

}  // namespace espalier
