// A model small enough to know everything about.
#ifndef ESPALIER_TESTS_TOOLS_SMALL_MODEL_H_
#define ESPALIER_TESTS_TOOLS_SMALL_MODEL_H_

#include "graph/model.h"

namespace espalier {

// x [N, 2], in [0, 1]; fc = x W + b with four units, of which in the domain
// number 0 and 2 fire, number 1 never does (x0 + x1 - 3), and number 3 cannot
// for any input (weights 0, bias -1); relu; y [N, 1] = h0 + 2 h1 + 3 h2 + 4 h3.
//   h0 = relu(x0 + x1), h2 = relu(x0 - x1), so y(1, 0) = 1 + 3 = 4.
Model SmallModel();

}  // namespace espalier

#endif  // ESPALIER_TESTS_TOOLS_SMALL_MODEL_H_
