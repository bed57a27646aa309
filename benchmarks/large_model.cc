// A model of 3 GiB, one of its weights above 2 GiB, for tools/large_model.sh,
// which says what is shown with it:
//   large_model save M      makes it and saves it
//   large_model load M      loads it and holds every bit against what was made
//   large_model peak COMMAND...
// runs a command, forgets what it prints, and prints its largest resident size
// in MiB; exit code: the command's.
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/process.h"
#include "graph/builder.h"
#include "graph/model.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "graph/tensor.h"
#include "ops/layers.h"
#include "serialization/model_file.h"

namespace espalier {
namespace {

constexpr int64_t kInputs = 8192;
constexpr int64_t kUnits = 73728;  // 2.25 GiB of weights
constexpr int64_t kOutputs = 2732;
constexpr size_t kAtLeastBytes = size_t{3} << 30;

absl::StatusOr<Graph> LargeGraph() {
  GraphBuilder g("large");
  // Names that ONNX takes as they are.
  const Value x = g.Input("x", {kBatch, kInputs});
  const Value hidden = layers::Dense(x, kUnits, Activation::kRelu);
  g.Output("y", layers::Dense(hidden, kOutputs));
  return g.Build();
}

// Element i of the leaf with this number, so that no piece of one looks like
// another. Finite, so that the model can be run.
uint32_t Bits(uint64_t leaf, uint64_t i) {
  uint64_t z = (leaf << 40) + i + 0x9E3779B97F4A7C15;  // splitmix64's step
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return static_cast<uint32_t>(z >> 32) & 0xBFFFFFFF;  // below 2 in size
}

// The leaf's value, or whether it is `found`: without a second one in memory.
void Fill(uint64_t leaf, Tensor* value) {
  auto* elements = static_cast<unsigned char*>(value->raw());
  const auto count = static_cast<uint64_t>(value->num_elements());
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t bits = Bits(leaf, i);
    std::memcpy(elements + i * sizeof(bits), &bits, sizeof(bits));
  }
}
bool Holds(uint64_t leaf, const Tensor& found) {
  const auto* elements = static_cast<const unsigned char*>(found.raw());
  const auto count = static_cast<uint64_t>(found.num_elements());
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, elements + i * sizeof(bits), sizeof(bits));
    if (bits != Bits(leaf, i)) return false;
  }
  return true;
}

absl::Status SaveLarge(const std::string& path) {
  Model model;
  ASSIGN_OR_RETURN(model.graph, LargeGraph());
  size_t bytes = 0;
  for (const NodeId id : model.graph.parameters()) {
    const Node& node = model.graph.node(id);
    Tensor value(node.type.dtype, node.type.shape);
    Fill(static_cast<uint64_t>(id), &value);
    bytes += value.num_bytes();
    model.values.emplace(node.name, std::move(value));
  }
  if (bytes < kAtLeastBytes) {
    return absl::InternalError(absl::StrCat("only ", bytes, " bytes"));
  }
  return Save(model, path);
}

// The file may have been through ONNX, which renames leaves: what is held
// against what was made are the parameters in the graph's order.
absl::Status LoadLarge(const std::string& path) {
  ASSIGN_OR_RETURN(const Graph graph, LargeGraph());
  ASSIGN_OR_RETURN(const Model model, Load(path));
  const auto& made = graph.parameters();
  const auto& found = model.graph.parameters();
  if (made.size() != found.size()) {
    return absl::DataLossError(
        absl::StrCat(found.size(), " parameters: made ", made.size()));
  }
  for (size_t i = 0; i < made.size(); ++i) {
    const Node& node = model.graph.node(found[i]);
    const Tensor& value = model.values.at(node.name);
    if (value.type() != graph.node(made[i]).type) {
      return absl::DataLossError(
          absl::StrCat("parameter ", Quoted(node.name), " has another type"));
    }
    if (!Holds(static_cast<uint64_t>(made[i]), value)) {
      return absl::DataLossError(
          absl::StrCat("parameter ", Quoted(node.name), " has other bits"));
    }
  }
  return absl::OkStatus();
}

int PrintPeak(char** command) {
  std::vector<std::string> arguments;
  for (; *command != nullptr; ++command) arguments.emplace_back(*command);
  const ProcessRun run = RunProcess(arguments, "/dev/null");
  std::cout << run.peak_kib / 1024 << "\n";
  return run.exit_code;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "peak") return espalier::PrintPeak(argv + 2);
  if (argc != 3 || (what != "save" && what != "load")) {
    std::cerr << "usage: large_model save M | load M | peak COMMAND...\n";
    return 2;
  }
  const absl::Status status = what == "save" ? espalier::SaveLarge(argv[2])
                                             : espalier::LoadLarge(argv[2]);
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}
