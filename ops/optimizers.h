// Optimisers: functions over ops that give a parameter's new value from its
// gradient. They make the states that they need and register the updates of
// those; the caller registers the update of the parameter:
//   g.Update(parameter, Sgd(parameter, gradient, rate));
#ifndef ESPALIER_OPS_OPTIMIZERS_H_
#define ESPALIER_OPS_OPTIMIZERS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

// parameter - rate * gradient; rate is a scalar.
Value Sgd(Value parameter, Value gradient, Value rate);

// D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015,
// algorithm 1.
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
Optimizer Adam(float learning_rate, const AdamOptions& options = AdamOptions());
}  // namespace optimizers

}  // namespace espalier

#endif  // ESPALIER_OPS_OPTIMIZERS_H_
