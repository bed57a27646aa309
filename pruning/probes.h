// Probes: points of the domain at which units may be caught firing.
#ifndef ESPALIER_PRUNING_PROBES_H_
#define ESPALIER_PRUNING_PROBES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/model.h"
#include "graph/philox.h"
#include "graph/tensor.h"

namespace espalier {

// The domains with one for every f32 input: where none is given, -size to size
// in every element.
std::map<std::string, InputDomain> CompleteDomains(
    const Graph& graph, const std::map<std::string, InputDomain>& domains,
    float size);

// from + share * (to - from), rounded to float32, never outside of the two.
float Between(float from, float to, double share);

// Uniform in the domain, over and over until `shape` is full, which must be a
// multiple of its elements.
Tensor UniformPoints(const InputDomain& domain, const Shape& shape,
                     const RandomStream& random);

// `count` pseudo-random points as samples (pruning/activity.h): both extreme
// corners, the centre, then in turn dense corners, sparse corners, uniform
// points, and faint ones near the domain's smallest magnitudes. Integers are 0.
// REQUIRES: a domain for every f32 input.
std::vector<Tensor> MakeProbes(
    const Graph& graph, const std::map<std::string, InputDomain>& domains,
    int64_t count, uint64_t seed);

}  // namespace espalier

#endif  // ESPALIER_PRUNING_PROBES_H_
