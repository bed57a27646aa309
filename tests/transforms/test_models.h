// Graphs from text, random values for them, and comparison of what two models
// compute, for the tests of transforms/ and pruning/.
#ifndef ESPALIER_TESTS_TRANSFORMS_TEST_MODELS_H_
#define ESPALIER_TESTS_TRANSFORMS_TEST_MODELS_H_

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "graph/interpreter.h"
#include "graph/model.h"
#include "graph/philox.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "ops/registry.h"

namespace espalier {

inline Graph Parse(absl::string_view text) {
  absl::StatusOr<Graph> graph = ParseGraph(text, StandardOps());
  EXPECT_TRUE(graph.ok()) << graph.status() << "\n" << text;
  return graph.ok() ? *graph : Graph();
}

// A parameter as it stands in graph text; dimensions "3, 4".
inline std::string ParameterText(absl::string_view dims) {
  return absl::StrCat("parameter(dtype=\"f32\", shape=[", dims,
                      "], initializer=\"normal\", initializer_value=1.0)\n");
}

// Dense layers of these widths, the first that of the input x, each but the
// last followed by a ReLU: z1 = dense(x, w1, b1), h1 = relu(z1), ... and the
// output y.
inline std::string DenseChainText(const std::vector<int64_t>& widths) {
  std::string text = absl::StrCat(
      "graph g {\nx = input(dtype=\"f32\", shape=[-1, ", widths[0], "])\n");
  for (size_t i = 1; i < widths.size(); ++i) {
    absl::StrAppend(&text, "w", i, " = ",
                    ParameterText(absl::StrCat(widths[i - 1], ", ", widths[i])),
                    "b", i, " = ", ParameterText(absl::StrCat(widths[i])));
  }
  std::string from = "x";
  for (size_t i = 1; i < widths.size(); ++i) {
    const bool last = i + 1 == widths.size();
    absl::StrAppend(&text, last ? "y" : absl::StrCat("z", i), " = dense(", from,
                    ", w", i, ", b", i, ")\n");
    if (last) break;
    absl::StrAppend(&text, "h", i, " = relu(z", i, ")\n");
    from = absl::StrCat("h", i);
  }
  return text + "output y = y\n}";
}

// Standard normal numbers.
inline Tensor RandomTensor(const Shape& shape, uint64_t seed) {
  const RandomStream random(seed, RandomPurpose::kData, 0);
  Tensor tensor(DataType::kF32, shape);
  uint64_t position = 0;
  for (float& x : tensor.data<float>()) {
    x = static_cast<float>(random.Normal(position++));
  }
  return tensor;
}

// A model of the graph with random values for f32 leaves, zeros for i32.
inline Model RandomModel(const Graph& graph, uint64_t seed = 1) {
  Model model;
  model.graph = graph;
  for (const auto* leaves : {&graph.parameters(), &graph.states()}) {
    for (NodeId id : *leaves) {
      const Node& node = graph.node(id);
      model.values[node.name] =
          node.type.dtype == DataType::kF32
              ? RandomTensor(node.type.shape,
                             seed * 1000 + static_cast<uint64_t>(id))
              : Tensor(node.type.dtype, node.type.shape);
    }
  }
  return model;
}

// Values for all leaves: the model's own, and random inputs.
inline LeafValues RandomLeaves(const Model& model, int64_t batch = 3,
                               uint64_t seed = 7) {
  LeafValues leaves;
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  for (NodeId id : model.graph.inputs()) {
    const Node& node = model.graph.node(id);
    const Shape shape = node.type.shape.Bind(batch);
    leaves[node.name] = node.type.dtype == DataType::kF32
                            ? DoubleTensor(RandomTensor(
                                  shape, seed + static_cast<uint64_t>(id)))
                            : DoubleTensor(shape);
  }
  return leaves;
}

inline LeafValues Outputs(const Model& model, const LeafValues& leaves) {
  absl::StatusOr<InterpretedRun> run = Interpret(model.graph, leaves);
  EXPECT_TRUE(run.ok()) << run.status();
  return run.ok() ? run->outputs : LeafValues();
}

// The interpreter gives the same outputs for both on the same random inputs.
inline void ExpectSameOutputs(const Model& before, const Model& after,
                              double tolerance = 0) {
  const LeafValues inputs = RandomLeaves(before);
  LeafValues leaves_after = RandomLeaves(after);
  for (NodeId id : after.graph.inputs()) {
    const std::string& name = after.graph.node(id).name;
    leaves_after[name] = inputs.at(name);
  }
  const LeafValues expected = Outputs(before, inputs);
  const LeafValues found = Outputs(after, leaves_after);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(expected.size(), found.size());
  for (const auto& [name, value] : expected) {
    ASSERT_EQ(found.count(name), 1u) << name;
    const DoubleTensor& other = found.at(name);
    ASSERT_EQ(value.shape(), other.shape()) << name;
    for (int64_t i = 0; i < value.num_elements(); ++i) {
      EXPECT_NEAR(value[i], other[i], tolerance) << name << " " << i;
    }
  }
}

inline Tensor Row(const std::vector<float>& values) {
  return Tensor({static_cast<int64_t>(values.size())}, values);
}

// `rows` rows of as many values each.
inline Tensor Matrix(int64_t rows, const std::vector<float>& values) {
  return Tensor({rows, static_cast<int64_t>(values.size()) / rows}, values);
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_TRANSFORMS_TEST_MODELS_H_
