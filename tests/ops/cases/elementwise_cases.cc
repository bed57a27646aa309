#include "ops/elementwise.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  // Half an ulp is a correctly rounded result; see math_error.h for the rest.
  cases.push_back(UnaryCase(s, "identity", Identity, 0));
  cases.push_back(UnaryCase(s, "neg", Neg, 0));
  cases.push_back(UnaryCase(s, "square", Square, 0.5));
  cases.push_back(UnaryCase(s, "exp", Exp, 1.5));
  cases.push_back(UnaryCase(s, "expm1", Expm1, 2));
  cases.push_back(UnaryCase(s, "normal_cdf", NormalCdf, 7));
  cases.push_back(UnaryCase(s, "softplus", Softplus, 2));
  for (OpCase c :
       {UnaryCase(s, "sqrt", Sqrt, 0.5), UnaryCase(s, "log", Log, 1.5)}) {
    c.low = 0.2;
    c.high = 4;
    cases.push_back(c);
  }
  OpCase log1p = UnaryCase(s, "log1p", Log1p, 2);
  log1p.low = -0.75;
  cases.push_back(log1p);
  OpCase stop = UnaryCase(s, "stop_gradient", StopGradient, 0);
  stop.stops_gradient = true;
  cases.push_back(stop);
  for (OpCase c :
       {UnaryCase(s, "abs", Abs, 0), UnaryCase(s, "sign", Sign, 0)}) {
    c.kink = 0;
    c.flat = c.kind == "sign";
    cases.push_back(c);
  }
  OpCase scale;
  scale.name = scale.kind = "scale";
  scale.inputs = {F32({s.rows, s.inner})};
  scale.build = [](Inputs in) { return Scale(in[0], -0.3f); };
  scale.relative = kRounding;
  cases.push_back(scale);
  scale.name = "scale_over_batch";
  scale.inputs = {F32({kBatch, s.inner})};
  scale.build = [](Inputs in) { return Scale(in[0], 2.5f, true); };
  scale.relative = 3 * kRounding;
  cases.push_back(scale);
}

}  // namespace

const OpFamily kElementwiseCases = {Add, nullptr};

}  // namespace espalier
