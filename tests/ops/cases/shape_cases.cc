#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  OpCase broadcast;
  broadcast.kind = "broadcast";
  const std::vector<std::pair<TensorType, Shape>> stretches = {
      {F32({}), Shape({kBatch, s.middle})},
      {F32({s.inner}), Shape({kBatch, s.inner})},
      {F32({kBatch, 1}), Shape({kBatch, s.rows})},
      {F32({1, s.middle, 1}), Shape({s.rows, 2, s.middle, s.inner})}};
  for (size_t i = 0; i < stretches.size(); ++i) {
    broadcast.name = absl::StrCat("broadcast_", i);
    broadcast.inputs = {stretches[i].first};
    broadcast.build = [shape = stretches[i].second](Inputs in) {
      return BroadcastTo(in[0], shape);
    };
    cases.push_back(broadcast);
  }
  OpCase reshape;
  reshape.name = reshape.kind = "reshape";
  reshape.inputs = {F32({kBatch, s.middle, s.inner})};
  reshape.build = [](Inputs in) { return Flatten(in[0]); };
  cases.push_back(reshape);
  reshape.name = "reshape_fixed";
  reshape.inputs = {F32({s.rows, 2 * s.inner})};
  reshape.build = [s](Inputs in) {
    return Reshape(in[0], Shape({2, 1, s.inner * s.rows}));
  };
  cases.push_back(reshape);
}

}  // namespace

const OpFamily kShapeCases = {Add, nullptr};

}  // namespace espalier
