// How far float32 results of a whole graph may be from the interpreter's: the
// stated bound of the comparisons.
//
// Each node may be off by as much as its case says (tests/ops/op_cases.h), and
// by the rounding of its result. The graph is interpreted several times in
// double precision, once with each result rounded to float32, then with each
// moved by a random part of kMargin times that error; an element may be off by
// the largest deviation that was seen of it. So the
// bound follows from the errors of the nodes and from how this graph, at these
// values, passes them on, cancellations and steps of comparisons included.
#ifndef ESPALIER_TESTS_RANDOM_GRAPHS_ERROR_MODEL_H_
#define ESPALIER_TESTS_RANDOM_GRAPHS_ERROR_MODEL_H_

#include <cstdint>
#include <string>

#include "graph/graph.h"
#include "graph/interpreter.h"
#include "tests/random_graphs/test_graph.h"

namespace espalier {

inline constexpr double kMargin = 4;

// What comparisons have seen.
struct ComparisonStatistics {
  int64_t elements = 0;
  // Elements whose bound is more than a hundredth of the largest in the tensor:
  // comparing those says little.
  int64_t weak = 0;
  int64_t tensors = 0;
  int64_t all_zero = 0;
  // Largest error over largest bound of a tensor.
  double worst_ratio = 0;
};

// The results (ResultsOf) of one graph at one point.
class Expectation {
 public:
  Expectation(const Graph& graph, LeafValues leaves, uint64_t seed);

  // Whether all results are finite; Compare REQUIRES it.
  bool usable() const { return usable_; }
  const LeafValues& results() const { return results_; }

  // Whether some result may be infinite once all are rounded.
  bool MayBeInfinite();

  // Empty when all that `found` holds is within the bound, else which element
  // is not. `found` has entries for some of the results.
  std::string Compare(const LeafValues& found,
                      ComparisonStatistics* statistics);

 private:
  void AddDeviations();

  const Graph graph_;
  const LeafValues leaves_;
  TestRandom random_;
  bool usable_ = true;
  int runs_ = 0;
  LeafValues results_;
  LeafValues bounds_;
};

// Empty when both hold the same bits; NaN equals itself.
std::string CompareExactly(const LeafValues& found, const LeafValues& expected);

}  // namespace espalier

#endif  // ESPALIER_TESTS_RANDOM_GRAPHS_ERROR_MODEL_H_
