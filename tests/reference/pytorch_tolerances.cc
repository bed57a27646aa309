#include "tests/reference/pytorch_tolerances.h"

#include <map>

namespace espalier {
namespace {

std::map<std::string, Tolerance> MakeTable() {
  const Tolerance plain;

  // Gradients are differences of numbers around 1.
  Tolerance saturating;
  saturating.gradient.floor = 1e-3;
  saturating.executed_gradient.floor = 1;

  // So are values.
  Tolerance logarithm = saturating;
  logarithm.value.floor = 1e-3;
  logarithm.executed_value.floor = 1;

  // A factor of gradients is a float32, such as 1 / n or 1 / sqrt(2 pi).
  const auto with_factor = [](Tolerance tolerance) {
    tolerance.gradient.relative = 0x1p-24;
    return tolerance;
  };

  // The error of x^2 / 2, or of x / alpha, in an exponent is relative in the
  // result.
  const auto with_exponent = [](Tolerance tolerance) {
    tolerance.executed_value.relative = 1e-5;
    tolerance.executed_gradient.relative = 1e-5;
    return tolerance;
  };

  // PyTorch has exp(x) - 1 for elu, and e^x as expm1(x) + 1.
  Tolerance elu;
  elu.value.floor = 1e-3;
  Tolerance expm1;
  expm1.gradient.floor = 1e-3;

  // Their constants are float32.
  Tolerance selu;
  selu.value = {0x1p-23, 1e-3};
  selu.gradient = {0x1p-23, 1e-3};
  Tolerance gelu_tanh = with_exponent(saturating);
  gelu_tanh.value = {0x1p-23, 1e-3};
  gelu_tanh.gradient = {0x1p-22, 1e-3};
  Tolerance hard_swish = with_factor(saturating);
  hard_swish.gradient.floor = 1;

  // A longer chain of them.
  Tolerance mish = saturating;
  mish.gradient.relative = 1e-11;

  // Sums over the batch, and products of several gradients.
  Tolerance statistics;
  statistics.executed_gradient = {4e-6, 1};

  Tolerance layer_norm = saturating;
  layer_norm.executed_value.floor = 1;
  layer_norm.executed_gradient = {4e-6, 1};

  Tolerance softplus;
  softplus.executed_gradient.floor = 1;

  return {{"batch_normalize", statistics},
          {"batch_variance", statistics},
          {"binary_cross_entropy", saturating},
          {"celu", with_exponent(elu)},
          {"elu", elu},
          {"expm1", expm1},
          {"gelu", with_exponent(with_factor(saturating))},
          {"gelu_tanh", gelu_tanh},
          {"hard_swish", hard_swish},
          {"hinge", with_factor(plain)},
          {"layer_norm", layer_norm},
          {"layer_norm_grad", layer_norm},
          {"log_softmax", logarithm},
          {"mean", with_factor(plain)},
          {"mean_softmax_cross_entropy", with_factor(logarithm)},
          {"mish", mish},
          {"normal_cdf", with_exponent(with_factor(plain))},
          {"selu", selu},
          {"sigmoid", saturating},
          {"softmax", saturating},
          {"softmax_cross_entropy", logarithm},
          {"softmax_cross_entropy_grad", logarithm},
          {"softplus", softplus},
          {"swish", saturating},
          {"tanh", saturating}};
}

}  // namespace

Tolerance PyTorchTolerance(const std::string& what) {
  static const auto* const table =
      new std::map<std::string, Tolerance>(MakeTable());
  const auto found = table->find(what);
  return found == table->end() ? Tolerance() : found->second;
}

}  // namespace espalier
