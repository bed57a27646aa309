// What each op costs against its floor, forward and backward, on a million
// elements. The op runs in a session, alone in its graph; backward means the
// gradients of all its operands from the operands and the result's gradient.
// Operands are parameters, which a run does not look at for numbers that are
// not finite. The floor is
//   copy     a plain copy of as many bytes as the op has to read and write,
//   program  the fewest elementwise instructions for it, run bare,
//   kernel   the bare loop of our own, or oneDNN's product.
// Session and floor are timed in turns; a ratio is the median of the pairs.
//   op_benchmark [threads] [name]
#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/op_rows.h"
#include "ops/binary.h"
#include "ops/reduce.h"
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

double Median(std::vector<double> values) {
  std::nth_element(values.begin(),
                   values.begin() + static_cast<std::ptrdiff_t>(kPairs / 2),
                   values.end());
  return values[kPairs / 2];
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
    const double ours = Microseconds(op);
    const double least = Microseconds(floor);
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

// A session of the op, or of its gradients.
Session MakeSession(const OpRow& row, bool backward, int threads,
                    std::string* plan) {
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
  const Graph graph = Need(g.Build());
  CompileOptions options;
  options.threads = threads;
  const auto executable = Need(Executable::Compile(graph, options));
  *plan = executable->PlanText();
  return Need(Session::Create(executable,
                              Need(ParameterStore::FromValues(graph, values))));
}

// Returns whether the ratio is no larger than it may be.
bool MeasureRow(const OpRow& row, int threads, bool print_plan) {
  std::printf("%-12s %-24s", row.family.c_str(), row.name.c_str());
  bool good = true;
  for (bool backward : {false, true}) {
    const auto& make_floor = backward ? row.backward : row.forward;
    if (!make_floor) {
      std::printf("          -      -  ");
      continue;
    }
    std::string plan;
    Session session = MakeSession(row, backward, threads, &plan);
    const std::function<void()> floor = make_floor(threads);
    const Measured measured = Compare(
        [&] {
          if (!session.Run({}).ok()) std::abort();
        },
        floor);
    const bool within = measured.ratio <= kMostRatio;
    good = good && within;
    std::printf(" %10.0f %6.2f %s", measured.microseconds, measured.ratio,
                within ? " " : "!");
    if (print_plan) std::printf("\n%s\n", plan.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
  return good;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  _mm_setcsr(_mm_getcsr() | 0x8040);  // as sessions do: denormals are zero
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const std::string only = argc > 2 ? argv[2] : "";
  omp_set_num_threads(threads);
  std::printf("%lld elements, %d threads; ! is a ratio above %.2f\n",
              static_cast<long long>(espalier::kRowElements), threads,
              espalier::kMostRatio);
  std::printf("%-12s %-24s %10s %6s   %10s %6s\n", "family", "op", "forward us",
              "ratio", "backward", "ratio");
  int rows = 0, slow = 0;
  for (const espalier::OpRow& row : espalier::OpRows()) {
    if (!only.empty() && row.name != only) continue;
    ++rows;
    if (!espalier::MeasureRow(row, threads, !only.empty())) ++slow;
  }
  std::printf("%d ops, %d with a ratio above %.2f\n", rows, slow,
              espalier::kMostRatio);
  return 0;
}
