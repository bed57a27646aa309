// How a parameter's first values are drawn.
#ifndef ESPALIER_GRAPH_INITIALIZER_H_
#define ESPALIER_GRAPH_INITIALIZER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

struct Initializer {
  enum class Kind { kConstant, kUniform, kNormal };

  static Initializer Zeros() { return {Kind::kConstant, 0.0f}; }
  static Initializer Constant(float value) { return {Kind::kConstant, value}; }
  // Uniform in [-limit, limit).
  static Initializer Uniform(float limit) { return {Kind::kUniform, limit}; }
  // Normal with mean 0.
  static Initializer Normal(float stddev) { return {Kind::kNormal, stddev}; }
  // Normal with variance 2 / fan_in (K. He et al., Delving Deep into
  // Rectifiers, ICCV 2015, section 2.2).
  static Initializer He(int64_t fan_in);
  // Normal with variance 1 / fan_in (Y. LeCun et al., Efficient BackProp, 1998,
  // section 4.6).
  static Initializer LeCun(int64_t fan_in);
  // Uniform with limit sqrt(6 / (fan_in + fan_out)) (X. Glorot, Y. Bengio,
  // Understanding the difficulty of training deep feedforward neural networks,
  // AISTATS 2010, equation 16).
  static Initializer Glorot(int64_t fan_in, int64_t fan_out);

  // The values of parameter number `stream` under `seed`: they depend on these
  // two and on each element's position only.
  Tensor Draw(const TensorType& type, uint64_t seed, uint64_t stream) const;

  Kind kind = Kind::kConstant;
  float value = 0.0f;  // the constant, the limit or the standard deviation
};

absl::string_view InitializerKindName(Initializer::Kind kind);
absl::StatusOr<Initializer::Kind> ParseInitializerKind(absl::string_view name);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_INITIALIZER_H_
