// Speed of training. The argument of each is the number of threads.
//   training_benchmark --benchmark_min_time=2
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "graph/builder.h"
#include "graph/philox.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "training/builtin.h"
#include "training/dataset.h"
#include "training/mlp.h"
#include "training/trainer.h"

namespace espalier {
namespace {

// The curve fit of examples/cosine.cc: 1000 epochs, each one batch of all rows,
// compiling included. "epochs" counts per second.
void CosineEpochs(benchmark::State& state) {
  constexpr int kEpochs = 1000;
  const Dataset data = builtin::Cosine(200);
  for (auto _ : state) {
    GraphBuilder g("cosine");
    const Value x = g.Input("x", {kBatch, 1});
    const Value target = g.Input("target", {kBatch, 1});
    const Value y = layers::Dense(layers::Dense(x, 30, Activation::kRelu), 1);
    g.Output("y", y);
    const auto result =
        Train(g, MeanSquaredError(y, target), optimizers::Adam(1e-2f), data,
              FitOptions().Epochs(kEpochs).BatchSize(0).Threads(
                  static_cast<int>(state.range(0))));
    if (!result.ok()) state.SkipWithError(result.status().ToString().c_str());
  }
  state.counters["epochs"] =
      benchmark::Counter(static_cast<double>(kEpochs * state.iterations()),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(CosineEpochs)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// Random images of 28 x 28 pixels in ten classes.
Dataset RandomImages(int64_t rows) {
  const RandomStream pixels(0, RandomPurpose::kData, 0);
  const RandomStream classes(0, RandomPurpose::kData, 1);
  Tensor features(DataType::kF32, {rows, 28, 28});
  Tensor labels(DataType::kI32, {rows});
  absl::Span<float> values = features.data<float>();
  for (size_t i = 0; i < values.size(); ++i) values[i] = pixels.Uniform(i);
  for (size_t i = 0; i < static_cast<size_t>(rows); ++i) {
    labels.data<int32_t>()[i] = static_cast<int32_t>(classes.Below(i, 10));
  }
  Dataset::Info info;
  info.domain =
      InputDomain{std::vector<float>(784, 0), std::vector<float>(784, 1)};
  return Dataset::Create(std::move(features), std::move(labels),
                         std::move(info))
      .value();
}

// Shuffled batches of 128 through 784-128-128-10 with Adam. "steps" counts per
// second of the training loop.
void MlpSteps(benchmark::State& state) {
  const Dataset data = RandomImages(128 * 200);
  double seconds = 0;
  int64_t steps = 0;
  for (auto _ : state) {
    GraphBuilder g("mlp");
    MlpOptions options;
    options.hidden = {128, 128};
    const absl::StatusOr<Value> loss = BuildMlp(g, data, options);
    const auto result = Train(g, *loss, optimizers::Adam(1e-3f), data,
                              FitOptions().Epochs(1).BatchSize(128).Threads(
                                  static_cast<int>(state.range(0))));
    if (!result.ok()) {
      state.SkipWithError(result.status().ToString().c_str());
      return;
    }
    seconds += result->seconds;
    steps += result->steps;
  }
  state.counters["steps"] = static_cast<double>(steps) / seconds;
}
BENCHMARK(MlpSteps)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// What of that is gathering the rows of the batches.
void GatherBatches(benchmark::State& state) {
  const Dataset data = RandomImages(128 * 200);
  uint64_t epoch = 0;
  BatchRange batches = data.Batches(128, 0, epoch);
  for (auto _ : state) {
    batches.Shuffle(0, ++epoch);
    for (const Batch& batch : batches) {
      benchmark::DoNotOptimize(batch.features().raw());
    }
  }
  state.counters["batches"] = benchmark::Counter(
      static_cast<double>(batches.size() * state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK(GatherBatches)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace espalier

BENCHMARK_MAIN();
