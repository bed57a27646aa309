// A random graph with what it takes to run it: from which ranges the values of
// its leaves are drawn.
#ifndef ESPALIER_TESTS_RANDOM_GRAPHS_TEST_GRAPH_H_
#define ESPALIER_TESTS_RANDOM_GRAPHS_TEST_GRAPH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/double_tensor.h"
#include "graph/graph.h"
#include "graph/interpreter.h"
#include "graph/tensor.h"
#include "tests/testing/random_tensors.h"

namespace espalier {

// f32 leaves are drawn from [low, high), i32 ones from [0, classes).
struct LeafRange {
  double low = -2;
  double high = 2;
  int64_t classes = 1;
};

struct TestGraph {
  Graph graph;
  // By leaf name. A leaf without one takes the value of its initialiser.
  std::map<std::string, LeafRange> ranges;
  uint64_t seed = 0;
  int64_t largest_batch = 30;
};

// Random numbers that depend on the seed, the name of a purpose and a number
// only.
TestRandom RandomFor(uint64_t seed, absl::string_view purpose, uint64_t number);

// The value of one leaf; it stays the same while the graph around it shrinks.
DoubleTensor DrawLeaf(const Node& node, const LeafRange* range,
                      const Shape& shape, uint64_t seed, uint64_t round);

// Of all inputs, parameters and states. Rounds are independent draws.
LeafValues DrawLeaves(const TestGraph& test, int64_t batch, uint64_t round);

// A float that something is special about, of either sign: zeros, the smallest
// and largest, what overflows when it is squared or its exp is taken, where
// functions bend.
double DrawExtreme(TestRandom& random);

// Puts such numbers in place of half of the f32 elements of those leaves.
void MakeExtreme(const Graph& graph, LeafValues& leaves, TestRandom& random);

// The same batch for every graph that has it; 1 if none has.
int64_t BatchOf(const Graph& graph, const LeafValues& leaves);

// As Interpret, but `change` may alter each node's result before it is read.
// It gets the node, the operands and the result.
using ChangeResult = std::function<void(
    NodeId, absl::Span<const DoubleTensor* const>, DoubleTensor&)>;
std::vector<DoubleTensor> InterpretWith(const Graph& graph,
                                        const LeafValues& leaves,
                                        const ChangeResult& change);

// Whether the result of this node is taken for a constant by gradients.
bool StopsGradient(const Node& node);

// A tensor per output and, behind "update " and the leaf's name, per update.
LeafValues ResultsOf(const Graph& graph,
                     const std::vector<DoubleTensor>& nodes);

// Whether a number is finite and far from what overflows.
bool AllModerate(const DoubleTensor& tensor);

}  // namespace espalier

#endif  // ESPALIER_TESTS_RANDOM_GRAPHS_TEST_GRAPH_H_
