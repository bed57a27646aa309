// Pruning and its results looked at, for the tests of Prune.
#ifndef ESPALIER_TESTS_PRUNING_PRUNE_HELPERS_H_
#define ESPALIER_TESTS_PRUNING_PRUNE_HELPERS_H_

#include <vector>

#include "graph/model.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "pruning/prune.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"

namespace espalier {

// A failure of the test if it is an error, or if the counts of a layer are not
// those of its units.
inline PruneResult PruneIt(const Model& model,
                           const PruneOptions& options = PruneOptions()) {
  absl::StatusOr<PruneResult> result = Prune(model, options);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_TRUE(Validate(result->model).ok()) << Validate(result->model);
  for (const LayerReport& layer : result->report.layers) {
    EXPECT_EQ(layer.units, static_cast<int64_t>(layer.zero_units.size() +
                                                layer.observed_units.size()) +
                               layer.alive + layer.unknown)
        << layer.name;
  }
  return *std::move(result);
}

inline void ExpectSameModels(const Model& a, const Model& b) {
  EXPECT_EQ(PrintGraph(a.graph), PrintGraph(b.graph));
  EXPECT_TRUE(a.values == b.values);
  EXPECT_EQ(a.history.size(), b.history.size());
  ASSERT_EQ(a.domains.size(), b.domains.size());
  for (const auto& [name, domain] : a.domains) {
    EXPECT_EQ(domain.lower, b.domains.at(name).lower);
    EXPECT_EQ(domain.upper, b.domains.at(name).upper);
  }
}

// Output 0 as the runtime gives it.
inline Tensor RunModel(const Model& model, const std::vector<Tensor>& inputs) {
  auto executable = Executable::Compile(model.graph);
  EXPECT_TRUE(executable.ok()) << executable.status();
  auto store = ParameterStore::FromValues(model.graph, model.values);
  EXPECT_TRUE(store.ok()) << store.status();
  auto session = Session::Create(*executable, *store);
  EXPECT_TRUE(session.ok()) << session.status();
  const std::vector<TensorView> views(inputs.begin(), inputs.end());
  const absl::Status ran = session->Run(views);
  EXPECT_TRUE(ran.ok()) << ran;
  return session->output(0).ToTensor();
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_PRUNING_PRUNE_HELPERS_H_
