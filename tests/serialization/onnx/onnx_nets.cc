// Reads networks of others and holds them against their reference outputs, for
// tools/check_onnx.sh.
//
//   onnx_nets OPSET FOLDER NETS
//
// For every NETS/NAME.onnx: reads it, runs it on NETS/NAME.ref_in.npy, whose
// rows are samples, and holds every row of the output against that of
// NETS/NAME.ref_out64.npy. Then writes what it is when exported again to
// FOLDER/net_NAME.onnx, with inputs and our outputs as onnx_cases does. Prints
// how far off the worst row of each is. Fails if anything goes wrong.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "serialization/onnx/export.h"
#include "tests/serialization/onnx/write_run.h"

namespace espalier {
namespace {

// Of the largest element of the row.
constexpr double kTolerance = 1e-4;

// The largest difference of a row over the largest element of the reference's.
absl::StatusOr<double> WorstRow(const DoubleTensor& found,
                                const DoubleTensor& reference) {
  const int64_t rows = reference.shape().dim(0);
  if (found.num_elements() != reference.num_elements() || rows == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the output has shape ", found.shape().ToString(),
                     ", its reference ", reference.shape().ToString()));
  }
  const int64_t columns = reference.num_elements() / rows;
  double worst = 0;
  for (int64_t row = 0; row < rows; ++row) {
    double off = 0;
    double largest = 0;
    for (int64_t i = row * columns; i < (row + 1) * columns; ++i) {
      // Written so that NaN fails.
      const double difference = std::fabs(found[i] - reference[i]);
      off = difference <= off ? off : difference;
      largest = std::max(largest, std::fabs(reference[i]));
    }
    const double share = off == 0 ? 0 : off / largest;
    worst = share <= worst ? worst : share;
  }
  return worst;
}

// How far off the worst row is.
absl::StatusOr<double> CheckNet(const std::string& stem,
                                const OnnxOptions& options,
                                const std::string& written) {
  ASSIGN_OR_RETURN(const Model model, Load(absl::StrCat(stem, ".onnx")));
  ASSIGN_OR_RETURN(const Tensor x, ReadNpy(absl::StrCat(stem, ".ref_in.npy")));
  ASSIGN_OR_RETURN(const Tensor reference,
                   ReadNpy(absl::StrCat(stem, ".ref_out64.npy")));
  if (model.graph.inputs().size() != 1 || model.graph.outputs().size() != 1) {
    return absl::FailedPreconditionError("expected one input and one output");
  }
  const Node& input = model.graph.node(model.graph.inputs()[0]);
  const Shape shape = input.type.shape.Bind(x.shape().dim(0));
  if (shape.num_elements() != x.num_elements()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the input has shape ", input.type.shape.ToString(),
                     ", its reference ", x.shape().ToString()));
  }
  LeafValues leaves;
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  leaves[input.name] = DoubleTensor(x.Reshaped(shape));
  ASSIGN_OR_RETURN(const std::string onnx, ExportOnnx(model, options));
  ASSIGN_OR_RETURN(const LeafValues outputs,
                   WriteRun(model, leaves, onnx, written));
  ASSIGN_OR_RETURN(const double worst,
                   WorstRow(outputs.begin()->second, DoubleTensor(reference)));
  if (worst <= kTolerance) return worst;
  return absl::FailedPreconditionError(
      absl::StrCat("is off by ", worst, " of the largest output of a row"));
}

int Main(int argc, char** argv) {
  OnnxOptions options;
  if (argc != 4 || !absl::SimpleAtoi(argv[1], &options.opset)) {
    std::fprintf(stderr, "usage: onnx_nets OPSET FOLDER NETS\n");
    return EXIT_FAILURE;
  }
  std::vector<std::filesystem::path> nets;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(argv[3], error)) {
    if (entry.path().extension() == ".onnx") nets.push_back(entry.path());
  }
  if (error || nets.empty()) {
    std::fprintf(stderr, "%s holds no networks\n", argv[3]);
    return EXIT_FAILURE;
  }
  std::sort(nets.begin(), nets.end());
  int failed = 0;
  for (std::filesystem::path net : nets) {
    const std::string name = net.replace_extension().filename().string();
    const absl::StatusOr<double> worst =
        CheckNet(net.string(), options, absl::StrCat(argv[2], "/net_", name));
    if (worst.ok()) {
      std::printf("%s: off by %.1e\n", name.c_str(), *worst);
    } else {
      std::printf("%s: %s\n", name.c_str(), worst.status().ToString().c_str());
      ++failed;
    }
  }
  std::printf("opset %d: %zu of %zu networks agree with their references\n",
              options.opset, nets.size() - static_cast<size_t>(failed),
              nets.size());
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) { return espalier::Main(argc, argv); }
