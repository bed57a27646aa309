#include "pruning/probes.h"

#include <algorithm>
#include <cmath>

#include "pruning/activity.h"

namespace espalier {
namespace {

// Element number `position` of probe number `index` for an element with the
// ends given; `random` is the probe's own stream.
float ProbeElement(int64_t index, const RandomStream& random, uint64_t position,
                   float lower, float upper) {
  if (index < 3) return Between(lower, upper, 0.5 * static_cast<double>(index));
  // 1/2, 1/4, ... 1/256 and again.
  const double share = std::ldexp(1.0, -static_cast<int>(1 + index / 4 % 8));
  const double uniform = random.Uniform(position);
  const float nearest_to_zero = std::min(std::max(0.0f, lower), upper);
  switch (index % 4) {
    case 0:  // dense corner
      return uniform < 0.5 ? lower : upper;
    case 1: {  // sparse corner: few elements away from one end
      const bool from_upper = index / 32 % 2 == 1;
      return (uniform < share) != from_upper ? upper : lower;
    }
    case 2:
      return Between(lower, upper, uniform);
    default:  // faint
      return Between(nearest_to_zero, Between(lower, upper, uniform), share);
  }
}

}  // namespace

float Between(float from, float to, double share) {
  const double point = (1 - share) * from + share * to;
  return std::min(std::max(static_cast<float>(point), std::min(from, to)),
                  std::max(from, to));
}

std::map<std::string, InputDomain> CompleteDomains(
    const Graph& graph, const std::map<std::string, InputDomain>& domains,
    float size) {
  std::map<std::string, InputDomain> complete = domains;
  for (NodeId id : graph.inputs()) {
    const Node& input = graph.node(id);
    if (input.type.dtype != DataType::kF32) continue;
    const auto n =
        static_cast<size_t>(input.type.shape.num_elements_per_sample());
    complete.emplace(input.name, InputDomain{std::vector<float>(n, -size),
                                             std::vector<float>(n, size)});
  }
  return complete;
}

Tensor UniformPoints(const InputDomain& domain, const Shape& shape,
                     const RandomStream& random) {
  Tensor points(DataType::kF32, shape);
  const absl::Span<float> values = points.data<float>();
  const size_t elements = domain.lower.size();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = Between(domain.lower[i % elements], domain.upper[i % elements],
                        random.Uniform(i));
  }
  return points;
}

std::vector<Tensor> MakeProbes(
    const Graph& graph, const std::map<std::string, InputDomain>& domains,
    int64_t count, uint64_t seed) {
  std::vector<Tensor> probes;
  uint64_t position = 0;
  for (NodeId id : graph.inputs()) {
    const Node& input = graph.node(id);
    Tensor points(input.type.dtype, SamplesShape(input.type.shape, count));
    if (input.type.dtype == DataType::kF32) {
      const InputDomain& domain = domains.at(input.name);
      const auto elements = domain.lower.size();
      const absl::Span<float> values = points.data<float>();
      for (int64_t index = 0; index < count; ++index) {
        const RandomStream random(seed, RandomPurpose::kProbe,
                                  static_cast<uint64_t>(index));
        for (size_t i = 0; i < elements; ++i) {
          values[static_cast<size_t>(index) * elements + i] = ProbeElement(
              index, random, position + i, domain.lower[i], domain.upper[i]);
        }
      }
      position += elements;
    }
    probes.push_back(std::move(points));
  }
  return probes;
}

}  // namespace espalier
