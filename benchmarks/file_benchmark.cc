// Saving and loading 1 GiB of weights against what the disk and the page cache
// give, in turns; what is printed are medians, and the medians of the turns'
// ratios:
//   save          dd bs=1M conv=fsync of as many bytes to the same folder
//   load          read(2) of the file, a MiB at a time, into fresh memory
//   load, no copy dd bs=1M of the file to nowhere: its one buffer stays in the
//                 cache, and no memory is asked for
//   file_benchmark [FOLDER [TURNS]]
// Ends with exit code 1 if one of the first two is at less than half of the
// speed.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/median.h"
#include "benchmarks/process.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"
#include "graph/status_macros.h"
#include "ops/layers.h"
#include "serialization/model_file.h"

namespace espalier {
namespace {

constexpr int64_t kWidth = 8192;
constexpr int kLayers = 4;  // of 256 MiB each
constexpr double kAllowedRatio = 2;

template <typename F>
double Seconds(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

Model LargeModel() {
  GraphBuilder g("large");
  Value x = g.Input("x", {kBatch, kWidth});
  for (int i = 0; i < kLayers; ++i) {
    x = layers::Dense(x, kWidth, Activation::kRelu);
  }
  g.Output("y", x);
  Model model;
  model.graph = g.Build().value();
  uint32_t next = 1;
  for (const NodeId id : model.graph.parameters()) {
    const Node& node = model.graph.node(id);
    Tensor value(node.type.dtype, node.type.shape);
    for (float& element : value.data<float>()) {
      next = next * 1664525 + 1013904223;
      element = static_cast<float>(next) * 0x1p-32f;
    }
    model.values.emplace(node.name, std::move(value));
  }
  return model;
}

struct Turns {
  std::vector<double> against;
  std::vector<double> ours;
  std::vector<double> ratios;
  void Add(double against_seconds, double our_seconds) {
    against.push_back(against_seconds);
    ours.push_back(our_seconds);
    ratios.push_back(our_seconds / against_seconds);
  }
  bool Print(const char* what) const {
    const double ratio = Median(ratios);
    std::printf("%-22s %8.3f %8.3f %8.2f\n", what, Median(ours),
                Median(against), ratio);
    return ratio <= kAllowedRatio;
  }
};

void ReadAll(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ESPALIER_CHECK(file >= 0);
  const auto size = static_cast<size_t>(std::filesystem::file_size(path));
  // Not zeroed, as `new char[size]()` would be.
  const std::unique_ptr<char[]> memory(new char[size]);
  for (size_t done = 0; done < size;) {
    const ssize_t got =
        read(file, memory.get() + done, std::min(size - done, size_t{1} << 20));
    ESPALIER_CHECK(got > 0);
    done += static_cast<size_t>(got);
  }
  close(file);
}

double DdSeconds(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"dd", "bs=1M", "status=none"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const ProcessRun run = RunProcess(command);
  ESPALIER_CHECK(run.exit_code == 0);
  return run.seconds;
}

bool Compare(const std::string& folder, int turns) {
  const WorkFolder work(folder);
  const std::string file = work.File("m.pb");
  const std::string zeros = work.File("zeros");
  const Model model = LargeModel();
  Turns saving;
  Turns loading;
  Turns without_copy;
  // The first turn only warms up.
  for (int turn = 0; turn <= turns; ++turn) {
    std::filesystem::remove(file);
    const double save = Seconds([&] {
      const absl::Status saved = Save(model, file);
      if (!saved.ok()) std::cerr << saved << "\n";
      ESPALIER_CHECK(saved.ok());
    });
    std::filesystem::remove(zeros);
    const auto mib = (std::filesystem::file_size(file) + (1 << 20) - 1) >> 20;
    const double write = DdSeconds({"if=/dev/zero", absl::StrCat("of=", zeros),
                                    absl::StrCat("count=", mib), "conv=fsync"});
    absl::StatusOr<Model> loaded;
    const double load = Seconds([&] { loaded = Load(file); });
    ESPALIER_CHECK(loaded.ok() && loaded->values == model.values);
    loaded = absl::UnknownError("freed");
    const double read = Seconds([&] { ReadAll(file); });
    const double dd = DdSeconds({absl::StrCat("if=", file), "of=/dev/null"});
    if (turn == 0) continue;
    saving.Add(write, save);
    loading.Add(read, load);
    without_copy.Add(dd, load);
  }
  std::printf("1 GiB, %d turns: seconds    ours  against    ratio\n", turns);
  const bool saves = saving.Print("save");
  const bool loads = loading.Print("load");
  without_copy.Print("load, no copy");
  return saves && loads;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  const std::string folder =
      argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const int turns = argc > 2 ? std::atoi(argv[2]) : 5;
  if (turns < 1) {
    std::cerr << "usage: file_benchmark [FOLDER [TURNS]]\n";
    return 2;
  }
  return espalier::Compare(folder, turns) ? 0 : 1;
}
