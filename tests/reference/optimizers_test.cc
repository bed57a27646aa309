// The optimisers' steps against PyTorch's (optimizer_reference.py): by the
// interpreter and in float32. Prints the largest differences of every one.
#include "ops/optimizers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ops/gradient_clipping.h"
#include "tests/reference/reference_file.h"
#include "tests/testing/execution.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

// Differences of parameters, whose values are of the order of 1.
constexpr double kInterpretedTolerance = 1e-12;
constexpr double kExecutedTolerance = 1e-5;

float Number(const ReferenceCase& reference, const std::string& name) {
  return static_cast<float>(reference.numbers.at(name));
}

Optimizer OptimizerOf(const ReferenceCase& reference) {
  const std::string& name = reference.function;
  const auto number = [&](const char* n) { return Number(reference, n); };
  const auto adam = [&]() -> AdamOptions {
    return {number("beta1"), number("beta2"), number("epsilon")};
  };
  if (name == "sgd") return optimizers::Sgd(1);
  if (name == "sgd_clip_by_value") {
    return optimizers::ClipByValue(optimizers::Sgd(1), number("limit"));
  }
  if (name == "sgd_clip_by_global_norm") {
    return optimizers::ClipByGlobalNorm(optimizers::Sgd(1), number("limit"));
  }
  if (name == "momentum") return optimizers::Momentum(1, number("momentum"));
  if (name == "nesterov") return optimizers::Nesterov(1, number("momentum"));
  if (name == "rmsprop") {
    return optimizers::RmsProp(1, {number("decay"), number("epsilon")});
  }
  if (name == "adagrad") {
    return optimizers::Adagrad(1, {number("initial"), number("epsilon")});
  }
  if (name == "adam") return optimizers::Adam(1, adam());
  if (name == "adamw") {
    return optimizers::AdamW(1, {adam(), number("weight_decay")});
  }
  ADD_FAILURE() << "no optimiser " << name;
  return optimizers::Sgd(0);
}

// Element number `step` along axis 0.
DoubleTensor At(const DoubleTensor& all, int64_t step) {
  const auto dims = all.shape().dims();
  DoubleTensor part(Shape(dims.subspan(1)));
  for (int64_t i = 0; i < part.num_elements(); ++i) {
    part[i] = all[step * part.num_elements() + i];
  }
  return part;
}

double LargestDifference(const DoubleTensor& a, const DoubleTensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  double largest = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    const double difference = std::fabs(a[i] - b[i]);
    largest = std::max(largest, std::isnan(difference) ? HUGE_VAL : difference);
  }
  return largest;
}

// The parameters `w` and `b` with their updates; the outputs are the new
// values.
absl::StatusOr<Graph> StepGraph(const ReferenceCase& reference) {
  GraphBuilder g("step");
  std::vector<Value> parameters;
  std::vector<Value> gradients;
  for (const char* name : {"w", "b"}) {
    const Shape shape =
        reference.tensors.at(absl::StrCat(name, "0")).values.shape();
    parameters.push_back(g.Parameter(name, shape, Initializer::Zeros()));
    gradients.push_back(g.Input(absl::StrCat("g", name), shape));
  }
  const std::vector<Value> updated =
      OptimizerOf(reference).apply(parameters, gradients, g.Input("rate", {}));
  for (size_t i = 0; i < updated.size(); ++i) {
    g.Update(parameters[i], updated[i]);
    g.Output(parameters[i].node().name, updated[i]);
  }
  return g.Build();
}

LeafValues FirstLeaves(const Graph& graph, const ReferenceCase& reference) {
  LeafValues leaves;
  for (NodeId id : graph.states()) {
    const Node& node = graph.node(id);
    leaves[node.name] =
        DoubleTensor(LeafInitializer(*node.op)->Draw(node.type, 0, 0));
  }
  for (const char* name : {"w", "b"}) {
    leaves[name] = reference.tensors.at(absl::StrCat(name, "0")).values;
  }
  return leaves;
}

TEST(OptimizersAgainstPyTorch, WalkTheSameWay) {
  ASSERT_OK_AND_ASSIGN(const std::vector<ReferenceCase> cases,
                       ReadReference("optimizers"));
  EXPECT_GE(cases.size(), 15u);
  std::printf("largest differences        interpreter  float32\n");
  for (const ReferenceCase& reference : cases) {
    SCOPED_TRACE(reference.name);
    ASSERT_OK_AND_ASSIGN(const Graph graph, StepGraph(reference));
    LeafValues leaves = FirstLeaves(graph, reference);
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
    const DoubleTensor& rates = reference.tensors.at("rate").values;
    double interpreted = 0;
    double executed = 0;
    for (int64_t step = 0; step < rates.num_elements(); ++step) {
      leaves["rate"] = At(rates, step);
      for (const char* name : {"gw", "gb"}) {
        leaves[name] = At(reference.tensors.at(name).values, step);
      }
      ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
      ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
      for (const auto& [leaf, value] : run.updates) leaves[leaf] = value;
      for (const char* name : {"w", "b"}) {
        const DoubleTensor expected =
            At(reference.tensors.at(name).values, step);
        interpreted = std::max(
            interpreted, LargestDifference(run.outputs.at(name), expected));
        executed =
            std::max(executed, LargestDifference(outputs.at(name), expected));
      }
    }
    std::printf("%-26s %-12.1e %.1e\n", reference.name.c_str(), interpreted,
                executed);
    EXPECT_LE(interpreted, kInterpretedTolerance);
    EXPECT_LE(executed, kExecutedTolerance);
  }
}

}  // namespace
}  // namespace espalier
