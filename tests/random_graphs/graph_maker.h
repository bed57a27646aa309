// Makes random graphs of all ops. What an op takes is learned from its cases
// (tests/ops/op_cases.h), so an op that is added there comes up here.
#ifndef ESPALIER_TESTS_RANDOM_GRAPHS_GRAPH_MAKER_H_
#define ESPALIER_TESTS_RANDOM_GRAPHS_GRAPH_MAKER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/random_graphs/test_graph.h"

namespace espalier {

// Whether only gradients make nodes of this kind: MakeRandomGraph does so
// through Gradients and never otherwise.
bool OnlyGradientsMake(absl::string_view kind);

// A valid graph, the same for the same seed. With the batch N or with fixed
// shapes only; inputs, parameters, states and constants of several ranks;
// values that are read many times; outputs of which some are leaves or one
// node twice; about half of the graphs hold gradients and the steps of an
// optimiser, or other updates.
absl::StatusOr<TestGraph> MakeRandomGraph(uint64_t seed);

}  // namespace espalier

#endif  // ESPALIER_TESTS_RANDOM_GRAPHS_GRAPH_MAKER_H_
