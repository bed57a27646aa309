// Activations that are linear above 0 and an exponential below, element by
// element. The gradient at 0 is that from below.
#ifndef ESPALIER_OPS_EXPONENTIAL_UNITS_H_
#define ESPALIER_OPS_EXPONENTIAL_UNITS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// x > 0 ? x : alpha * (exp(x) - 1) (D. Clevert et al., Fast and Accurate Deep
// Network Learning by Exponential Linear Units, 2015, section 3). alpha is
// finite.
Value Elu(Value x, float alpha = 1, absl::string_view name = "");
// lambda * Elu(x, alpha) with the lambda = 1.0507... and alpha = 1.6732... that
// keep mean 0 and variance 1 (G. Klambauer et al., Self-Normalizing Neural
// Networks, 2017, section 2).
Value Selu(Value x, absl::string_view name = "");
// x > 0 ? x : alpha * (exp(x / alpha) - 1), whose slope is 1 on both sides of 0
// (J. Barron, Continuously Differentiable Exponential Linear Units, 2017).
// alpha is a normal number above 0.
Value Celu(Value x, float alpha = 1, absl::string_view name = "");

// The kinds of this file with their factories.
absl::Span<const OpTable::Entry> ExponentialUnitEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_EXPONENTIAL_UNITS_H_
