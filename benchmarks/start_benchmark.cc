// From the start of a process to the first outputs of a small network
// (784-256-256-10, one row), and its end: a Predictor that loads a model file,
// against the same on bare oneDNN with weights read as they are. The processes
// run in turns; what is printed are medians, and the median of the turns'
// ratios.
//   start_benchmark [TURNS [COMMAND...]]
// COMMAND is a further program that is timed with them. Ends with exit code 1
// if the outputs differ, or if the Predictor takes more than 1.3 times the time
// of COMMAND; without one, of the bare program.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/median.h"
#include "benchmarks/process.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"
#include "ops/layers.h"
#include "runtime/parameter_store.h"
#include "serialization/model_file.h"

namespace espalier {
namespace {

constexpr int64_t kWidths[] = {784, 256, 256, 10};
constexpr double kAllowedRatio = 1.3;
constexpr double kTolerance = 1e-5;  // of the largest output

// The network with its first parameters, as a model file and as numbers.
void WriteNetwork(const std::string& model_file, const std::string& numbers) {
  GraphBuilder g("start");
  Value x = g.Input("x", {kBatch, kWidths[0]});
  x = layers::Dense(x, kWidths[1], Activation::kRelu);
  x = layers::Dense(x, kWidths[2], Activation::kRelu);
  g.Output("y", layers::Dense(x, kWidths[3]));
  Model model;
  model.graph = g.Build().value();
  model.values = ParameterStore::Initialised(model.graph, 1)->Values();
  ESPALIER_CHECK(Save(model, model_file).ok());
  std::ofstream out(numbers, std::ios::binary);
  for (const NodeId id : model.graph.parameters()) {
    const Tensor& value = model.values.at(model.graph.node(id).name);
    out.write(static_cast<const char*>(value.raw()),
              static_cast<std::streamsize>(value.num_bytes()));
  }
  ESPALIER_CHECK(out.flush().good());
}

std::vector<double> ReadNumbers(const std::string& path) {
  std::ifstream in(path);
  std::vector<double> numbers;
  for (double number; in >> number;) numbers.push_back(number);
  return numbers;
}

bool Agree(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  double difference = 0;
  if (a.empty() || a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference <= kTolerance * largest;
}

struct Program {
  std::string name;
  std::vector<std::string> command;
  std::vector<double> seconds;
  std::vector<double> ratios;  // of the Predictor's time to its own
  int64_t peak_kib = 0;
};

bool Compare(int turns, const std::vector<std::string>& further) {
  const WorkFolder work(std::filesystem::temp_directory_path());
  const std::string folder = FolderOfThisProgram();
  WriteNetwork(work.File("m.pb"), work.File("numbers"));
  std::vector<Program> programs(2);
  programs[0].name = "Predictor";
  programs[0].command = {folder + "/start_predictor", work.File("m.pb"),
                         absl::StrCat(kWidths[0])};
  programs[1].name = "bare oneDNN";
  programs[1].command = {folder + "/start_bare", work.File("numbers")};
  for (const int64_t width : kWidths) {
    programs[1].command.push_back(absl::StrCat(width));
  }
  if (!further.empty()) {
    programs.emplace_back();
    programs.back().name = "the other";
    programs.back().command = further;
  }
  // The first turn only warms up.
  for (int turn = 0; turn <= turns; ++turn) {
    for (Program& program : programs) {
      const ProcessRun run =
          RunProcess(program.command, work.File(program.name));
      ESPALIER_CHECK(run.exit_code == 0);
      if (turn == 0) continue;
      program.seconds.push_back(run.seconds);
      program.ratios.push_back(programs[0].seconds.back() / run.seconds);
      program.peak_kib = run.peak_kib;
    }
  }
  std::printf("%d turns           ms  Predictor's time / its own  MiB\n",
              turns);
  for (const Program& program : programs) {
    std::printf("%-12s %11.2f %27.2f %4lld\n", program.name.c_str(),
                Median(program.seconds) * 1e3, Median(program.ratios),
                static_cast<long long>(program.peak_kib / 1024));
  }
  if (!Agree(ReadNumbers(work.File("Predictor")),
             ReadNumbers(work.File("bare oneDNN")))) {
    std::cerr << "the outputs differ\n";
    return false;
  }
  return Median(programs.back().ratios) <= kAllowedRatio;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  const int turns = argc > 1 ? std::atoi(argv[1]) : 41;
  if (turns < 1) {
    std::cerr << "usage: start_benchmark [TURNS [COMMAND...]]\n";
    return 2;
  }
  return espalier::Compare(turns, {argv + std::min(argc, 2), argv + argc}) ? 0
                                                                           : 1;
}
