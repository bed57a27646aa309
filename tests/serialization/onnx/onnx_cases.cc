// Writes what tools/check_onnx.sh checks and runs.
//
//   onnx_cases OPSET FOLDER [M.pb or M.onnx ...]
//   onnx_cases --table                   prints the table of docs/onnx.md
//
// For every case of every op, with operands as inputs and as parameters, and
// for every model given: FOLDER/NAME.onnx, the inputs of one run in
// FOLDER/NAME.in.X.npy and our outputs in FOLDER/NAME.out.Y.npy. Prints what
// was refused, with its reason, and the counts. Fails if anything goes wrong.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/model_file.h"
#include "serialization/onnx/export.h"
#include "tests/ops/check_op.h"
#include "tests/serialization/onnx/onnx_table.h"
#include "tests/serialization/onnx/write_run.h"

namespace espalier {
namespace {

constexpr int64_t kBatchSize = 3;

struct Counts {
  int written = 0;
  int refused = 0;
};

absl::Status WriteCase(const OpCase& op_case, Operands operands,
                       const OnnxOptions& options, const std::string& folder,
                       Counts* counts) {
  Model model;
  ASSIGN_OR_RETURN(model.graph, BuildCase(op_case, operands));
  std::string name = op_case.name;
  if (operands == Operands::kParameters) {
    if (model.graph.parameters().empty()) return absl::OkStatus();
    absl::StrAppend(&name, "_parameters");
  }
  TestRandom random(4);
  const LeafValues leaves =
      DrawLeaves(op_case, model.graph, kBatchSize, random);
  for (const NodeId id : model.graph.parameters()) {
    const std::string& leaf = model.graph.node(id).name;
    model.values[leaf] = leaves.at(leaf).ToTensor();
  }
  const absl::StatusOr<std::string> onnx = ExportOnnx(model, options);
  if (absl::IsUnimplemented(onnx.status())) {
    std::printf("refused %s: %s\n", name.c_str(),
                onnx.status().ToString().c_str());
    ++counts->refused;
    return absl::OkStatus();
  }
  if (!onnx.ok()) return onnx.status();
  ++counts->written;
  return WriteRun(model, leaves, *onnx, absl::StrCat(folder, "/", name))
      .status();
}

// Inputs are drawn from the domain, else from [-2, 2).
absl::Status WriteModel(const std::string& file, const OnnxOptions& options,
                        const std::string& folder, Counts* counts) {
  ASSIGN_OR_RETURN(const Model model, Load(file));
  LeafValues leaves;
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  TestRandom random(4);
  for (const NodeId id : model.graph.inputs()) {
    const Node& input = model.graph.node(id);
    DoubleTensor x = random.Tensor(input.type.shape.Bind(100), -2, 2);
    const auto domain = model.domains.find(input.name);
    if (domain != model.domains.end()) {
      const std::vector<float>& lower = domain->second.lower;
      for (int64_t i = 0; i < x.num_elements(); ++i) {
        const size_t at = static_cast<size_t>(i) % lower.size();
        const double share = (x[i] + 2) / 4;
        x[i] = (1 - share) * lower[at] + share * domain->second.upper[at];
      }
    }
    leaves[input.name] = x;
  }
  ASSIGN_OR_RETURN(const std::string onnx, ExportOnnx(model, options));
  ++counts->written;
  return WriteRun(model, leaves, onnx,
                  absl::StrCat(folder, "/model_",
                               std::filesystem::path(file).stem().string()))
      .status();
}

int Main(int argc, char** argv) {
  if (argc == 2 && absl::string_view(argv[1]) == "--table") {
    std::printf("%s", OnnxTable().c_str());
    return EXIT_SUCCESS;
  }
  OnnxOptions options;
  if (argc < 3 || !absl::SimpleAtoi(argv[1], &options.opset)) {
    std::fprintf(stderr,
                 "usage: onnx_cases OPSET FOLDER [M.pb or M.onnx ...]\n");
    return EXIT_FAILURE;
  }
  const std::string folder = argv[2];
  Counts counts;
  absl::Status status;
  for (const OpCase& op_case : OpCases()) {
    for (const Operands operands : {Operands::kInputs, Operands::kParameters}) {
      if (status.ok()) {
        status = WriteCase(op_case, operands, options, folder, &counts);
      }
    }
  }
  for (int i = 3; i < argc && status.ok(); ++i) {
    status = WriteModel(argv[i], options, folder, &counts);
  }
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return EXIT_FAILURE;
  }
  std::printf("opset %d: %d files written, %d refused\n", options.opset,
              counts.written, counts.refused);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) { return espalier::Main(argc, argv); }
