#include "tests/ops/check_op.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/ops/check_gradients.h"
#include "tests/testing/execution.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr double kFromKink = 0x1p-7;

// The only node of the case that is no leaf.
const Node& OpNode(const Graph& graph) {
  return graph.node(graph.outputs()[0].node);
}

DoubleTensor DrawInput(const OpCase& op_case, const TensorType& type,
                       int64_t batch, TestRandom& random) {
  const Shape shape = type.shape.Bind(batch);
  if (type.dtype == DataType::kI32) {
    return random.Integers(shape, op_case.classes);
  }
  DoubleTensor x = random.Tensor(shape, op_case.low, op_case.high);
  for (const absl::optional<double>& kink :
       {op_case.kink, op_case.second_kink}) {
    for (int64_t i = 0; kink.has_value() && i < x.num_elements(); ++i) {
      if (std::fabs(x[i] - *kink) < kFromKink) {
        x[i] = *kink + (x[i] < *kink ? -kFromKink : kFromKink);
      }
    }
  }
  return x;
}

// How far float32 results may be from `y`, as the case says.
DoubleTensor Tolerances(const OpCase& op_case, const Graph& graph,
                        const LeafValues& leaves, const DoubleTensor& y) {
  DoubleTensor tolerances(y.shape());
  if (op_case.terms == 0) {
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      tolerances[i] = op_case.relative * std::fabs(y[i]) + op_case.absolute;
    }
    return tolerances;
  }
  LeafValues magnitudes = leaves;
  for (auto& [name, value] : magnitudes) {
    for (int64_t i = 0; i < value.num_elements(); ++i) {
      value[i] = std::fabs(value[i]);
    }
  }
  const absl::StatusOr<InterpretedRun> sums = Interpret(graph, magnitudes);
  EXPECT_OK(sums);
  if (!sums.ok()) return tolerances;
  const double factor = 2 * static_cast<double>(op_case.terms + 2) * 0x1p-24;
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    tolerances[i] = factor * sums->outputs.at("y")[i];
  }
  return tolerances;
}

// The absolute values of what the scalars "once" and "twice" of a gradient's
// graph (check_gradients.h) are sums of; 0 for its other outputs.
double SumOfTerms(const std::string& output, const LeafValues& outputs,
                  const LeafValues& leaves) {
  const auto sum = [](const DoubleTensor& a, const DoubleTensor& b) {
    double terms = 0;
    for (int64_t i = 0; i < a.num_elements(); ++i) {
      terms += std::fabs(a[i] * b[i]);
    }
    return terms;
  };
  if (output == "once") return sum(outputs.at("y"), leaves.at("c"));
  double terms = 0;
  for (size_t i = 0; output == "twice" && i < leaves.size(); ++i) {
    const auto gradient = outputs.find("once_" + InputName(i));
    if (gradient == outputs.end()) continue;
    terms += sum(gradient->second, leaves.at(absl::StrCat("v", i)));
  }
  return terms;
}

// A point of the box: each element at one of its ends, or between them.
DoubleTensor PointIn(const IntervalTensor& box, TestRandom& random) {
  DoubleTensor x(box.shape);
  const bool corner = random.Below(2) == 0;
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    const auto at = static_cast<size_t>(i);
    const double low = box.lower[at];
    const double high = box.upper[at];
    x[i] = !corner                ? random.Uniform(low, high)
           : random.Below(2) == 0 ? low
                                  : high;
  }
  return x;
}

IntervalTensor RandomBox(const OpCase& op_case, const TensorType& type,
                         double width, TestRandom& random) {
  const DoubleTensor center = DrawInput(op_case, type, 1, random);
  IntervalTensor box = {center.shape(), center.values(), center.values()};
  if (type.dtype == DataType::kI32) return box;
  for (size_t i = 0; i < box.lower.size(); ++i) {
    const auto low = box.lower[i] - random.Uniform(0, width);
    const auto high = box.upper[i] + random.Uniform(0, width);
    box.lower[i] = static_cast<float>(std::max(low, op_case.low));
    box.upper[i] = static_cast<float>(std::min(high, op_case.high));
  }
  return box;
}

template <typename T>
std::vector<const T*> Pointers(const std::vector<T>& values) {
  std::vector<const T*> pointers;
  pointers.reserve(values.size());
  for (const T& value : values) pointers.push_back(&value);
  return pointers;
}

}  // namespace

LeafValues DrawLeaves(const OpCase& op_case, const Graph& graph, int64_t batch,
                      TestRandom& random) {
  LeafValues leaves;
  for (const auto& ids : {graph.inputs(), graph.parameters()}) {
    for (NodeId id : ids) {
      const Node& node = graph.node(id);
      leaves[node.name] = DrawInput(op_case, node.type, batch, random);
    }
  }
  return leaves;
}

void CheckType(const OpCase& op_case) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(op_case));
  EXPECT_EQ(OpNode(graph).op->kind(), op_case.kind);
  EXPECT_EQ(OpNode(graph).inputs.size(), op_case.inputs.size());
  TestRandom random(1);
  for (int64_t batch : {1, 2, 5}) {
    const LeafValues leaves = DrawLeaves(op_case, graph, batch, random);
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
    EXPECT_EQ(run.outputs.at("y").shape(),
              OpNode(graph).type.shape.Bind(batch));
  }
}

