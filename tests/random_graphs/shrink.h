// Makes a graph that fails a check small, so that people can read it.
#ifndef ESPALIER_TESTS_RANDOM_GRAPHS_SHRINK_H_
#define ESPALIER_TESTS_RANDOM_GRAPHS_SHRINK_H_

#include <functional>

#include "tests/random_graphs/test_graph.h"

namespace espalier {

// Leaves out outputs, updates and nodes, puts an input of a node or a new leaf
// in its place, as long as `fails` stays true; greedy, and no further than
// `most_tries` calls of it. REQUIRES: fails(test).
TestGraph Shrink(const TestGraph& test,
                 const std::function<bool(const TestGraph&)>& fails,
                 int most_tries = 600);

}  // namespace espalier

#endif  // ESPALIER_TESTS_RANDOM_GRAPHS_SHRINK_H_
