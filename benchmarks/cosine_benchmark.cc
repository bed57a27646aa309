// The curve fit at speed: 1000 runs of a training step (1 - 30 relu - 1, mean
// squared error, Adam, 200 points at once), compiling left out. Prints the
// quickest and the median of ten.
//   cosine_benchmark [threads]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "graph/builder.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "runtime/session.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

constexpr int kEpochs = 1000;
constexpr int kRounds = 10;
constexpr int64_t kPoints = 200;

Graph CosineGraph() {
  GraphBuilder g("cosine");
  const Value x = g.Input("x", {kBatch, 1});
  const Value target = g.Input("target", {kBatch, 1});
  const Value y = layers::Dense(layers::Dense(x, 30, Activation::kRelu), 1);
  const Value loss = MeanSquaredError(y, target);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated =
      Adam(parameters, Gradients(loss, parameters), g.Constant(1e-2f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  g.Output("loss", loss);
  return *g.Build();
}

void Measure(int threads) {
  const Graph graph = CosineGraph();
  CompileOptions options;
  options.threads = threads;
  const auto executable = *Executable::Compile(graph, options);
  Tensor x(DataType::kF32, {kPoints, 1});
  Tensor target(DataType::kF32, {kPoints, 1});
  for (size_t i = 0; i < static_cast<size_t>(kPoints); ++i) {
    x.data<float>()[i] = static_cast<float>(i) / kPoints;
    target.data<float>()[i] = std::cos(6 * x.data<float>()[i]);
  }
  const TensorView inputs[] = {x, target};
  std::vector<double> milliseconds;
  float loss = 0;
  for (int round = 0; round < kRounds; ++round) {
    auto session =
        Session::Create(executable, ParameterStore::Initialised(graph, 1));
    const auto start = std::chrono::steady_clock::now();
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      if (!session->Run(inputs).ok()) std::abort();
    }
    milliseconds.push_back(std::chrono::duration<double, std::milli>(
                               std::chrono::steady_clock::now() - start)
                               .count());
    loss = session->output(0).data<float>()[0];
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf(
      "%d epochs, %d steps in the plan, %d threads: best %.2f ms, median %.2f "
      "ms, loss %g\n",
      kEpochs, executable->num_steps(), threads, milliseconds.front(),
      milliseconds[kRounds / 2], loss);
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  espalier::Measure(argc > 1 ? std::atoi(argv[1]) : 1);
  return 0;
}
