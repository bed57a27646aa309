// Optimisers: functions over ops that give a parameter's new value from its
// gradient. They make the states that they need and register the updates of
// those; the caller registers the update of the parameter:
//   g.Update(parameter, Sgd(parameter, gradient, rate));
//
// In the formulas below p is the parameter, g its gradient, r the rate, an f32
// scalar; all else is elementwise, and states start at 0 where nothing else is
// said. Options out of range are an error of the builder. An optimiser that
// squares gradients no longer moves an element whose gradient was above 1.8e19,
// the square of which is infinite in float32: ops/gradient_clipping.h.
#ifndef ESPALIER_OPS_OPTIMIZERS_H_
#define ESPALIER_OPS_OPTIMIZERS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

// p - r g
Value Sgd(Value parameter, Value gradient, Value rate);

// I. Sutskever et al., On the importance of initialization and momentum in deep
// learning, ICML 2013, equations 1 to 4, in the form that PyTorch has, where
// the rate is no part of the state and so may change from step to step:
//   v = momentum v + g
//   Momentum: p - r v        Nesterov: p - r (g + momentum v)
// With a constant rate their velocity is -r v, and Nesterov's p is the point at
// which they take the gradient: their parameter plus momentum times velocity.
// 0 <= momentum < 1. State: `<parameter>/v`.
Value Momentum(Value parameter, Value gradient, Value rate,
               float momentum = 0.9f);
Value Nesterov(Value parameter, Value gradient, Value rate,
               float momentum = 0.9f);

// T. Tieleman, G. Hinton, Neural Networks for Machine Learning, Coursera 2012,
// lecture 6e:
//   s = decay s + (1 - decay) g^2,  p - r g / (sqrt(s) + epsilon)
// 0 <= decay < 1, epsilon > 0. State: `<parameter>/mean_square`.
struct RmsPropOptions {
  float decay = 0.99f;
  float epsilon = 1e-8f;
};
Value RmsProp(Value parameter, Value gradient, Value rate,
              const RmsPropOptions& options = RmsPropOptions());

// J. Duchi et al., Adaptive Subgradient Methods for Online Learning and
// Stochastic Optimization, JMLR 12, 2011, figure 1 (diagonal matrices):
//   s = s + g^2,  p - r g / (sqrt(s) + epsilon)
// s starts at `initial` >= 0; epsilon > 0. State: `<parameter>/sum_of_squares`.
struct AdagradOptions {
  float initial = 0;
  float epsilon = 1e-10f;
};
Value Adagrad(Value parameter, Value gradient, Value rate,
              const AdagradOptions& options = AdagradOptions());

// D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015,
// algorithm 1. 0 <= beta < 1, epsilon > 0.
struct AdamOptions {
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
};
// States per parameter: `<parameter>/adam_m`, `<parameter>/adam_v`; once per
// call `adam_beta1_power` and `adam_beta2_power`.
std::vector<Value> Adam(absl::Span<const Value> parameters,
                        absl::Span<const Value> gradients, Value rate,
                        const AdamOptions& options = AdamOptions());

// I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019,
// algorithm 2, in the form that PyTorch has, where the decay goes with the
// rate: Adam, in whose last line p is (1 - r weight_decay) p. All parameters
// given decay, biases too. weight_decay >= 0. States: Adam's, as `adamw_...`.
struct AdamWOptions {
  AdamOptions adam;
  float weight_decay = 0.01f;
};
std::vector<Value> AdamW(absl::Span<const Value> parameters,
                         absl::Span<const Value> gradients, Value rate,
                         const AdamWOptions& options = AdamWOptions());

// An optimiser to choose by value, as Fit takes it.
struct Optimizer {
  std::string name;
  float learning_rate;
  // New values of the parameters, in their order.
  std::function<std::vector<Value>(absl::Span<const Value> parameters,
                                   absl::Span<const Value> gradients,
                                   Value rate)>
      apply;
};

namespace optimizers {
Optimizer Sgd(float learning_rate);
Optimizer Momentum(float learning_rate, float momentum = 0.9f);
Optimizer Nesterov(float learning_rate, float momentum = 0.9f);
Optimizer RmsProp(float learning_rate,
                  const RmsPropOptions& options = RmsPropOptions());
Optimizer Adagrad(float learning_rate,
                  const AdagradOptions& options = AdagradOptions());
Optimizer Adam(float learning_rate, const AdamOptions& options = AdamOptions());
Optimizer AdamW(float learning_rate,
                const AdamWOptions& options = AdamWOptions());
}  // namespace optimizers

}  // namespace espalier

#endif  // ESPALIER_OPS_OPTIMIZERS_H_
