// Whether samples lie in a declared domain.
#ifndef ESPALIER_TRAINING_DOMAIN_H_
#define ESPALIER_TRAINING_DOMAIN_H_

#include "absl/status/status.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

// OK if every value of every sample does; else OutOfRange, which tells the
// first one outside and how many samples have one. NaN is outside.
// REQUIRES: f32 [samples, ...] with as many elements a sample as the domain.
absl::Status CheckInside(const InputDomain& domain, const TensorView& samples);

}  // namespace espalier

#endif  // ESPALIER_TRAINING_DOMAIN_H_
