// An op that Espalier does not have, with its own gradient, in a network that
// is trained, saved and loaded again, and that Prune can look through. Ends
// with 1 if anything is not as it should be.
#include <espalier/espalier.h>
#include <espalier/status_macros.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace espalier;  // NOLINT(google-build-using-namespace)

// x + bend * (sqrt(x^2 + 1) - 1): straight with slopes near 1 - bend and
// 1 + bend on either side, and smooth between.
class BentIdentityOp : public Op {
 public:
  explicit BentIdentityOp(float bend) : bend_(bend) {}

  absl::string_view kind() const override { return "bent_identity"; }
  int arity() const override { return 1; }
  Attributes attributes() const override { return {{"bend", bend_}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    if (inputs[0].dtype != DataType::kF32) {
      return absl::InvalidArgumentError("expected f32, found " +
                                        inputs[0].ToString());
    }
    return inputs[0];
  }

  // What the op means, in double precision.
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const double x = (*inputs[0])[i];
      y[i] = x + bend_ * (std::sqrt(x * x + 1) - 1);
    }
    return y;
  }

  // dy * (1 + bend * x / sqrt(x^2 + 1)), of ordinary nodes: so the gradient has
  // a gradient too.
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    const Value x = inputs[0];
    const Value one = dy.builder()->Constant(1.0f);
    const Value root = Sqrt(Add(Square(x), one));
    return std::vector<Value>{Mul(dy, Add(Scale(Div(x, root), bend_), one))};
  }

  // What float32 can give for intervals of x: each operation of Lower below,
  // its result rounded outward. It lets Prune look through the op
  // (BoundsOfDomain below); without it anything might come out and what follows
  // would stay.
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    IntervalTensor y = IntervalTensor::Everything(output);
    for (size_t i = 0; i < y.lower.size(); ++i) {
      const double low = inputs[0]->lower[i];
      const double high = inputs[0]->upper[i];
      // Beyond, x * x may overflow, and y is anything.
      if (!(low >= -1e18 && high <= 1e18)) continue;
      const double most = std::max(std::fabs(low), std::fabs(high));
      const double least = std::max({0.0, low, -high});
      const double root_low =
          FloatBelow(std::sqrt(FloatBelow(FloatBelow(least * least) + 1)));
      const double root_high =
          FloatAbove(std::sqrt(FloatAbove(FloatAbove(most * most) + 1)));
      const double p = bend_ * FloatBelow(root_low - 1);
      const double q = bend_ * FloatAbove(root_high - 1);
      y.lower[i] = FloatBelow(low + FloatBelow(std::min(p, q)));
      y.upper[i] = FloatAbove(high + FloatAbove(std::max(p, q)));
    }
    return y;
  }

  // Neither a root of a negative number nor a division by 0: what reads the op
  // may be proven for all inputs too, not only in a domain.
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }

  // How it runs: a formula over the elements, which the runtime compiles and
  // fuses with its neighbours.
  absl::Status Lower(Lowering& lowering) const override {
    const Expr x = Expr::Operand(0);
    const Expr one = Expr::Number(1);
    lowering.SetResult(lowering.Elementwise(
        x + Expr::Number(bend_) * (Sqrt(x * x + one) - one),
        {lowering.input(0)}, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  const float bend_;
};

Value BentIdentity(Value x, float bend) {
  return Apply(std::make_shared<BentIdentityOp>(bend), {x});
}

// Makes the op from what a file says of it.
absl::StatusOr<OpPtr> ReadBentIdentity(AttributeReader& attributes) {
  const float bend = attributes.Float("bend");
  RETURN_IF_ERROR(attributes.Finish());
  return std::make_shared<BentIdentityOp>(bend);
}

OpTable MyOps() {
  return StandardOps().Extended({{"bent_identity", ReadBentIdentity}});
}

absl::Status TrainSaveLoad() {
  GraphBuilder g("bent");
  const Value x = g.Input("x", {kBatch, 1});
  const Value target = g.Input("target", {kBatch, 1});
  const Value hidden = BentIdentity(layers::Dense(x, 30), 2.0f);
  const Value y = layers::Dense(hidden, 1);
  g.Output("y", y);
  const Dataset data = builtin::Cosine(200);
  ASSIGN_OR_RETURN(
      const Model model,
      Fit(g, MeanSquaredError(y, target), optimizers::Adam(1e-2f), data,
          FitOptions().Epochs(3000).BatchSize(0).Threads(1)));
  ASSIGN_OR_RETURN(const Evaluation fit, Evaluate(model, data));
  std::cout << "loss " << fit.loss << "\n";
  // The data's noise alone has the variance 0.0064.
  if (!(fit.loss < 0.01)) return absl::InternalError("it did not learn");

  RETURN_IF_ERROR(Save(model, "bent.pb"));
  if (Load("bent.pb").ok()) {
    return absl::InternalError("loaded without knowing the op");
  }
  ASSIGN_OR_RETURN(const Model loaded, Load("bent.pb", MyOps()));
  ASSIGN_OR_RETURN(const Evaluation again, Evaluate(loaded, data));
  if (again.loss != fit.loss) return absl::InternalError("not the same model");

  // The graph text, likewise.
  const std::string text = PrintGraph(model.graph);
  ASSIGN_OR_RETURN(const Graph parsed, ParseGraph(text, MyOps()));
  return PrintGraph(parsed) == text
             ? absl::OkStatus()
             : absl::InternalError("not the same graph text");
}

// For x in [0, 1] the op gives at most 1.83, so relu(y - 2) is 0 always, and
// relu(y - 1) is not: Prune proves the first.
absl::Status BoundsOfDomain() {
  GraphBuilder g("shifted");
  const Value y = BentIdentity(g.Input("x", {kBatch, 1}), 2.0f);
  g.Output("zero", Relu(Sub(y, g.Constant(2.0f))));
  g.Output("alive", Relu(Sub(y, g.Constant(1.0f))));
  Model model;
  ASSIGN_OR_RETURN(model.graph, g.Build());
  model.domains["x"] = InputDomain{{0}, {1}};
  ASSIGN_OR_RETURN(const PruneResult pruned, Prune(model, Grade::kDomain));
  const std::vector<LayerReport>& layers = pruned.report.layers;
  return layers[0].zero_units.size() == 1 && layers[1].zero_units.empty()
             ? absl::OkStatus()
             : absl::InternalError("not what its bounds tell");
}

int main() {
  absl::Status status = TrainSaveLoad();
  if (status.ok()) status = BoundsOfDomain();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
