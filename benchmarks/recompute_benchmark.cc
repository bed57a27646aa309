// What recomputation of activations trades: bytes of the arena against time of
// a training step, by default for 32 layers of 512 units at batch 1024.
//   recompute_benchmark [threads] [batch] [layers] [width]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "graph/builder.h"
#include "graph/philox.h"
#include "graph/status_macros.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "transforms/autodiff.h"
#include "transforms/recompute.h"

namespace espalier {
namespace {

struct Size {
  int threads;
  int64_t batch;
  int layers;
  int64_t width;
};

absl::StatusOr<Graph> StepGraph(const Size& size, Activation activation) {
  GraphBuilder g("deep");
  const Value x = g.Input("x", {kBatch, size.width});
  const Value target = g.Input("target", {kBatch, size.width});
  Value y = x;
  for (int i = 0; i < size.layers; ++i) {
    y = layers::Dense(y, size.width, activation);
  }
  const Value loss = MeanSquaredError(y, target);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated = optimizers::Sgd(1e-3f).apply(
      parameters, Gradients(loss, parameters), g.Constant(1e-3f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  g.Output("loss", loss);
  return g.Build();
}

Tensor RandomRows(int64_t rows, int64_t columns, uint64_t index) {
  const RandomStream random(0, RandomPurpose::kData, index);
  Tensor tensor(DataType::kF32, {rows, columns});
  uint64_t position = 0;
  for (float& x : tensor.data<float>()) x = random.Uniform(position++);
  return tensor;
}

struct Cost {
  int64_t arena_bytes;
  double milliseconds;  // a step, the median of several
};

absl::StatusOr<Cost> Measure(const Graph& graph, const Size& size) {
  constexpr int kSteps = 9;
  CompileOptions options;
  options.threads = size.threads;
  ASSIGN_OR_RETURN(const auto executable, Executable::Compile(graph, options));
  ASSIGN_OR_RETURN(
      Session session,
      Session::Create(executable, ParameterStore::Initialised(graph, 0)));
  const Tensor x = RandomRows(size.batch, size.width, 0);
  const Tensor target = RandomRows(size.batch, size.width, 1);
  std::vector<double> times;
  for (int step = 0; step < kSteps; ++step) {
    const auto start = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(session.Run({x, target}));
    const std::chrono::duration<double, std::milli> time =
        std::chrono::steady_clock::now() - start;
    if (step > 1) times.push_back(time.count());
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2,
                   times.end());
  Cost cost;
  ASSIGN_OR_RETURN(cost.arena_bytes, executable->ArenaBytes(size.batch));
  cost.milliseconds = times[times.size() / 2];
  return cost;
}

absl::Status Run(const Size& size) {
  std::printf("%d layers of %d units, batch %d, %d threads\n", size.layers,
              static_cast<int>(size.width), static_cast<int>(size.batch),
              size.threads);
  std::printf("activation  segments  arena MB  step ms\n");
  for (const Activation activation : {Activation::kRelu, Activation::kTanh}) {
    ASSIGN_OR_RETURN(const Graph graph, StepGraph(size, activation));
    for (const int segments : {1, 0, 3}) {
      RecomputeOptions options;
      options.segments = segments;
      ASSIGN_OR_RETURN(const Graph less, RecomputeActivations(graph, options));
      ASSIGN_OR_RETURN(const Cost cost, Measure(less, size));
      std::printf("%-10s  %8s  %8.1f  %7.1f\n",
                  std::string(ActivationName(activation)).c_str(),
                  segments == 0   ? "default"
                  : segments == 1 ? "none"
                                  : std::to_string(segments).c_str(),
                  static_cast<double>(cost.arena_bytes) / 1e6,
                  cost.milliseconds);
      std::fflush(stdout);
    }
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const auto argument = [&](int i, int otherwise) {
    return argc > i ? std::max(1, std::atoi(argv[i])) : otherwise;
  };
  const absl::Status status = Run(
      {argument(1, 1), argument(2, 1024), argument(3, 32), argument(4, 512)});
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) { return espalier::Main(argc, argv); }
