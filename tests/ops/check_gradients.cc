#include "tests/ops/check_gradients.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/integers.h"
#include "ops/reduce.h"
#include "tests/ops/check_op.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

double InnerProduct(const DoubleTensor& a, const DoubleTensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) sum += a[i] * b[i];
  return sum;
}

// The inputs with respect to which there are gradients.
std::vector<std::string> WantedInputs(const OpCase& op_case) {
  std::vector<std::string> names;
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    if (op_case.inputs[i].dtype == DataType::kF32) {
      names.push_back(InputName(i));
    }
  }
  return names;
}

struct Derivatives {
  double once = 0;
  double twice = 0;
};

// A point and a direction in the inputs and in c.
class Trial {
 public:
  Trial(const OpCase& op_case, const Graph& graph, uint64_t seed)
      : graph_(graph), wanted_(WantedInputs(op_case)) {
    TestRandom random(seed);
    at_ = DrawLeaves(op_case, graph, 1 + random.Below(4), random);
    std::vector<std::string> moved = wanted_;
    moved.emplace_back("c");
    for (const std::string& leaf : moved) {
      direction_[leaf] = random.Tensor(at_.at(leaf).shape(), -1, 1);
    }
    here_ = Interpret(graph, at_)->outputs;
  }

  // By the graph's gradients.
  Derivatives Analytic() const {
    Derivatives sums;
    for (const std::string& leaf : wanted_) {
      sums.once += Along("once", leaf);
      sums.twice += Along("twice", leaf);
    }
    sums.twice += Along("twice", "c");
    return sums;
  }

  // By central differences. Of "once" along the inputs only: its change with c
  // is known.
  Derivatives Numeric(double step) const {
    const LeafValues above = Interpret(graph_, Moved(step))->outputs;
    const LeafValues below = Interpret(graph_, Moved(-step))->outputs;
    const auto difference = [&](const std::string& name) {
      return (above.at(name)[0] - below.at(name)[0]) / (2 * step);
    };
    return {
        difference("once") - InnerProduct(here_.at("y"), direction_.at("c")),
        difference("twice")};
  }

 private:
  double Along(const char* loss, const std::string& leaf) const {
    return InnerProduct(here_.at(absl::StrCat(loss, "_", leaf)),
                        direction_.at(leaf));
  }

  LeafValues Moved(double step) const {
    LeafValues moved = at_;
    for (const auto& [leaf, u] : direction_) {
      DoubleTensor& x = moved[leaf];
      for (int64_t i = 0; i < x.num_elements(); ++i) x[i] += step * u[i];
    }
    return moved;
  }

  const Graph& graph_;
  const std::vector<std::string> wanted_;
  LeafValues at_;
  LeafValues direction_;
  LeafValues here_;  // the outputs at the point
};

bool Near(double analytic, double numeric) {
  return std::fabs(analytic - numeric) <= 1e-8 + 1e-6 * std::fabs(numeric);
}

// Gives the numeric derivatives.
Derivatives CheckTrial(const Trial& trial) {
  constexpr double kStep = 6e-6;
  const Derivatives analytic = trial.Analytic();
  Derivatives numeric = trial.Numeric(kStep);
  const auto agree = [&] {
    return Near(analytic.once, numeric.once) &&
           Near(analytic.twice, numeric.twice);
  };
  // Where two inputs cross within the step, a shorter one does not cross; a
  // wrong gradient is as wrong.
  if (!agree()) numeric = trial.Numeric(kStep / 16);
  EXPECT_TRUE(agree()) << "once: by gradients " << analytic.once
                       << ", by differences " << numeric.once
                       << "; twice: " << analytic.twice << ", "
                       << numeric.twice;
  return numeric;
}

void CheckStopped(const OpCase& op_case, const Graph& graph) {
  TestRandom random(2);
  const LeafValues at = DrawLeaves(op_case, graph, 2, random);
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, at));
  for (const std::string& name : WantedInputs(op_case)) {
    const DoubleTensor& gradient = run.outputs.at("once_" + name);
    EXPECT_GT(gradient.num_elements(), 0);
    for (double value : gradient.values()) EXPECT_EQ(value, 0) << name;
  }
}

}  // namespace

absl::StatusOr<Graph> GradientGraph(const OpCase& op_case) {
  GraphBuilder g("gradients");
  std::vector<Value> inputs;
  std::vector<Value> wrt;
  std::vector<std::string> weights;
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const TensorType& type = op_case.inputs[i];
    inputs.push_back(g.Input(InputName(i), type.shape, type.dtype));
    if (type.dtype != DataType::kF32) continue;
    wrt.push_back(inputs.back());
    weights.push_back(absl::StrCat("v", i));
  }
  // No gradient flows to what an i32 result is made of.
  const Value y = Cast(op_case.build(inputs), DataType::kF32);
  g.Output("y", y);
  const Value c = g.Input("c", y.shape());
  const Value once = Sum(Mul(y, c));
  g.Output("once", once);
  Value twice = g.Constant(0.0f);
  const std::vector<Value> gradients = Gradients(once, wrt);
  for (size_t i = 0; i < wrt.size(); ++i) {
    const Value v = g.Input(weights[i], gradients[i].shape());
    twice = Add(twice, Sum(Mul(gradients[i], v)));
    if (!twice.valid()) return g.status();
    g.Output(absl::StrCat("once_", wrt[i].node().name), gradients[i]);
  }
  g.Output("twice", twice);
  wrt.push_back(c);
  const std::vector<Value> second = Gradients(twice, wrt);
  for (size_t i = 0; i < wrt.size(); ++i) {
    g.Output(absl::StrCat("twice_", wrt[i].node().name), second[i]);
  }
  return g.Build();
}

void CheckGradients(const OpCase& op_case, const Seeds& seeds) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, GradientGraph(op_case));
  if (op_case.stops_gradient) return CheckStopped(op_case, graph);
  Derivatives largest;
  for (int i = 0; i < seeds.count && !testing::Test::HasFailure(); ++i) {
    const uint64_t seed = seeds.first + static_cast<uint64_t>(i);
    SCOPED_TRACE(absl::StrCat(op_case.name, ", seed ", seed));
    const Derivatives found = CheckTrial(Trial(op_case, graph, seed));
    largest.once = std::max(largest.once, std::fabs(found.once));
    largest.twice = std::max(largest.twice, std::fabs(found.twice));
  }
  // Where all derivatives are zero nothing has been compared.
  EXPECT_EQ(largest.once < 1e-6, op_case.flat) << op_case.name;
  EXPECT_EQ(largest.twice < 1e-6, op_case.flat) << op_case.name;
}

}  // namespace espalier
