#include "tests/serialization/onnx/import_helpers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "graph/interpreter.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "serialization/onnx/import_structure.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

// The model; the graph alone must be the same, and be refused with it.
absl::StatusOr<Model> ImportBoth(const OnnxFile& file,
                                 const OnnxImportOptions& options) {
  const std::string bytes = file.bytes();
  absl::StatusOr<Model> model = ImportOnnx(bytes, options);
  MemorySource source(bytes);
  const absl::StatusOr<Model> structure =
      ImportOnnxStructure(&source, options, /*least_left=*/1);
  if (!model.ok()) {
    EXPECT_EQ(structure.status().ToString(), model.status().ToString());
  } else if (!structure.ok()) {
    ADD_FAILURE() << "only the structure is refused: " << structure.status();
  } else {
    EXPECT_EQ(PrintGraph(structure->graph), PrintGraph(model->graph));
    EXPECT_TRUE(structure->values.empty());
  }
  return model;
}

}  // namespace

std::string Imported(const OnnxFile& file, const OnnxImportOptions& options) {
  const absl::StatusOr<Model> model = ImportBoth(file, options);
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
  const absl::StatusOr<Model> model = ImportBoth(file, options);
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
  return std::string(ImportBoth(file, OnnxImportOptions()).status().message());
}

}  // namespace espalier
