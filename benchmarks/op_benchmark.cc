// What each op costs against its floor, forward and backward, on a million
// elements. The op runs in a session, alone in its graph; backward means the
// gradients of all its operands from the operands and the result's gradient.
// Operands are parameters, which a run does not look at for numbers that are
// not finite. The floor is printed beside each ratio:
//   copy     memcpy, for an op that reads one array and writes one,
//   pass r:w a pass over r arrays that are read and w that are written,
//   program  the fewest elementwise instructions for it, run bare,
//   kernel   the bare loop of our own,
//   reorder, product   oneDNN's.
// oneDNN's eltwise and prelu primitives are no floors. Of those whose answers
// at special values are ours, tanh, logistic, square, sqrt, and forward abs and
// leaky relu are no faster than the program or pass; soft_relu is, 500 us to
// 620, but has no relative accuracy below -10. The gradients of its gates make
// numbers of NaN.
// Both get their arrays from the same allocator. They are timed in turns,
// each first in every second pair; a ratio is the median of the pairs.
//   op_benchmark [threads] [family or name] [plan]
//   op_benchmark check   whether every kind of op is in a row
#include <immintrin.h>
#include <omp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/median.h"
#include "benchmarks/op_rows.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "runtime/session.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

constexpr int kPairs = 41;
constexpr double kMostRatio = 1.25;

double Microseconds(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now() - start)
      .count();
}

struct Measured {
  double microseconds;
  double ratio;
};

Measured Compare(const std::function<void()>& op,
                 const std::function<void()>& floor) {
  for (int i = 0; i < 3; ++i) {
    op();
    floor();
  }
  std::vector<double> times, ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    const bool op_first = pair % 2 == 0;
    const double first = Microseconds(op_first ? op : floor);
    const double second = Microseconds(op_first ? floor : op);
    const double ours = op_first ? first : second;
    const double least = op_first ? second : first;
    times.push_back(ours);
    ratios.push_back(ours / least);
  }
  return {Median(times), Median(ratios)};
}

template <typename T>
T Need(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(result);
}

struct RowGraph {
  Graph graph;
  std::map<std::string, Tensor> values;
};

// Of the op, or of its gradients.
RowGraph MakeGraph(const OpRow& row, bool backward) {
  GraphBuilder g("op");
  std::vector<Value> operands, wrt;
  for (size_t i = 0; i < row.operands.size(); ++i) {
    const RowOperand& operand = row.operands[i];
    const std::string name = absl::StrCat("x", i);
    const bool f32 = operand.type.dtype == DataType::kF32;
    operands.push_back(
        f32 ? g.Parameter(name, operand.type.shape, Initializer::Normal(1))
            : g.State(name, operand.type.shape, 0, operand.type.dtype));
    if (f32 && operand.differentiated) wrt.push_back(operands.back());
  }
  const Value y = row.build(operands);
  std::map<std::string, Tensor> values;
  for (size_t i = 0; i < row.operands.size(); ++i) {
    values[absl::StrCat("x", i)] = RowValue(row.operands[i]);
  }
  if (backward) {
    const Value dy = g.Parameter("dy", y.shape(), Initializer::Normal(1));
    values["dy"] = RowValue({dy.type()});
    const std::vector<Value> gradients = Gradients(Sum(Mul(y, dy)), wrt);
    for (size_t i = 0; i < gradients.size(); ++i) {
      g.Output(absl::StrCat("dx", i), gradients[i]);
    }
  } else {
    g.Output("y", y);
  }
  return {Need(g.Build()), std::move(values)};
}

Session MakeSession(const RowGraph& row, int threads, std::string* plan) {
  CompileOptions options;
  options.threads = threads;
  const auto executable = Need(Executable::Compile(row.graph, options));
  *plan = executable->PlanText();
  return Need(Session::Create(
      executable, Need(ParameterStore::FromValues(row.graph, row.values))));
}

// Returns whether the ratio is no larger than it may be.
bool MeasureRow(const OpRow& row, int threads, bool print_plan) {
  std::printf("%-13s %-24s", row.family.c_str(), row.name.c_str());
  bool good = true;
  for (bool backward : {false, true}) {
    const Floor& chosen = backward ? row.backward : row.forward;
    if (chosen.name.empty()) {
      std::printf(" %10s %6s   %-10s", "-", "-", "");
      continue;
    }
    std::string plan;
    Session session = MakeSession(MakeGraph(row, backward), threads, &plan);
    const std::function<void()> floor = chosen.make(threads);
    const Measured measured = Compare(
        [&] {
          if (!session.Run({}).ok()) std::abort();
        },
        floor);
    const bool within = measured.ratio <= kMostRatio;
    good = good && within;
    std::printf(" %10.0f %6.2f %s %-10s", measured.microseconds, measured.ratio,
                within ? " " : "!", chosen.name.c_str());
    if (print_plan) std::printf("\n%s\n", plan.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
  return good;
}

// Every kind of op is in the graph of a row, or is named as not to be: not
// both. Returns the number of mistakes, printed.
int CheckKinds() {
  std::set<std::string> measured;
  for (const OpRow& row : OpRows()) {
    const Graph graph = MakeGraph(row, /*backward=*/false).graph;
    for (NodeId id = 0; id < graph.num_nodes(); ++id) {
      measured.emplace(graph.node(id).op->kind());
    }
  }
  std::set<std::string> kinds;
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    kinds.emplace(entry.kind);
  }
  int mistakes = 0;
  const auto mistake = [&](absl::string_view kind, absl::string_view what) {
    std::printf("%s: %s\n", std::string(kind).c_str(),
                std::string(what).c_str());
    ++mistakes;
  };
  std::set<std::string> left_out;
  for (const KindWithoutRow& kind : KindsWithoutRow()) {
    left_out.emplace(kind.kind);
    if (measured.count(std::string(kind.kind)) > 0) {
      mistake(kind.kind, "named as without a row, but a row has it");
    }
    if (kinds.count(std::string(kind.kind)) == 0) {
      mistake(kind.kind, "named as without a row, but there is no such op");
    }
  }
  for (const std::string& kind : kinds) {
    if (measured.count(kind) + left_out.count(kind) == 0) {
      mistake(kind, "in no row of op_benchmark");
    }
  }
  return mistakes;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "check") {
    return espalier::CheckKinds() == 0 ? 0 : 1;
  }
  _mm_setcsr(_mm_getcsr() | 0x8040);  // as sessions do: denormals are zero
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const std::string only = argc > 2 ? argv[2] : "";
  omp_set_num_threads(threads);
  std::printf("%lld elements, %d threads; ! is a ratio above %.2f\n",
              static_cast<long long>(espalier::kRowElements), threads,
              espalier::kMostRatio);
  std::printf("%-13s %-24s %10s %6s   %-10s %10s %6s   %s\n", "family", "op",
              "forward us", "ratio", "to", "backward", "ratio", "to");
  int rows = 0, slow = 0;
  for (const espalier::OpRow& row : espalier::OpRows()) {
    if (!only.empty() && row.name != only && row.family != only) continue;
    ++rows;
    if (!espalier::MeasureRow(row, threads, argc > 3)) ++slow;
  }
  std::printf("%d ops, %d with a ratio above %.2f\n", rows, slow,
              espalier::kMostRatio);
  return 0;
}
