// What has to be true of every graph.
#ifndef ESPALIER_TESTS_RANDOM_GRAPHS_CHECKS_H_
#define ESPALIER_TESTS_RANDOM_GRAPHS_CHECKS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tests/random_graphs/error_model.h"
#include "tests/random_graphs/test_graph.h"

namespace espalier {

enum class Verdict { kAgrees, kDiscarded, kFailed };

struct Outcome {
  Verdict verdict = Verdict::kAgrees;
  std::string text;  // what disagrees; or why nothing could be compared
};

struct CheckStatistics {
  ComparisonStatistics comparisons;
  int64_t derivatives = 0;
  double worst_derivative = 0;  // error over what is allowed
  int64_t bounded = 0;          // elements held against bounds
  int64_t unbounded = 0;        // and those whose bounds allow everything
  int64_t folded = 0;           // batch norms that FoldBatchNorm took away
  std::set<std::string> gradient_kinds;  // that Gradients made
};

struct Check {
  absl::string_view name;
  Outcome (*run)(const TestGraph& test, CheckStatistics* statistics);
};

// A session gives what the interpreter gives (error_model.h), for several
// batch sizes, also in a second run, updates applied; from the same start the
// same bits.
Outcome CheckExecution(const TestGraph& test, CheckStatistics* statistics);

// Text, binary and text model files give the graph and its values again.
Outcome CheckRoundTrips(const TestGraph& test, CheckStatistics* statistics);

// Each pass, and all together, keep every result; executed too.
Outcome CheckPasses(const TestGraph& test, CheckStatistics* statistics);

// First and second derivatives along random directions agree with central
// differences in double precision.
Outcome CheckGradients(const TestGraph& test, CheckStatistics* statistics);

// The bounds of all nodes, for random boxes as domains and for all inputs,
// contain what interpreter and sessions give at points of the box, with
// tolerance zero.
Outcome CheckBounds(const TestGraph& test, CheckStatistics* statistics);

// The same at extreme numbers (DrawExtreme), in parameters, domains and
// samples.
Outcome CheckExtremeBounds(const TestGraph& test, CheckStatistics* statistics);

// All of them.
absl::Span<const Check> Checks();

}  // namespace espalier

#endif  // ESPALIER_TESTS_RANDOM_GRAPHS_CHECKS_H_
