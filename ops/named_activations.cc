#include "ops/named_activations.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/check.h"
#include "graph/status.h"
#include "ops/activations.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"

namespace espalier {
namespace {

using Name = absl::string_view;

enum class Weights { kGlorot, kHe, kLeCun };

struct Row {
  Activation activation;
  Name name;
  Value (*apply)(Value x, Name name);
  Weights weights = Weights::kGlorot;
};

// By activation; its first name is the one that is shown.
constexpr Row kRows[] = {
    {Activation::kIdentity, "identity", Identity},
    {Activation::kRelu, "relu", Relu, Weights::kHe},
    {Activation::kLeakyRelu, "leaky-relu",
     [](Value x, Name name) { return LeakyRelu(x, 0.01f, name); },
     Weights::kHe},
    {Activation::kRelu6, "relu6", Relu6, Weights::kHe},
    {Activation::kElu, "elu",
     [](Value x, Name name) { return Elu(x, 1, name); }, Weights::kHe},
    {Activation::kSelu, "selu", Selu, Weights::kLeCun},
    {Activation::kCelu, "celu",
     [](Value x, Name name) { return Celu(x, 1, name); }, Weights::kHe},
    {Activation::kSigmoid, "sigmoid", Sigmoid},
    {Activation::kTanh, "tanh", Tanh},
    {Activation::kSoftplus, "softplus", Softplus},
    {Activation::kSoftsign, "softsign", Softsign},
    {Activation::kSwish, "swish", Silu, Weights::kHe},
    {Activation::kSwish, "silu", Silu, Weights::kHe},
    {Activation::kGelu, "gelu", Gelu, Weights::kHe},
    {Activation::kGeluTanh, "gelu-tanh", GeluTanh, Weights::kHe},
    {Activation::kMish, "mish", Mish, Weights::kHe},
    {Activation::kHardSigmoid, "hard-sigmoid",
     [](Value x, Name name) { return HardSigmoid(x, 1.0f / 6, 0.5f, name); }},
    {Activation::kHardSwish, "hard-swish", HardSwish, Weights::kHe},
};

const Row& RowOf(Activation activation) {
  for (const Row& row : kRows) {
    if (row.activation == activation) return row;
  }
  ESPALIER_CHECK(false);
  return kRows[0];
}

}  // namespace

Value Activate(Value x, Activation activation, absl::string_view name) {
  return RowOf(activation).apply(x, name);
}

absl::string_view ActivationName(Activation activation) {
  return RowOf(activation).name;
}

absl::StatusOr<Activation> ParseActivation(absl::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.activation;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown activation ", Quoted(name), ": expected ",
                   absl::StrJoin(ActivationNames(), ", ")));
}

std::vector<std::string> ActivationNames() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

Initializer WeightInitializer(Activation activation, int64_t fan_in,
                              int64_t fan_out) {
  switch (RowOf(activation).weights) {
    case Weights::kGlorot:
      return Initializer::Glorot(fan_in, fan_out);
    case Weights::kHe:
      return Initializer::He(fan_in);
    case Weights::kLeCun:
      return Initializer::LeCun(fan_in);
  }
  ESPALIER_CHECK(false);
  return Initializer();
}

}  // namespace espalier
