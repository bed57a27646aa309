#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ops/reduce.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  struct Axes {
    std::string name;
    TensorType x;
    std::vector<int64_t> axes;
    bool over_batch;
  };
  const std::vector<Axes> table = {
      {"all", F32({kBatch, s.inner}), {}, true},
      {"batch", F32({kBatch, s.columns}), {0}, true},
      {"last", F32({kBatch, s.columns}), {-1}, false},
      {"middle", F32({kBatch, s.middle, s.rows}), {1}, false},
      {"outer", F32({s.middle, s.rows, s.inner}), {2, 0}, false},
      {"scalar", F32({}), {}, false}};
  for (const Axes& a : table) {
    for (bool keep : {false, true}) {
      for (bool mean : {false, true}) {
        OpCase c;
        c.kind = mean ? "mean" : "sum";
        c.name = absl::StrCat(c.kind, "_", a.name, keep ? "_keep" : "");
        c.inputs = {a.x};
        c.build = [mean, axes = a.axes, keep](Inputs in) {
          return mean ? Mean(in[0], axes, keep) : Sum(in[0], axes, keep);
        };
        c.terms = 1;  // at least as many as there are
        for (int64_t dim : a.x.shape.dims()) {
          c.terms *= dim == kBatch ? kMaxCaseBatch : dim;
        }
        c.mixes_samples = a.over_batch;
        cases.push_back(c);
      }
      for (bool max : {false, true}) {
        OpCase c;
        c.kind = max ? "reduce_max" : "reduce_min";
        c.name = absl::StrCat(c.kind, "_", a.name, keep ? "_keep" : "");
        c.inputs = {a.x};
        c.build = [max, axes = a.axes, keep](Inputs in) {
          return max ? ReduceMax(in[0], axes, keep)
                     : ReduceMin(in[0], axes, keep);
        };
        c.mixes_samples = a.over_batch;
        cases.push_back(c);
      }
    }
  }
}

}  // namespace

const OpFamily kReduceCases = {Add, nullptr};

}  // namespace espalier