void CheckAttributes(const OpCase& op_case) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(op_case));
  const Node& node = OpNode(graph);
  const Attributes attributes = node.op->attributes();
  ASSERT_OK_AND_ASSIGN(const OpPtr again,
                       StandardOps().Make(node.op->kind(), attributes));
  EXPECT_EQ(again->kind(), node.op->kind());
  EXPECT_EQ(again->arity(), node.op->arity());
  const Attributes same = again->attributes();
  ASSERT_EQ(same.size(), attributes.size());
  for (size_t i = 0; i < same.size(); ++i) {
    EXPECT_EQ(same[i].name, attributes[i].name);
    EXPECT_TRUE(same[i].value == attributes[i].value) << same[i].name;
  }
  const std::string text = PrintGraph(graph);
  ASSERT_OK_AND_ASSIGN(const Graph parsed, ParseGraph(text, StandardOps()));
  EXPECT_EQ(PrintGraph(parsed), text);
  EXPECT_OK(CheckOwnKinds(graph));
}

void CheckExecution(const OpCase& op_case) {
  for (Operands operands : {Operands::kInputs, Operands::kParameters}) {
    ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(op_case, operands));
    if (operands == Operands::kParameters && graph.parameters().empty()) return;
    TestRandom random(4);
    for (int64_t batch : {1, 2, 8}) {
      for (bool integers : {false, true}) {
        // Integers up to 7 sum up exactly; a mean divides.
        if (integers && (op_case.terms == 0 || op_case.kind == "mean")) {
          continue;
        }
        LeafValues leaves = DrawLeaves(op_case, graph, batch, random);
        if (integers) {
          for (auto& [name, value] : leaves) {
            const Node& leaf = graph.node(graph.Find(name));
            if (leaf.type.dtype != DataType::kF32) continue;
            value = random.Integers(value.shape(), 15);
            for (int64_t i = 0; i < value.num_elements(); ++i) value[i] -= 7;
          }
        }
        ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                             Interpret(graph, leaves));
        const DoubleTensor& expected = run.outputs.at("y");
        ASSERT_OK_AND_ASSIGN(Execution execution,
                             Execution::Create(graph, leaves));
        ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
        const DoubleTensor& found = outputs.at("y");
        ASSERT_EQ(found.shape(), expected.shape());
        const DoubleTensor tolerances =
            integers ? DoubleTensor(expected.shape())
                     : Tolerances(op_case, graph, leaves, expected);
        for (int64_t i = 0; i < expected.num_elements(); ++i) {
          ASSERT_NEAR(found[i], expected[i], tolerances[i])
              << "element " << i << ", batch " << batch;
        }
      }
    }
  }
}

void CheckGradientExecution(const OpCase& op_case) {
  constexpr double kTolerance = 1e-5;
  ASSERT_OK_AND_ASSIGN(const Graph graph, GradientGraph(op_case));
  TestRandom random(5);
  for (int64_t batch : {1, 5}) {
    const LeafValues leaves = DrawLeaves(op_case, graph, batch, random);
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
    ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
    for (const auto& [name, expected] : run.outputs) {
      const DoubleTensor& found = outputs.at(name);
      ASSERT_EQ(found.shape(), expected.shape());
      double largest = std::max(1.0, SumOfTerms(name, run.outputs, leaves));
      for (double value : expected.values()) {
        largest = std::max(largest, std::fabs(value));
      }
      for (int64_t i = 0; i < expected.num_elements(); ++i) {
        ASSERT_NEAR(found[i], expected[i], kTolerance * largest)
            << name << ", element " << i << ", batch " << batch;
      }
    }
  }
}

void CheckBounds(const OpCase& op_case) {
  if (op_case.mixes_samples) return;
  ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(op_case));
  const Node& node = OpNode(graph);
  const Shape output = node.type.shape.Bind(1);
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
  TestRandom random(3);
  for (double width : {0.0, 1e-6, 0.01, 0.5, 10.0}) {
    std::vector<IntervalTensor> boxes;
    boxes.reserve(op_case.inputs.size());
    for (const TensorType& type : op_case.inputs) {
      boxes.push_back(RandomBox(op_case, type, width, random));
    }
    const std::vector<const IntervalTensor*> inputs = Pointers(boxes);
    const IntervalTensor bounds = node.op->Bounds(inputs, output);
    ASSERT_EQ(bounds.shape, output);
    ASSERT_EQ(static_cast<int64_t>(bounds.lower.size()), output.num_elements());
    for (int sample = 0; sample < 40; ++sample) {
      std::vector<DoubleTensor> points;
      points.reserve(boxes.size());
      LeafValues leaves = {{"batch", DoubleTensor(Shape({1}))}};
      for (const IntervalTensor& box : boxes) {
        leaves[InputName(points.size())] = PointIn(box, random);
        points.push_back(leaves[InputName(points.size())]);
      }
      const DoubleTensor exact = node.op->Evaluate(Pointers(points), output);
      ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
      for (const DoubleTensor& y : {exact, outputs.at("y")}) {
        for (size_t i = 0; i < bounds.lower.size(); ++i) {
          ASSERT_LE(bounds.lower[i], y[static_cast<int64_t>(i)]) << width;
          ASSERT_GE(bounds.upper[i], y[static_cast<int64_t>(i)]) << width;
        }
      }
    }
  }
}

}  // namespace espalier
