#include "tests/testing/graph_helpers.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ops/reduce.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

std::string Name(size_t i) { return absl::StrCat("x", i); }

std::vector<Value> MakeInputs(GraphBuilder& g,
                              const std::vector<Shape>& shapes) {
  std::vector<Value> inputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs.push_back(g.Input(Name(i), shapes[i]));
  }
  return inputs;
}

std::vector<Shape> ShapesOf(const std::vector<DoubleTensor>& tensors) {
  std::vector<Shape> shapes;
  for (const DoubleTensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

// The outputs of the graph under `names`, or empty tensors.
std::vector<DoubleTensor> Run(GraphBuilder& g,
                              const std::vector<DoubleTensor>& inputs,
                              const std::vector<std::string>& names) {
  std::vector<DoubleTensor> results(names.size());
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return results;
  LeafValues leaves;
  for (size_t i = 0; i < inputs.size(); ++i) leaves[Name(i)] = inputs[i];
  const absl::StatusOr<InterpretedRun> run = Interpret(*graph, leaves);
  EXPECT_TRUE(run.ok()) << run.status();
  if (!run.ok()) return results;
  for (size_t i = 0; i < names.size(); ++i) {
    results[i] = run->outputs.at(names[i]);
  }
  return results;
}

}  // namespace

absl::Status BuildStatus(const std::function<Value(GraphBuilder&)>& make) {
  GraphBuilder g("test");
  g.Output("y", make(g));
  return g.Build().status();
}

DoubleTensor Evaluate(const BuildFunction& build,
                      const std::vector<DoubleTensor>& inputs) {
  GraphBuilder g("test");
  g.Output("y", build(MakeInputs(g, ShapesOf(inputs))));
  return Run(g, inputs, {"y"})[0];
}

IntervalTensor BoundsOf(const BuildFunction& build,
                        const std::vector<IntervalTensor>& inputs) {
  GraphBuilder g("test");
  std::vector<Shape> shapes;
  std::vector<const IntervalTensor*> boxes;
  for (const IntervalTensor& input : inputs) {
    shapes.push_back(input.shape);
    boxes.push_back(&input);
  }
  const Value y = build(MakeInputs(g, shapes));
  EXPECT_TRUE(y.valid()) << g.status();
  if (!y.valid()) return IntervalTensor();
  return y.node().op->Bounds(boxes, y.shape());
}

std::vector<DoubleTensor> EvaluateGradients(
    const BuildFunction& build, const std::vector<DoubleTensor>& inputs) {
  GraphBuilder g("test");
  const std::vector<Value> x = MakeInputs(g, ShapesOf(inputs));
  const std::vector<Value> gradients = Gradients(Sum(build(x)), x);
  std::vector<std::string> names;
  for (const Value& gradient : gradients) {
    names.push_back(absl::StrCat("d", names.size()));
    g.Output(names.back(), gradient);
  }
  return Run(g, inputs, names);
}

IntervalTensor Box(std::vector<double> lower, std::vector<double> upper) {
  const Shape shape({static_cast<int64_t>(lower.size())});
  return {shape, std::move(lower), std::move(upper)};
}

DoubleTensor Vector(std::vector<double> values) {
  const Shape shape({static_cast<int64_t>(values.size())});
  return DoubleTensor(shape, std::move(values));
}

DoubleTensor Matrix(int64_t rows, int64_t columns, std::vector<double> values) {
  return DoubleTensor(Shape({rows, columns}), std::move(values));
}

}  // namespace espalier
