#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "tests/random_graphs/checks.h"
#include "transforms/autodiff.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

// Largest errors of what is compared: differences are off by rounding and by
// the third derivative, which three steps show.
constexpr double kRelative = 1e-6;
constexpr double kAbsolute = 1e-8;
constexpr double kStep = 2e-5;
// Steps that disagree by more have met a kink (or see nothing).
constexpr double kUnsteady = 1e-4;
constexpr int kDraws = 4;

std::vector<NodeId> F32Leaves(const Graph& graph) {
  std::vector<NodeId> leaves;
  for (const auto& ids : {graph.inputs(), graph.parameters(), graph.states()}) {
    for (NodeId id : ids) {
      if (graph.node(id).type.dtype == DataType::kF32) leaves.push_back(id);
    }
  }
  return leaves;
}

// The sum of all elements of all values, each times a number that is drawn.
Value WeightedSum(Rewriter& rewriter, const std::vector<Value>& values,
                  TestGraph& test) {
  GraphBuilder& g = rewriter.builder();
  Value sum = g.Constant(0.0f);
  for (const Value& value : values) {
    const std::string name = rewriter.UniqueName("weight");
    test.ranges[name] = {-1, 1, 1};
    sum = Add(sum, Sum(Mul(value, g.Input(name, value.shape()))));
  }
  return sum;
}

// The graph with one output, "loss": a weighted sum of its outputs, or (order
// 2) of the gradients of that. With `gradients` there are those of the loss
// too, "d0", "d1", ... in the order of F32Leaves.
absl::StatusOr<TestGraph> LossGraph(const TestGraph& test, int order,
                                    bool gradients) {
  TestGraph result = test;
  Rewriter rewriter(test.graph);
  for (NodeId id = 0; id < test.graph.num_nodes(); ++id) rewriter.Copy(id);
  std::vector<Value> values;
  for (const GraphOutput& output : test.graph.outputs()) {
    if (test.graph.node(output.node).type.dtype == DataType::kF32) {
      values.push_back(rewriter.Get(output.node));
    }
  }
  std::vector<Value> wrt;
  for (NodeId id : F32Leaves(test.graph)) wrt.push_back(rewriter.Get(id));
  Value loss = WeightedSum(rewriter, values, result);
  if (order == 2) {
    loss = WeightedSum(rewriter, Gradients(loss, wrt), result);
  }
  GraphBuilder& g = rewriter.builder();
  g.Output("loss", loss);
  if (gradients) {
    const std::vector<Value> all = Gradients(loss, wrt);
    for (size_t i = 0; i < all.size(); ++i) {
      g.Output(absl::StrCat("d", i), all[i]);
    }
  }
  ASSIGN_OR_RETURN(result.graph, g.Build());
  return result;
}

// The values of all nodes; what stops gradients keeps its own from `base`.
std::vector<DoubleTensor> InterpretFrom(const Graph& graph,
                                        const LeafValues& leaves,
                                        const std::vector<DoubleTensor>* base) {
  return InterpretWith(graph, leaves,
                       [&](NodeId id, absl::Span<const DoubleTensor* const>,
                           DoubleTensor& result) {
                         if (base != nullptr && StopsGradient(graph.node(id))) {
                           result = (*base)[static_cast<size_t>(id)];
                         }
                       });
}

struct Derivative {
  bool steady = false;
  double value = 0;
  // By how much steps of three sizes disagree, and what rounding may do.
  double doubt = 0;
};

// By how much rounding in double precision may move the loss.
double RoundingOfLoss(const Graph& graph, const LeafValues& at, double loss,
                      TestRandom& random) {
  double largest = 0;
  for (int run = 0; run < 3; ++run) {
    const std::vector<DoubleTensor> moved = InterpretWith(
        graph, at,
        [&](NodeId, absl::Span<const DoubleTensor* const> inputs,
            DoubleTensor& result) {
          if (inputs.empty()) return;
          for (int64_t i = 0; i < result.num_elements(); ++i) {
            result[i] += random.Uniform(-1, 1) * 0x1p-51 * result[i];
          }
        });
    const double off =
        moved[static_cast<size_t>(graph.outputs()[0].node)][0] - loss;
    largest = std::max(largest, std::isnan(off) ? HUGE_VAL : std::fabs(off));
  }
  return largest;
}

using Nodes = std::vector<DoubleTensor>;

// Of each element: the slope behind the point minus the one before it.
Nodes BendsOf(const Nodes& before, const Nodes& here, const Nodes& after,
              double h) {
  Nodes bends = here;
  for (size_t i = 0; i < bends.size(); ++i) {
    for (int64_t j = 0; j < bends[i].num_elements(); ++j) {
      bends[i][j] =
          (after[i][j] - here[i][j]) / h - (here[i][j] - before[i][j]) / h;
    }
  }
  return bends;
}

// A bend shrinks with the step, to a quarter here; what would be left of it at
// a step of nothing is a kink's. Looked at in each element, since in a sum
// kinks may cancel that do not in its slope.
bool KinkBetween(const Nodes& wide, const Nodes& narrow, const Nodes& values) {
  for (size_t i = 0; i < wide.size(); ++i) {
    for (int64_t j = 0; j < wide[i].num_elements(); ++j) {
      const double left = (4 * narrow[i][j] - wide[i][j]) / 3;
      const double rounding = 0x1p-48 * std::fabs(values[i][j]) / (kStep / 4);
      if (!(std::fabs(left) <= 1e-3 + rounding + std::fabs(wide[i][j]) / 4)) {
        return true;
      }
    }
  }
  return false;
}

