#include "tests/serialization/onnx/import_helpers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "graph/interpreter.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace espalier {

std::string Imported(const OnnxFile& file, const OnnxImportOptions& options) {
  const absl::StatusOr<Model> model = ImportOnnx(file.bytes(), options);
  if (!model.ok()) return model.status().ToString();
  std::string text;
  const std::string graph = PrintGraph(model->graph);
  for (const absl::string_view line : absl::StrSplit(graph, '\n')) {
    if (line.find(" = parameter(") == absl::string_view::npos &&
        line.find(" = constant(") == absl::string_view::npos &&
        line.find(" = ") != absl::string_view::npos) {
      absl::StrAppend(&text, line.substr(2), "\n");
    }
  }
  return text;
}

std::vector<double> Computed(const OnnxFile& file, const Shape& shape,
                             std::vector<double> x,
                             const OnnxImportOptions& options) {
  const absl::StatusOr<Model> model = ImportOnnx(file.bytes(), options);
  EXPECT_OK(model);
  if (!model.ok()) return {};
  LeafValues leaves;
  for (const auto& [name, value] : model->values) {
    leaves[name] = DoubleTensor(value);
  }
  leaves[model->graph.node(model->graph.inputs()[0]).name] =
      DoubleTensor(shape, std::move(x));
  const absl::StatusOr<InterpretedRun> run = Interpret(model->graph, leaves);
  EXPECT_OK(run);
  return run.ok() ? run->outputs.begin()->second.values()
                  : std::vector<double>();
}

std::string Refusal(const OnnxFile& file) {
  return std::string(ImportOnnx(file.bytes()).status().message());
}

}  // namespace espalier
