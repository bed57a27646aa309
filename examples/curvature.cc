// The gradient of x0^3 + x1^3 + x2^3 and how it changes along v, both as graph:
// 3 x^2 and 6 x v.
#include <espalier/espalier.h>
#include <espalier/status_macros.h>

#include <iostream>

using namespace espalier;  // NOLINT(google-build-using-namespace)

absl::Status Differentiate(const Tensor& x_value, const Tensor& v_value) {
  GraphBuilder g("curvature");
  const Value x = g.Input("x", {3});
  const Value loss = Sum(Mul(Square(x), x));
  g.Output("gradient", Gradients(loss, {x})[0]);
  g.Output("curvature", Hvp(loss, {x}, {g.Input("v", {3})})[0]);
  ASSIGN_OR_RETURN(const Graph graph, g.Build());
  ASSIGN_OR_RETURN(const auto executable, Executable::Compile(graph));
  const auto no_parameters = ParameterStore::Initialised(graph, /*seed=*/0);
  ASSIGN_OR_RETURN(Session session, Session::Create(executable, no_parameters));
  RETURN_IF_ERROR(session.Run({x_value, v_value}));  // tensors f32[3]
  const TensorView gradient = session.output(0);

  const TensorView curvature = session.output(1);
  for (int i = 0; i < 3; ++i) {
    std::cout << gradient.data<float>()[i] << " " << curvature.data<float>()[i]
              << "\n";
  }
  return absl::OkStatus();
}

int main() {
  const absl::Status status = Differentiate(Tensor({3}, {1.0f, 2.0f, 3.0f}),
                                            Tensor({3}, {1.0f, 0.0f, -1.0f}));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