Derivative Differences(const Graph& graph, const LeafValues& at,
                       const LeafValues& direction, TestRandom& random) {
  const auto loss = static_cast<size_t>(graph.outputs()[0].node);
  const std::vector<DoubleTensor> base = InterpretFrom(graph, at, nullptr);
  const double here = base[loss][0];
  const auto along = [&](double h) {
    LeafValues moved = at;
    for (const auto& [name, u] : direction) {
      DoubleTensor& x = moved[name];
      for (int64_t i = 0; i < x.num_elements(); ++i) x[i] += h * u[i];
    }
    return InterpretFrom(graph, moved, &base);
  };
  double least = HUGE_VAL;
  double largest = -HUGE_VAL;
  double sum = 0;
  Nodes bends;  // those of the largest step, then of the smallest
  for (double h : {kStep, kStep / 2, kStep / 4}) {
    const Nodes after = along(h);
    const Nodes before = along(-h);
    const double slope = (after[loss][0] - before[loss][0]) / (2 * h);
    if (!std::isfinite(slope)) return {};
    least = std::min(least, slope);
    largest = std::max(largest, slope);
    sum += slope;
    if (h == kStep) bends = BendsOf(before, base, after, h);
    if (h == kStep / 4 &&
        KinkBetween(bends, BendsOf(before, base, after, h), base)) {
      return {};
    }
  }
  const double rounding = RoundingOfLoss(graph, at, here, random) / (kStep / 4);
  return {true, sum / 3, largest - least + rounding};
}

// One direction: in all leaves, or in one of them.
Outcome CheckDirection(const TestGraph& loss, const Graph& with_gradients,
                       const LeafValues& at,
                       const std::vector<std::string>& names, int order,
                       TestRandom& random, CheckStatistics* statistics) {
  const absl::StatusOr<InterpretedRun> run = Interpret(with_gradients, at);
  if (!run.ok()) return {Verdict::kDiscarded, run.status().ToString()};
  LeafValues direction;
  double analytic = 0;
  double magnitude = 0;
  const auto count = static_cast<int64_t>(names.size());
  const int64_t only = random.Below(2) == 0 ? random.Below(count) : -1;
  for (int64_t i = 0; i < count; ++i) {
    if (only >= 0 && i != only) continue;
    const std::string& name = names[static_cast<size_t>(i)];
    const DoubleTensor& gradient = run->outputs.at(absl::StrCat("d", i));
    DoubleTensor& u = direction[name] =
        random.Tensor(at.at(name).shape(), -1, 1);
    for (int64_t j = 0; j < u.num_elements(); ++j) {
      analytic += gradient[j] * u[j];
      magnitude += std::fabs(gradient[j] * u[j]);
    }
  }
  if (!(magnitude < 1e12)) {
    return {Verdict::kDiscarded, "gradient not finite"};
  }
  const Derivative numeric = Differences(loss.graph, at, direction, random);
  const double size = std::max(magnitude, std::fabs(numeric.value));
  if (!numeric.steady || numeric.doubt > kUnsteady * (size + 1e-3)) {
    return {Verdict::kDiscarded, "too near a kink"};
  }
  const double error = std::fabs(analytic - numeric.value);
  const double allowed = kAbsolute + kRelative * size + 2 * numeric.doubt;
  if (!(error <= allowed)) {
    return {
        Verdict::kFailed,
        absl::StrCat("order ", order, ", along ",
                     only < 0 ? "all leaves" : names[static_cast<size_t>(only)],
                     ": derivative ", analytic, ", by differences ",
                     numeric.value, " within ", allowed)};
  }
  if (size > 1e-6) {
    ++statistics->derivatives;
    statistics->worst_derivative =
        std::max(statistics->worst_derivative, error / allowed);
  }
  return {};
}

Outcome CheckOrder(const TestGraph& test, int order,
                   CheckStatistics* statistics) {
  const absl::StatusOr<TestGraph> loss = LossGraph(test, order, false);
  const absl::StatusOr<TestGraph> both = LossGraph(test, order, true);
  if (!loss.ok() || !both.ok()) {
    return {Verdict::kFailed,
            absl::StrCat("order ", order, ": ", both.status().ToString())};
  }
  for (NodeId id = loss->graph.num_nodes(); id < both->graph.num_nodes();
       ++id) {
    statistics->gradient_kinds.insert(
        std::string(both->graph.node(id).op->kind()));
  }
  std::vector<std::string> names;
  for (NodeId id : F32Leaves(test.graph)) {
    names.push_back(test.graph.node(id).name);
  }
  if (names.empty()) return {};
  // Two draws that can be compared, or one if there are no more.
  int agreed = 0;
  Outcome outcome;
  for (int draw = 0; draw < kDraws && agreed < 2; ++draw) {
    TestRandom random =
        RandomFor(test.seed, "directions", static_cast<uint64_t>(draw));
    const LeafValues at = DrawLeaves(*both, 1 + random.Below(4),
                                     static_cast<uint64_t>(100 + draw));
    outcome = CheckDirection(*loss, both->graph, at, names, order, random,
                             statistics);
    if (outcome.verdict == Verdict::kFailed) return outcome;
    if (outcome.verdict == Verdict::kAgrees) ++agreed;
  }
  return agreed > 0 ? Outcome() : outcome;
}

}  // namespace

Outcome CheckGradients(const TestGraph& test, CheckStatistics* statistics) {
  const Outcome first = CheckOrder(test, 1, statistics);
  TestRandom random = RandomFor(test.seed, "order", 0);
  if (first.verdict == Verdict::kFailed || random.Below(3) > 0) return first;
  const Outcome second = CheckOrder(test, 2, statistics);
  // The first order was seen; a second one may be too wild.
  return second.verdict == Verdict::kFailed ? second : first;
}

}  // namespace espalier
