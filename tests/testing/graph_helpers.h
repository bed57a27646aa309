// Short ways to build and evaluate small graphs in tests.
#ifndef ESPALIER_TESTS_TESTING_GRAPH_HELPERS_H_
#define ESPALIER_TESTS_TESTING_GRAPH_HELPERS_H_

#include <functional>
#include <vector>

#include "graph/builder.h"
#include "graph/interpreter.h"
#include "graph/interval.h"

namespace espalier {

// What Build() says of a graph whose output is what `make` gives.
absl::Status BuildStatus(const std::function<Value(GraphBuilder&)>& make);

using BuildFunction = std::function<Value(absl::Span<const Value>)>;

// The result of `build` on inputs of these fixed shapes and values. A failure
// of the test, and an empty tensor, when it cannot be built.
DoubleTensor Evaluate(const BuildFunction& build,
                      const std::vector<DoubleTensor>& inputs);

// The bounds of the last node that `build` makes, for inputs in these boxes.
IntervalTensor BoundsOf(const BuildFunction& build,
                        const std::vector<IntervalTensor>& inputs);

// The gradients of the sum of `build`'s result with respect to all inputs.
std::vector<DoubleTensor> EvaluateGradients(
    const BuildFunction& build, const std::vector<DoubleTensor>& inputs);

// A box of shape [n] from its ends.
IntervalTensor Box(std::vector<double> lower, std::vector<double> upper);
// Shape [n].
DoubleTensor Vector(std::vector<double> values);
DoubleTensor Matrix(int64_t rows, int64_t columns, std::vector<double> values);

}  // namespace espalier

#endif  // ESPALIER_TESTS_TESTING_GRAPH_HELPERS_H_
