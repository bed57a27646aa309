// Trains a small network with batch sizes that vary from 1 to 512 and watches
// the resident size of the process:
//   memory_soak [steps]
// prints it every tenth of the way and ends with exit code 1 if at the end it
// is more than 5 % above what it was after a fifth of the steps.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "graph/builder.h"
#include "graph/philox.h"
#include "graph/status_macros.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "runtime/executable.h"
#include "runtime/session.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

constexpr int64_t kFeatures = 64;
constexpr uint32_t kClasses = 10;
constexpr uint32_t kLargestBatch = 512;
constexpr double kAllowedGrowth = 1.05;

// Resident size in KiB, from the kernel's own count of pages.
int64_t ResidentKib() {
  std::ifstream statm("/proc/self/statm");
  int64_t all = 0;
  int64_t resident = 0;
  statm >> all >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

absl::StatusOr<Graph> TrainingGraph() {
  GraphBuilder g("soak");
  Value x = g.Input("x", {kBatch, kFeatures});
  Value label = g.Input("label", {kBatch}, DataType::kI32);
  Value hidden = layers::Dense(x, 128, Activation::kRelu);
  Value logits = layers::Dense(hidden, kClasses);
  Value loss = MeanSoftmaxCrossEntropy(logits, label);
  g.Output("loss", loss);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated = optimizers::Adam(1e-3f).apply(
      parameters, Gradients(loss, parameters), g.Constant(1e-3f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  return g.Build();
}

absl::StatusOr<bool> StaysFlat(int64_t steps) {
  ASSIGN_OR_RETURN(const Graph graph, TrainingGraph());
  ASSIGN_OR_RETURN(auto executable, Executable::Compile(graph));
  ASSIGN_OR_RETURN(
      Session session,
      Session::Create(executable, ParameterStore::Initialised(graph, 0)));
  const RandomStream random(0, RandomPurpose::kData, 0);
  Tensor x(DataType::kF32, {kLargestBatch, kFeatures});
  Tensor label(DataType::kI32, {kLargestBatch});
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    x.data<float>()[static_cast<size_t>(i)] =
        random.Uniform(static_cast<uint64_t>(i));
  }
  for (uint32_t i = 0; i < kLargestBatch; ++i) {
    label.data<int32_t>()[i] = static_cast<int32_t>(i % kClasses);
  }
  const RandomStream sizes(0, RandomPurpose::kData, 1);
  int64_t settled = 0;
  for (int64_t step = 1; step <= steps; ++step) {
    const int64_t batch =
        1 + sizes.Below(static_cast<uint64_t>(step), kLargestBatch);
    RETURN_IF_ERROR(
        session.Run({TensorView(DataType::kF32, {batch, kFeatures}, x.raw()),
                     TensorView(DataType::kI32, {batch}, label.raw())}));
    if (step == steps / 5) settled = ResidentKib();
    if (step % (steps / 10) == 0) {
      std::cout << "step " << step << ": " << ResidentKib() << " KiB\n"
                << std::flush;
    }
  }
  const double growth =
      static_cast<double>(ResidentKib()) / static_cast<double>(settled);
  std::cout << "resident size at the end / after a fifth: " << growth << "\n";
  return growth <= kAllowedGrowth;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  const int64_t steps = argc > 1 ? std::atoll(argv[1]) : 100000;
  if (steps < 10) {
    std::cerr << "usage: memory_soak [steps, at least 10]\n";
    return 2;
  }
  const absl::StatusOr<bool> flat = espalier::StaysFlat(steps);
  if (!flat.ok()) {
    std::cerr << flat.status() << "\n";
    return 3;
  }
  return *flat ? 0 : 1;
}
