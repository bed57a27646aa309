#include "tests/serialization/sample_model.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/check.h"

namespace espalier {
namespace {

// Has the type of its first input; the second must fit its last dimension.
class MixOp : public Op {
 public:
  explicit MixOp(Attributes attributes) : attributes_(std::move(attributes)) {}

  absl::string_view kind() const override { return "mix"; }
  int arity() const override { return 2; }
  Attributes attributes() const override { return attributes_; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    const Shape& x = inputs[0].shape;
    const Shape& w = inputs[1].shape;
    if (x.rank() == 0 || w.rank() != 1 || w.dim(0) != x.dim(x.rank() - 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("x has shape ", x.ToString(), ", w has ", w.ToString()));
    }
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& /*output*/) const override {
    return *inputs[0];
  }

 private:
  Attributes attributes_;
};

absl::StatusOr<OpPtr> ReadMix(AttributeReader& reader) {
  Attributes attributes = {{"flag", reader.Bool("flag")},
                           {"count", reader.Int("count")},
                           {"factor", reader.Float("factor")},
                           {"label", reader.String("label")},
                           {"list", reader.IntList("list")},
                           {"table", reader.TensorValue("table")}};
  return OpPtr(std::make_shared<MixOp>(std::move(attributes)));
}

OpPtr Mix(bool flag, int64_t count, float factor, const std::string& label,
          std::vector<int64_t> list, const Tensor& table) {
  return std::make_shared<MixOp>(Attributes{{"flag", flag},
                                            {"count", count},
                                            {"factor", factor},
                                            {"label", label},
                                            {"list", std::move(list)},
                                            {"table", table}});
}

}  // namespace

const OpTable& SampleOps() {
  static const auto* const table = new OpTable({{"mix", ReadMix}});
  return *table;
}

Model SampleModel() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Tensor table({2, 1}, std::vector<float>{-0.0f, kInfinity});
  GraphBuilder g("sample");
  const Value x = g.Input("x", {kBatch, 2});
  const Value w = g.Parameter("w", {2}, Initializer::He(2));
  const Value steps = g.State("steps", {}, 0, DataType::kI32);
  const Value c = g.Constant(Tensor({2}, std::vector<float>{1, 2}), "c");
  const Value one = g.Constant(Tensor({}, std::vector<int32_t>{1}), "one");
  const Value h = g.AddNode(Mix(true, std::numeric_limits<int64_t>::min(), 0.1f,
                                "l\xC3\xA4"
                                "b\n{",
                                {0, -1, int64_t{1} << 62}, table),
                            {x, w}, "hidden/1");
  const Value y =
      g.AddNode(Mix(false, 0, -0.0f, "", {}, Tensor()), {h, c}, "y");
  g.Output("y", y);
  g.Output("hidden", h);
  g.Update(w, g.AddNode(Mix(false, 7, 1e-45f, "w", {1}, table), {w, c}));
  g.Update(steps, one);

  Model model;
  absl::StatusOr<Graph> graph = g.Build();
  ESPALIER_CHECK(graph.ok());
  model.graph = *std::move(graph);
  Tensor values({2}, std::vector<float>{0.5f, 0});
  values.data<float>()[1] = std::numeric_limits<float>::signaling_NaN();
  model.values = {
      {"w", values},
      {"steps",
       Tensor({}, std::vector<int32_t>{std::numeric_limits<int32_t>::min()})}};
  model.domains = {{"x", {{0, -0.1f}, {1, 16}}}};
  model.class_names = {"no", "\xC3\xA9t\xC3\xA9"};
  model.producer = "sample 1.0";
  model.history = {
      {"prune", "domain", "interval bounds", {{"hidden/1", 8, {0, 7}}}},
      {"prune", "data", "", {}}};
  return model;
}

}  // namespace espalier
