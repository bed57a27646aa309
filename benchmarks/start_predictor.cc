// For start_benchmark: from the start of the process to the first outputs of a
// model file with one input, which it prints.
//   start_predictor M INPUTS
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "graph/status_macros.h"
#include "serialization/model_file.h"
#include "training/predictor.h"

namespace espalier {
namespace {

absl::Status PrintFirstOutputs(const char* path, int64_t inputs) {
  ASSIGN_OR_RETURN(const Model model, Load(path));
  ASSIGN_OR_RETURN(Predictor predictor, Predictor::Create(model));
  const std::vector<float> row(static_cast<size_t>(inputs), 0.5f);
  ASSIGN_OR_RETURN(const Tensor y, predictor.Run(Tensor({1, inputs}, row)));
  for (const float value : y.data<float>()) std::printf("%.9g\n", value);
  return absl::OkStatus();
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const absl::Status status =
      espalier::PrintFirstOutputs(argv[1], std::atoll(argv[2]));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 3;
}
