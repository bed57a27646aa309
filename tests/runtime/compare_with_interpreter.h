// Runs a graph in a session and in the interpreter and compares the results.
#ifndef ESPALIER_TESTS_RUNTIME_COMPARE_WITH_INTERPRETER_H_
#define ESPALIER_TESTS_RUNTIME_COMPARE_WITH_INTERPRETER_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/interpreter.h"
#include "graph/leaves.h"
#include "graph/philox.h"
#include "graph/tensor.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"

namespace espalier {

// Standard normal numbers, or labels in [0, classes).
inline Tensor RandomTensor(const TensorType& type, uint64_t seed,
                           uint32_t classes = 3) {
  const RandomStream stream(seed, RandomPurpose::kProbe, 0);
  Tensor tensor(type.dtype, type.shape);
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const auto at = static_cast<uint64_t>(i);
    if (type.dtype == DataType::kF32) {
      tensor.data<float>()[at] = static_cast<float>(stream.Normal(at));
    } else {
      tensor.data<int32_t>()[at] =
          static_cast<int32_t>(stream.Below(at, classes));
    }
  }
  return tensor;
}

inline std::vector<Tensor> RandomInputs(const Graph& graph, int64_t batch,
                                        uint64_t seed) {
  std::vector<Tensor> inputs;
  for (NodeId id : graph.inputs()) {
    const TensorType& type = graph.node(id).type;
    inputs.push_back(
        RandomTensor({type.dtype, type.shape.Bind(batch)}, seed++));
  }
  return inputs;
}

// Each result within `tolerance` times the largest absolute value in it (or
// times 1, if that is larger).
inline void ExpectNear(const Tensor& found, const DoubleTensor& expected,
                       double tolerance, const std::string& what) {
  ASSERT_EQ(found.shape(), expected.shape()) << what;
  double largest = 1;
  for (double value : expected.values()) {
    largest = std::max(largest, std::fabs(value));
  }
  const DoubleTensor values(found);
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const double value = values[i];
    ASSERT_TRUE(std::fabs(value - expected[i]) <= tolerance * largest ||
                (std::isnan(value) && std::isnan(expected[i])))
        << what << "[" << i << "] is " << value << ", expected " << expected[i];
  }
}

// Runs `session`, whose store is `store`, and compares outputs and updated
// leaves with the interpreter's.
inline void RunAndCompare(const Graph& graph, const ParameterStore& store,
                          Session& session, const std::vector<Tensor>& inputs,
                          double tolerance = 1e-5) {
  LeafValues leaves;
  for (const auto& [name, value] : store.Values()) {
    leaves[name] = DoubleTensor(value);
  }
  std::vector<TensorView> views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    leaves[graph.node(graph.inputs()[i]).name] = DoubleTensor(inputs[i]);
    views.push_back(inputs[i]);
  }
  const absl::StatusOr<InterpretedRun> expected = Interpret(graph, leaves);
  ASSERT_TRUE(expected.ok()) << expected.status();
  const absl::Status run = session.Run(views);
  ASSERT_TRUE(run.ok()) << run;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const std::string& name = graph.outputs()[i].name;
    ExpectNear(session.output(static_cast<int>(i)).ToTensor(),
               expected->outputs.at(name), tolerance, "output " + name);
  }
  const std::map<std::string, Tensor> values = store.Values();
  for (const auto& [name, value] : values) {
    const auto updated = expected->updates.find(name);
    ExpectNear(
        value,
        updated == expected->updates.end() ? leaves.at(name) : updated->second,
        tolerance, "leaf " + name);
  }
}

struct Running {
  std::shared_ptr<const Executable> executable;
  std::shared_ptr<ParameterStore> store;
  absl::StatusOr<Session> session = absl::UnknownError("");
};

// Ends the test where something is refused.
inline Running Start(const Graph& graph,
                     const CompileOptions& options = CompileOptions(),
                     uint64_t seed = 1) {
  Running running;
  const auto executable = Executable::Compile(graph, options);
  EXPECT_TRUE(executable.ok()) << executable.status();
  if (!executable.ok()) return running;
  running.executable = *executable;
  running.store = ParameterStore::Initialised(graph, seed);
  running.session = Session::Create(running.executable, running.store);
  EXPECT_TRUE(running.session.ok()) << running.session.status();
  return running;
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_RUNTIME_COMPARE_WITH_INTERPRETER_H_
