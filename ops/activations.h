// Smooth activations and their piecewise linear stand-ins, element by element.
// Those that bend at 0 only are in gates.h and exponential_units.h.
#ifndef ESPALIER_OPS_ACTIVATIONS_H_
#define ESPALIER_OPS_ACTIVATIONS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// 1 / (1 + exp(-x)).
Value Sigmoid(Value x, absl::string_view name = "");
Value Tanh(Value x, absl::string_view name = "");
// x / (1 + |x|).
Value Softsign(Value x, absl::string_view name = "");
// x * sigmoid(beta * x) (P. Ramachandran et al., Searching for Activation
// Functions, 2017, section 4). beta is a normal number, so not 0.
Value Swish(Value x, float beta = 1, absl::string_view name = "");
// Swish with beta = 1.
Value Silu(Value x, absl::string_view name = "");
// x * NormalCdf(x) (D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, 2016,
// section 2).
Value Gelu(Value x, absl::string_view name = "");
// The approximation given there: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715
// x^3))).
Value GeluTanh(Value x, absl::string_view name = "");
// x * tanh(softplus(x)) (D. Misra, Mish, 2019, equation 1).
Value Mish(Value x, absl::string_view name = "");
// alpha * x + beta, but 0 below 0 and 1 above 1; where it is 0 or 1 the
// gradient is 0 (as of PyTorch). alpha is a normal number, so not 0; beta is
// finite. ONNX has alpha = 0.2 unless told otherwise.
Value HardSigmoid(Value x, float alpha = 1.0f / 6, float beta = 0.5f,
                  absl::string_view name = "");
// x * HardSigmoid(x) (A. Howard et al., Searching for MobileNetV3, 2019,
// section 5.2). The gradient is -1/2 at -3 and 3/2 at 3 (as of PyTorch).
Value HardSwish(Value x, absl::string_view name = "");

// The kinds of this file with their factories.
absl::Span<const OpTable::Entry> ActivationEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_ACTIVATIONS_H_
