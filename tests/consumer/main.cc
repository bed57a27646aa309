#include <espalier/espalier.h>

#if defined(RETURN_IF_ERROR) || defined(ASSIGN_OR_RETURN)
#error "<espalier/espalier.h> must not define unprefixed macros"
#endif

#include <espalier/status_macros.h>

#include <cmath>
#include <iostream>
#include <vector>

#include "graph/graph.h"

namespace {

namespace e = espalier;

// Fits the noisy curve cos(6 x), and asks the result along the curve.
absl::Status FitPredictPrune() {
  e::GraphBuilder g("cosine");
  const e::Value x = g.Input("x", {e::kBatch, 1});
  const e::Value target = g.Input("target", {e::kBatch, 1});
  const e::Value hidden = e::layers::Dense(x, 30, e::Activation::kRelu);
  const e::Value y = e::layers::Dense(hidden, 1);
  g.Output("y", y);
  ASSIGN_OR_RETURN(const e::Model model,
                   e::Fit(g, e::MeanSquaredError(y, target),
                          e::optimizers::Adam(1e-2f), e::builtin::Cosine(200),
                          e::FitOptions().BatchSize(0).Epochs(300)));

  ASSIGN_OR_RETURN(e::Predictor predictor, e::Predictor::Create(model));
  const e::Tensor points({3, 1}, std::vector<float>{0, 0.5f, 1});
  ASSIGN_OR_RETURN(const e::Tensor answers, predictor.Run(points));
  for (int i = 0; i < 3; ++i) {
    const float at = points.data<float>()[i];
    if (std::abs(answers.data<float>()[i] - std::cos(6 * at)) > 0.3f) {
      return absl::InternalError("the fit is far from the curve");
    }
  }

  RETURN_IF_ERROR(e::Save(model, "cosine.pb"));
  ASSIGN_OR_RETURN(const e::Model loaded, e::Load("cosine.pb"));
  ASSIGN_OR_RETURN(const e::PruneResult pruned,
                   e::Prune(loaded, e::Grade::kDomain));
  ASSIGN_OR_RETURN(e::Predictor small, e::Predictor::Create(pruned.model));
  ASSIGN_OR_RETURN(const e::Tensor same, small.Run(points));
  for (int i = 0; i < 3; ++i) {
    if (std::abs(answers.data<float>()[i] - same.data<float>()[i]) > 1e-5f) {
      return absl::InternalError("pruning changed the answers");
    }
  }
  return absl::OkStatus();
}

}  // namespace

int main() {
  Graph streets;  // the consumer's own
  streets.AddStreet();
  if (streets.streets() != 1) return 1;
  const absl::Status status = FitPredictPrune();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
