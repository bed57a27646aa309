#include "tests/random_graphs/error_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/ops/op_cases.h"

namespace espalier {
namespace {

constexpr double kRounding = 0x1p-24;
constexpr double kSmallest = 0x1p-126;
// Where a value may be found that is not finite: results that are compared are
// below 1e18 without deviations.
constexpr double kFar = 1e18;
constexpr int kRuns = 4;
// So many before an element is said to be wrong: in three runs an element may
// happen to deviate little.
constexpr int kMostRuns = 40;

struct KindError {
  bool sums = false;
  double relative = 0;
  double absolute = 0;
};

// The largest of the cases of each kind.
const std::map<std::string, KindError>& KindErrors() {
  static const auto* const errors = [] {
    auto* const table = new std::map<std::string, KindError>();
    for (const OpCase& op_case : OpCases()) {
      KindError& error = (*table)[op_case.kind];
      error.sums = error.sums || op_case.terms > 0;
      error.relative = std::max(error.relative, op_case.relative);
      error.absolute = std::max(error.absolute, op_case.absolute);
    }
    return table;
  }();
  return *errors;
}

DoubleTensor AbsoluteValues(const DoubleTensor& x) {
  DoubleTensor result = x;
  for (int64_t i = 0; i < x.num_elements(); ++i) result[i] = std::fabs(x[i]);
  return result;
}

// At least as many terms as one element of the result of a sum, mean or
// product of two matrices has.
double Terms(absl::Span<const DoubleTensor* const> inputs,
             const DoubleTensor& result) {
  if (result.num_elements() == 0) return 0;
  double elements = static_cast<double>(inputs[0]->num_elements());
  const auto results = static_cast<double>(result.num_elements());
  if (inputs.size() == 1) return elements / results;
  elements *= static_cast<double>(inputs[1]->num_elements());
  return std::sqrt(elements / results) + 1;
}

DoubleTensor ErrorOf(const Node& node,
                     absl::Span<const DoubleTensor* const> inputs,
                     const DoubleTensor& result) {
  const auto known = KindErrors().find(std::string(node.op->kind()));
  const KindError error =
      known == KindErrors().end() ? KindError() : known->second;
  DoubleTensor errors(result.shape());
  if (error.sums) {
    std::vector<DoubleTensor> magnitudes;
    std::vector<const DoubleTensor*> pointers;
    for (const DoubleTensor* input : inputs) {
      magnitudes.push_back(AbsoluteValues(*input));
    }
    for (const DoubleTensor& input : magnitudes) pointers.push_back(&input);
    errors = node.op->Evaluate(pointers, result.shape());
    const double factor = (Terms(inputs, result) + 2) * kRounding;
    for (int64_t i = 0; i < result.num_elements(); ++i) {
      errors[i] = factor * std::fabs(errors[i]) + kSmallest;
    }
    return errors;
  }
  double largest = 1;
  for (const DoubleTensor* input : inputs) {
    for (double x : input->values()) largest = std::max(largest, std::fabs(x));
  }
  for (int64_t i = 0; i < result.num_elements(); ++i) {
    errors[i] = (error.relative + kRounding) * std::fabs(result[i]) +
                error.absolute * largest + kSmallest;
  }
  return errors;
}

double LargestIn(const DoubleTensor& tensor) {
  double largest = 0;
  for (double x : tensor.values()) largest = std::max(largest, std::fabs(x));
  return largest;
}

}  // namespace

Expectation::Expectation(const Graph& graph, LeafValues leaves, uint64_t seed)
    : graph_(graph),
      leaves_(std::move(leaves)),
      random_(RandomFor(seed, "errors", 0)) {
  const absl::StatusOr<InterpretedRun> run = Interpret(graph_, leaves_);
  if (!run.ok()) {
    usable_ = false;
    return;
  }
  usable_ = std::all_of(run->nodes.begin(), run->nodes.end(), AllModerate);
  results_ = ResultsOf(graph_, run->nodes);
  for (const auto& [name, result] : results_) {
    bounds_[name] = DoubleTensor(result.shape());
  }
}

void Expectation::AddDeviations() {
  const auto change = [&](NodeId id,
                          absl::Span<const DoubleTensor* const> inputs,
                          DoubleTensor& result) {
    const Node& node = graph_.node(id);
    if (inputs.empty() || node.type.dtype != DataType::kF32) return;
    if (runs_ == 0) {
      // What rounds to a number just where a comparison or logarithm changes.
      for (int64_t i = 0; i < result.num_elements(); ++i) {
        result[i] = static_cast<float>(result[i]);
      }
      return;
    }
    const DoubleTensor errors = ErrorOf(node, inputs, result);
    for (int64_t i = 0; i < result.num_elements(); ++i) {
      result[i] += kMargin * random_.Uniform(-1, 1) * errors[i];
      // A number below the smallest normal one may be taken for zero.
      if (std::fabs(result[i]) < 8 * kSmallest && random_.Below(2) == 0) {
        result[i] = 0;
      }
    }
  };
  const LeafValues moved =
      ResultsOf(graph_, InterpretWith(graph_, leaves_, change));
  for (auto& [name, bound] : bounds_) {
    const DoubleTensor& result = results_.at(name);
    const DoubleTensor& there = moved.at(name);
    for (int64_t i = 0; i < bound.num_elements(); ++i) {
      const double deviation = std::fabs(there[i] - result[i]);
      // A moved result that is not a number bounds nothing.
      bound[i] =
          std::isnan(deviation) ? HUGE_VAL : std::max(bound[i], deviation);
    }
  }
  ++runs_;
}

bool Expectation::MayBeInfinite() {
  while (runs_ < kMostRuns) AddDeviations();
  for (const auto& [name, bound] : bounds_) {
    if (std::isinf(LargestIn(bound))) return true;
  }
  return false;
}

std::string Expectation::Compare(const LeafValues& found,
                                 ComparisonStatistics* statistics) {
  while (runs_ < kRuns) AddDeviations();
  for (const auto& [name, values] : found) {
    const DoubleTensor& expected = results_.at(name);
    if (values.shape() != expected.shape()) {
      return absl::StrCat(name, " has shape ", values.shape().ToString(),
                          ", expected ", expected.shape().ToString());
    }
    double error = 0;
    for (int64_t i = 0; i < values.num_elements(); ++i) {
      const double off = std::fabs(values[i] - expected[i]);
      while (!(off <= bounds_.at(name)[i]) && runs_ < kMostRuns) {
        AddDeviations();
      }
      const double bound = bounds_.at(name)[i];
      // Where a deviation went as far, it may have become infinite.
      if (!std::isfinite(values[i]) && bound >= kFar) continue;
      if (!(off <= bound)) {
        return absl::StrCat(name, "[", i, "] is ", values[i], ", expected ",
                            expected[i], " within ", bound);
      }
      error = std::max(error, off);
    }
    if (statistics == nullptr) continue;
    const double largest_bound = LargestIn(bounds_.at(name));
    const double largest = LargestIn(expected);
    ++statistics->tensors;
    if (largest == 0) ++statistics->all_zero;
    statistics->elements += values.num_elements();
    for (double bound : bounds_.at(name).values()) {
      if (bound > largest / 100 && bound > 1e-6) ++statistics->weak;
    }
    if (error > 0) {
      statistics->worst_ratio =
          std::max(statistics->worst_ratio, error / largest_bound);
    }
  }
  return "";
}

std::string CompareExactly(const LeafValues& found,
                           const LeafValues& expected) {
  for (const auto& [name, values] : found) {
    const auto other = expected.find(name);
    if (other == expected.end()) return absl::StrCat(name, " is new");
    if (values.shape() != other->second.shape()) {
      return absl::StrCat(name, " has another shape");
    }
    for (int64_t i = 0; i < values.num_elements(); ++i) {
      const double a = values[i];
      const double b = other->second[i];
      if (std::isnan(a) && std::isnan(b)) continue;
      if (a != b || std::signbit(a) != std::signbit(b)) {
        return absl::StrCat(name, "[", i, "] is ", a, ", expected exactly ", b);
      }
    }
  }
  return "";
}

}  // namespace espalier
