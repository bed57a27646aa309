#include "absl/strings/str_cat.h"
#include "ops/layer_norm.h"
#include "ops/normalization.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void AddOfShape(const std::string& name, const TensorType& x,
                std::vector<OpCase>& cases) {
  const TensorType channel = F32({x.shape.dim(1)});
  double count = kMaxCaseBatch;
  for (int axis = 2; axis < x.shape.rank(); ++axis) {
    count *= static_cast<double>(x.shape.dim(axis));
  }
  OpCase c;
  c.kind = "batch_mean";
  c.name = absl::StrCat(c.kind, name);
  c.inputs = {x, channel};
  c.build = [](Inputs in) { return BatchMean(in[0], in[1]); };
  c.absolute = (count + 2) * 2 * kRounding;
  c.mixes_samples = true;
  cases.push_back(c);

  c.kind = "batch_variance";
  c.name = absl::StrCat(c.kind, name);
  c.inputs = {x, channel, channel};
  c.build = [](Inputs in) { return BatchVariance(in[0], in[1], in[2]); };
  c.absolute = (count + 4) * 16 * kRounding;
  cases.push_back(c);

  c.kind = "batch_normalize";
  c.name = absl::StrCat(c.kind, name);
  c.inputs = {x, channel, channel, channel, channel};
  c.build = [](Inputs in) {
    return BatchNormalize(in[0], in[1], in[2], in[3], in[4], 1e-3f);
  };
  c.low = 0.25;  // of the variance; the others are as well
  c.absolute = 6 * 9 * kRounding;
  c.mixes_samples = false;
  cases.push_back(c);
}

void AddLayerNorm(const std::string& name, const TensorType& x,
                  std::vector<OpCase>& cases) {
  const int64_t columns = x.shape.dim(x.shape.rank() - 1);
  const TensorType row = F32({columns});
  const double slack = static_cast<double>(columns + 40) * kRounding;
  OpCase c;
  c.kind = "layer_norm";
  c.name = absl::StrCat(c.kind, name);
  c.inputs = {x, row, row};
  // Small second derivatives are differences of sums over all elements.
  c.low = -1;
  c.high = 1;
  c.build = [](Inputs in) { return LayerNorm(in[0], in[1], in[2], 0.5f); };
  c.absolute = 16 * slack;
  cases.push_back(c);

  c.kind = "layer_norm_grad";
  c.name = absl::StrCat(c.kind, name);
  c.inputs = {x, x};
  c.build = ByKind(c.kind, {{"epsilon", 1.0f}});
  c.flat = columns == 1;
  c.absolute = 64 * slack;
  cases.push_back(c);
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  AddLayerNorm("", F32({kBatch, s.columns}), cases);
  AddLayerNorm("_rank_3", F32({s.rows, s.middle, s.inner}), cases);
  AddOfShape("", F32({kBatch, s.columns}), cases);
  AddOfShape("_rank_3", F32({kBatch, s.middle, s.inner}), cases);
}

void AddExtra(std::vector<OpCase>& cases) {
  AddLayerNorm("_one_column", F32({kBatch, 1}), cases);
  AddLayerNorm("_wide", F32({2, 700}), cases);
  AddOfShape("_one_channel", F32({kBatch, 1}), cases);
  AddOfShape("_rank_4", F32({kBatch, 3, 2, 5}), cases);
}

}  // namespace

const OpFamily kNormalizationCases = {Add, AddExtra};

}  // namespace espalier
