// Whether samples lie in a domain.
#ifndef ESPALIER_GRAPH_DOMAIN_H_
#define ESPALIER_GRAPH_DOMAIN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

// How many samples have a value outside; NaN is outside.
// REQUIRES here and below: f32, of as many elements as the domain or a multiple
// of that: one sample without the batch, or several.
int64_t CountOutside(const InputDomain& domain, const TensorView& samples);

// OK if every value of every sample does; else OutOfRange, which tells the
// first one outside and how many samples have one.
absl::Status CheckInside(const InputDomain& domain, const TensorView& samples);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_DOMAIN_H_
