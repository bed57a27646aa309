// Fits y = cos(6 x) from noisy samples, prunes what never fires, and saves
// both.
#include <espalier/espalier.h>
#include <espalier/status_macros.h>

#include <iostream>

using namespace espalier;  // NOLINT(google-build-using-namespace)

absl::Status FitCosine() {
  GraphBuilder g("cosine");
  const Value x = g.Input("x", {kBatch, 1});
  const Value target = g.Input("target", {kBatch, 1});
  const Value hidden = layers::Dense(x, 30, Activation::kRelu);
  const Value y = layers::Dense(hidden, 1);
  g.Output("y", y);
  const FitOptions options = FitOptions().Epochs(1000).BatchSize(0).Threads(1);
  ASSIGN_OR_RETURN(const Model model,
                   Fit(g, MeanSquaredError(y, target), optimizers::Adam(1e-2f),
                       builtin::Cosine(200), options));
  ASSIGN_OR_RETURN(const PruneResult pruned, Prune(model, Grade::kDomain));
  std::cout << pruned.report;
  RETURN_IF_ERROR(Save(model, "cosine.pb"));
  return Save(pruned.model, "cosine-pruned.onnx");
}

int main() {
  const absl::Status status = FitCosine();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
