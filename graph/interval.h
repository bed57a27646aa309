// IntervalTensor: for each element of one sample, an interval that contains
// every value that float32 execution can give it. One that reaches both
// infinities stands for NaN as well, and no other does: so what is bounded on
// one side is no NaN.
#ifndef ESPALIER_GRAPH_INTERVAL_H_
#define ESPALIER_GRAPH_INTERVAL_H_

#include <cstdint>
#include <vector>

#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

struct IntervalTensor {
  // Every element from -infinity to +infinity.
  static IntervalTensor Everything(const Shape& shape);
  // Every element exactly the tensor's; of a NaN, everything.
  static IntervalTensor Exactly(const TensorView& tensor);

  Shape shape;
  std::vector<double> lower;
  std::vector<double> upper;
};

// The next double below and above: one call after each rounded operation on
// bounds keeps them outward. Infinities and NaN stay, except that NaN (from
// inf - inf) becomes the infinity of that side.
double RoundDown(double bound);
double RoundUp(double bound);

// The nearest float32 values around a real-number interval's ends, enlarged to
// the format's subnormal step: contains the float32 rounding of any real
// number in [lower, upper], with or without flush-to-zero.
double FloatBelow(double bound);
double FloatAbove(double bound);

// An upper limit of |computed - exact| for a float32 sum of `terms` terms
// whose absolute values sum to at most `sum_abs`, in any order and blocking,
// with or without fused multiply-add and flush-to-zero:
// g * sum_abs + (2 terms + 2) 2^-126, g = (terms+1)u / (1 - (terms+1)u),
// u = 2^-24 (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd
// ed., section 3.1 and 4.2). Infinite once (terms + 1) u >= 1/2.
double SumError(int64_t terms, double sum_abs);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_INTERVAL_H_
