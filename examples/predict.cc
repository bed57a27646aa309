// Loads the model that cosine.cc saved and asks it.
#include <espalier/espalier.h>
#include <espalier/status_macros.h>

#include <iostream>

using namespace espalier;  // NOLINT(google-build-using-namespace)

absl::Status Predict() {
  ASSIGN_OR_RETURN(const Model model, Load("cosine.pb"));
  ASSIGN_OR_RETURN(Predictor predictor, Predictor::Create(model));
  const Tensor points({5, 1}, {0.0f, 0.25f, 0.5f, 0.75f, 1.0f});
  ASSIGN_OR_RETURN(const Tensor y, predictor.Run(points));
  for (const float value : y.data<float>()) std::cout << value << "\n";
  return absl::OkStatus();
}

int main() {
  const absl::Status status = Predict();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
