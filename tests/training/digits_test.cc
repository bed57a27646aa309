// The main path on real input: a network learns the built-in digits well, and
// the penalty leaves units behind that are provably never needed.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gtest/gtest.h"
#include "ops/optimizers.h"
#include "pruning/prune.h"
#include "training/builtin.h"
#include "training/evaluate.h"
#include "training/mlp.h"
#include "training/predictor.h"
#include "training/trainer.h"

namespace espalier {
namespace {

TEST(DigitsTest, AreLearnedAndPruned) {
  const Dataset digits = builtin::Digits();
  GraphBuilder g("digits");
  MlpOptions mlp;
  mlp.hidden = {128, 64};
  mlp.l1 = 5e-4f;
  const Value loss = BuildMlp(g, digits, mlp).value();
  const Model model =
      Train(g, loss, optimizers::Adam(1e-3f), digits,
            FitOptions().Epochs(60).BatchSize(32).Seed(1).Threads(1))
          .value()
          .model;
  EXPECT_GE(*Evaluate(model, *digits.test()).value().accuracy, 0.95);

  const PruneResult pruned = Prune(model, Grade::kDomain).value();
  EXPECT_GE(pruned.report.removed(), 10);
  EXPECT_LT(pruned.report.parameters_after, pruned.report.parameters_before);
  const Tensor before =
      Predictor::Create(model).value().Run(digits.test()->features()).value();
  const Tensor after = Predictor::Create(pruned.model)
                           .value()
                           .Run(digits.test()->features())
                           .value();
  // What is left are sums of the same terms in another order.
  ASSERT_EQ(before.num_elements(), after.num_elements());
  float largest = 0;
  float difference = 0;
  for (int64_t i = 0; i < before.num_elements(); ++i) {
    const float a = before.data<float>()[i];
    largest = std::max(largest, std::abs(a));
    difference = std::max(difference, std::abs(a - after.data<float>()[i]));
  }
  EXPECT_LE(difference, 1e-5f * largest);
}

}  // namespace
}  // namespace espalier
