#include "graph/initializer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/philox.h"
#include "graph/status.h"

namespace espalier {
namespace {

constexpr absl::string_view kKindNames[] = {"constant", "uniform", "normal"};

}  // namespace

Initializer Initializer::He(int64_t fan_in) {
  const double fan = std::max<double>(1, static_cast<double>(fan_in));
  return Normal(static_cast<float>(std::sqrt(2.0 / fan)));
}

Initializer Initializer::LeCun(int64_t fan_in) {
  const double fan = std::max<double>(1, static_cast<double>(fan_in));
  return Normal(static_cast<float>(std::sqrt(1.0 / fan)));
}

Initializer Initializer::Glorot(int64_t fan_in, int64_t fan_out) {
  const double fan = std::max<double>(1, static_cast<double>(fan_in + fan_out));
  return Uniform(static_cast<float>(std::sqrt(6.0 / fan)));
}

Tensor Initializer::Draw(const TensorType& type, uint64_t seed,
                         uint64_t stream) const {
  Tensor tensor(type.dtype, type.shape);
  if (type.dtype == DataType::kI32) {
    auto out = tensor.data<int32_t>();
    std::fill(out.begin(), out.end(), static_cast<int32_t>(value));
    return tensor;
  }
  const RandomStream random(seed, RandomPurpose::kInitialization, stream);
  auto out = tensor.data<float>();
  for (size_t i = 0; i < out.size(); ++i) {
    switch (kind) {
      case Kind::kConstant:
        out[i] = value;
        break;
      case Kind::kUniform:
        out[i] = (2 * random.Uniform(i) - 1) * value;
        break;
      case Kind::kNormal:
        out[i] = static_cast<float>(random.Normal(i) * value);
        break;
    }
  }
  return tensor;
}

absl::string_view InitializerKindName(Initializer::Kind kind) {
  return kKindNames[static_cast<int>(kind)];
}

absl::StatusOr<Initializer::Kind> ParseInitializerKind(absl::string_view name) {
  for (size_t i = 0; i < std::size(kKindNames); ++i) {
    if (kKindNames[i] == name) return static_cast<Initializer::Kind>(i);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown initializer ", Quoted(name),
                   ": expected constant, uniform or normal"));
}

}  // namespace espalier
