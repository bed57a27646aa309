// Model files of released formats, kept for ever: each loads and computes what
// it did when it was saved. Files here are never changed; a new format version
// adds new ones.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "graph/interpreter.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "serialization/model_file.h"
#include "tests/serialization/sample_model.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

std::string FrozenFile(const std::string& name) {
  return std::string(ESPALIER_SOURCE_DIR "/tests/compat/") + name;
}

// What the file says: its 12th byte, or the second line of a text.
int VersionOf(const std::string& path) {
  std::ifstream stream(path);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  const std::string text = "\nformat_version: ";
  const size_t place = bytes.find(text);
  if (place != std::string::npos) return bytes[place + text.size()] - '0';
  return bytes.size() > 11 ? bytes[11] : 0;
}

// Two dense layers, with domain, class names and a pruned unit.
// Version 2 has its weights in a file beside it.
TEST(ModelFilesTest, EveryVersionComputesTheSame) {
  for (const std::string name : {"mlp_v1.pb", "mlp_v1.pbtxt", "mlp_v2.pb"}) {
    SCOPED_TRACE(name);
    ASSERT_OK_AND_ASSIGN(const Model model, Load(FrozenFile(name)));
    LeafValues leaves;
    for (const auto& [name, value] : model.values) {
      leaves[name] = DoubleTensor(value);
    }
    leaves["x"] = DoubleTensor(Tensor({2, 2}, std::vector<float>{1, 2, 0, -1}));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                         Interpret(model.graph, leaves));
    // hidden = relu(x [[1, -1, .5], [0, 2, -1]] + [0, 1, -.25]), so
    // [1, 4, 0] and [0, 0, .75]; y = hidden [1, -2, 4] + .5.
    const DoubleTensor& y = run.outputs.at("y");
    ASSERT_EQ(y.shape(), Shape({2, 1}));
    EXPECT_EQ(y[0], -6.5);
    EXPECT_EQ(y[1], 3.5);

    ASSERT_EQ(model.domains.count("x"), 1u);
    EXPECT_EQ(model.domains.at("x").lower, (std::vector<float>{-1, -2}));
    EXPECT_EQ(model.domains.at("x").upper, (std::vector<float>{1, 2.5f}));
    EXPECT_EQ(model.class_names, (std::vector<std::string>{"y"}));
    EXPECT_EQ(model.producer, "espalier 0.1.0");
    ASSERT_EQ(model.history.size(), 1u);
    EXPECT_EQ(model.history[0].grade, "domain");
    ASSERT_EQ(model.history[0].layers.size(), 1u);
    EXPECT_EQ(model.history[0].layers[0].node, "hidden/relu");
    EXPECT_EQ(model.history[0].layers[0].units_before, 4);
    EXPECT_EQ(model.history[0].layers[0].removed, (std::vector<int64_t>{2}));
  }
}

// One of everything that a version can hold: SampleModel() as Save wrote it, of
// version 2 with external_weights.
TEST(ModelFilesTest, EveryVersionKeepsEverything) {
  const struct {
    std::string name;
    int version;
  } files[] = {
      {"sample_v1.pb", 1}, {"sample_v1.pbtxt", 1}, {"sample_v2.pb", 2}};
  for (const auto& file : files) {
    SCOPED_TRACE(file.name);
    const std::string path = FrozenFile(file.name);
    EXPECT_EQ(VersionOf(path), file.version);
    ASSERT_OK_AND_ASSIGN(const Model model, Load(path, SampleOps()));
    const Model expected = SampleModel();
    EXPECT_EQ(PrintGraph(model.graph), PrintGraph(expected.graph));
    EXPECT_EQ(model.values, expected.values);
    EXPECT_EQ(model.class_names, expected.class_names);
    EXPECT_EQ(model.producer, expected.producer);
    EXPECT_EQ(model.domains.at("x").lower, expected.domains.at("x").lower);
    EXPECT_EQ(model.domains.at("x").upper, expected.domains.at("x").upper);
    ASSERT_EQ(model.history.size(), 2u);
    EXPECT_EQ(model.history[0].reason, "interval bounds");

    // Its op gives back its first input.
    LeafValues leaves;
    for (const auto& [name, value] : model.values) {
      leaves[name] = DoubleTensor(value);
    }
    leaves["x"] = DoubleTensor(Tensor({1, 2}, std::vector<float>{3, -4}));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                         Interpret(model.graph, leaves));
    for (const std::string output : {"y", "hidden"}) {
      EXPECT_EQ(run.outputs.at(output).shape(), Shape({1, 2}));
      EXPECT_EQ(run.outputs.at(output)[0], 3);
      EXPECT_EQ(run.outputs.at(output)[1], -4);
    }
    EXPECT_EQ(run.updates.at("w")[0], 0.5);
    EXPECT_EQ(run.updates.at("steps")[0], 1);
  }
}

}  // namespace
}  // namespace espalier
