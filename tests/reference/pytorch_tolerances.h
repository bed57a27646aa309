// How far results may be from PyTorch's.
#ifndef ESPALIER_TESTS_REFERENCE_PYTORCH_TOLERANCES_H_
#define ESPALIER_TESTS_REFERENCE_PYTORCH_TOLERANCES_H_

#include <string>

namespace espalier {

// Errors count relative to the result, or to the floor if that is larger.
struct ErrorBound {
  double relative;
  double floor;
};

// Of the interpreter, and of float32 execution, where numbers under 2^-126 are
// zeros.
struct Tolerance {
  ErrorBound value = {1e-12, 0};
  ErrorBound gradient = {1e-12, 0};
  ErrorBound executed_value = {1e-6, 0x1p-102};
  ErrorBound executed_gradient = {1e-6, 0x1p-102};
};

// Of an op of this kind, or of a function of this name.
Tolerance PyTorchTolerance(const std::string& what);

}  // namespace espalier

#endif  // ESPALIER_TESTS_REFERENCE_PYTORCH_TOLERANCES_H_
