// espalier compare: structure and outputs of two models side by side.
#include <algorithm>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/philox.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "pruning/probes.h"
#include "pruning/prune.h"
#include "serialization/report.h"
#include "tools/commands.h"
#include "tools/data_arguments.h"
#include "tools/files.h"
#include "tools/layers.h"
#include "tools/options.h"
#include "tools/table.h"
#include "tools/terminal.h"
#include "training/evaluate.h"
#include "training/predictor.h"

namespace espalier {
namespace tools {
namespace {

constexpr int64_t kDomainPoints = 1000;
constexpr uint64_t kDomainSeed = 0;

// A layer as it is in either model; "-" where it is not.
struct LayerPair {
  std::string name;
  std::string in_a = "-";
  std::string in_b = "-";
};

// In A's order, then those of B only.
std::vector<LayerPair> SideBySide(const Graph& a, const Graph& b) {
  const auto describe = [](const InspectReport::Layer& layer) {
    return absl::StrCat(layer.kind, " ", layer.shape.ToString());
  };
  std::vector<LayerPair> pairs;
  absl::flat_hash_map<std::string, size_t> index;
  for (const InspectReport::Layer& layer : LayersOf(a)) {
    index[layer.name] = pairs.size();
    pairs.push_back({layer.name, describe(layer)});
  }
  for (const InspectReport::Layer& layer : LayersOf(b)) {
    const auto found = index.find(layer.name);
    if (found == index.end()) {
      pairs.push_back({layer.name, "-", describe(layer)});
    } else {
      pairs[found->second].in_b = describe(layer);
    }
  }
  return pairs;
}

// What a model takes or gives, in order.
using NamedTypes = std::vector<std::pair<std::string, TensorType>>;

NamedTypes InputsOf(const Graph& graph) {
  NamedTypes inputs;
  for (const NodeId id : graph.inputs()) {
    inputs.emplace_back(graph.node(id).name, graph.node(id).type);
  }
  return inputs;
}

NamedTypes OutputsOf(const Graph& graph) {
  NamedTypes outputs;
  for (const GraphOutput& output : graph.outputs()) {
    outputs.emplace_back(output.name, graph.node(output.node).type);
  }
  return outputs;
}

bool HasName(const NamedTypes& types, const std::string& name) {
  return std::any_of(types.begin(), types.end(),
                     [&](const auto& type) { return type.first == name; });
}

// Whether the types are the same in order, under the same names or under new
// ones: an ONNX file does not take every name.
bool Match(const NamedTypes& a, const NamedTypes& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const auto& x, const auto& y) {
                      return x.second == y.second &&
                             (x.first == y.first ||
                              (!HasName(b, x.first) && !HasName(a, y.first)));
                    });
}

std::string Describe(const NamedTypes& types) {
  return absl::StrJoin(types, ", ", [](std::string* out, const auto& type) {
    absl::StrAppend(out, type.first, " ", type.second.ToString());
  });
}

// Models can be compared that take and give the same.
absl::Status CheckComparable(const Graph& a, const Graph& b) {
  const auto check = [](absl::string_view what, const NamedTypes& of_a,
                        const NamedTypes& of_b) {
    if (Match(of_a, of_b)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "the models ", what, ": ", Describe(of_a), " and ", Describe(of_b)));
  };
  RETURN_IF_ERROR(check("take different inputs", InputsOf(a), InputsOf(b)));
  return check("give different outputs", OutputsOf(a), OutputsOf(b));
}

// What both models declare for input number `i`, or the one that does.
absl::StatusOr<InputDomain> CommonDomain(const Model& a, const Model& b,
                                         size_t i) {
  const Node& input = a.graph.node(a.graph.inputs()[i]);
  const auto in_a = a.domains.find(input.name);
  const auto in_b = b.domains.find(b.graph.node(b.graph.inputs()[i]).name);
  if (in_a == a.domains.end() && in_b == b.domains.end()) {
    return UsageError(absl::StrCat("neither model declares a domain for ",
                                   Quoted(input.name),
                                   "; give points to compare on: --data D"));
  }
  InputDomain domain = in_a == a.domains.end() ? in_b->second : in_a->second;
  if (in_a == a.domains.end() || in_b == b.domains.end()) return domain;
  for (size_t k = 0; k < domain.lower.size(); ++k) {
    domain.lower[k] = std::max(domain.lower[k], in_b->second.lower[k]);
    domain.upper[k] = std::min(domain.upper[k], in_b->second.upper[k]);
    if (domain.lower[k] > domain.upper[k]) {
      return UsageError(absl::StrCat(
          "the declared domains of ", Quoted(input.name),
          " have no point in common; give some to compare on: --data D"));
    }
  }
  return domain;
}

// What a model is run on at once: a tensor per input.
using Points = std::vector<Tensor>;

// The points of the domain: in one run, or one each where no input has the
// batch.
absl::StatusOr<std::vector<Points>> DomainPoints(const Model& a,
                                                 const Model& b) {
  std::vector<InputDomain> domains;
  bool batched = false;
  for (size_t i = 0; i < a.graph.inputs().size(); ++i) {
    const Node& input = a.graph.node(a.graph.inputs()[i]);
    ASSIGN_OR_RETURN(InputDomain domain, CommonDomain(a, b, i));
    domains.push_back(std::move(domain));
    batched = batched || input.type.shape.has_symbolic_batch();
  }
  std::vector<Points> runs(batched ? 1 : kDomainPoints);
  uint64_t stream = 0;
  for (Points& points : runs) {
    for (size_t i = 0; i < domains.size(); ++i) {
      const Shape& shape = a.graph.node(a.graph.inputs()[i]).type.shape;
      points.push_back(UniformPoints(
          domains[i], shape.Bind(kDomainPoints),
          RandomStream(kDomainSeed, RandomPurpose::kProbe, stream++)));
    }
  }
  return runs;
}

absl::StatusOr<Predictor> MakePredictor(const std::string& path,
                                        const Model& model, int threads) {
  PredictorOptions options;
  options.outside = Outside::kWarn;
  options.batch_size = EvaluateOptions().batch_size;
  options.threads = threads;
  absl::StatusOr<Predictor> predictor = Predictor::Create(model, options);
  if (!predictor.ok()) return Annotate(predictor.status(), Quoted(path));
  return predictor;
}

absl::StatusOr<std::vector<Tensor>> Outputs(const std::string& path,
                                            Predictor& predictor,
                                            const Points& points) {
  const std::vector<TensorView> views(points.begin(), points.end());
  absl::StatusOr<std::vector<Tensor>> outputs = predictor.RunAll(views);
  if (!outputs.ok()) return Annotate(outputs.status(), Quoted(path));
  if (!predictor.warning().empty()) {
    PrintWarning(absl::StrCat(Quoted(path), ": ", predictor.warning()));
  }
  return outputs;
}

double Element(const Tensor& tensor, int64_t i) {
  const size_t index = static_cast<size_t>(i);
  // Each to double by itself: together they would be float, which integers do
  // not fit.
  if (tensor.dtype() == DataType::kF32) return tensor.data<float>()[index];
  return tensor.data<int32_t>()[index];
}

// Equal are equal numbers, infinities of one sign, and NaN and NaN: then both
// models failed alike. Any other difference that is no number is infinite, and
// is so however large max|a| is, which counts finite elements only.
void AddDifference(const Tensor& a, const Tensor& b,
                   CompareReport::Output& output) {
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    const double in_a = Element(a, i);
    const double in_b = Element(b, i);
    if (std::isfinite(in_a)) {
      output.max_abs = std::max(output.max_abs, std::abs(in_a));
    }
    if (in_a == in_b || (std::isnan(in_a) && std::isnan(in_b))) continue;
    const double difference = std::abs(in_a - in_b);
    output.max_abs_difference =
        std::max(output.max_abs_difference,
                 std::isnan(difference) ? INFINITY : difference);
  }
}

class Compare : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "A", "", paths_[0], "a model")->required();
    AddText(app, "B", "", paths_[1], "another")->required();
    data_.AddOptions(app,
                     "points to compare on (1000 points of the\n"
                     "declared domain)");
    CLI::Option* split = AddSplit(app, part_);
    split->needs(app.get_option("--data"));
    AddNumber(app, "--tolerance", "T", NumberRange::NotNegative(), tolerance_,
              "the answer is no if max|a-b| > T max|a| (1e-5);\n"
              "NaN equals NaN");
    AddThreads(app, threads_);
    AddJson(app, json_);
  }

  absl::StatusOr<Outcome> Run() override {
    RETURN_IF_ERROR(data_.CheckOptions({data_.data()}));
    ASSIGN_OR_RETURN(const Model a, LoadModel(paths_[0]));
    ASSIGN_OR_RETURN(const Model b, LoadModel(paths_[1]));
    RETURN_IF_ERROR(
        Annotate(CheckComparable(a.graph, b.graph),
                 absl::StrCat(Quoted(paths_[0]), " and ", Quoted(paths_[1]))));
    ASSIGN_OR_RETURN(const std::vector<Points> runs, MakePoints(a, b));
    CompareReport report;
    RETURN_IF_ERROR(CompareOutputs(a, b, runs, report));
    report.parameters_a = CountParameters(a.graph);
    report.parameters_b = CountParameters(b.graph);
    for (const LayerPair& pair : SideBySide(a.graph, b.graph)) {
      if (pair.in_a == pair.in_b) continue;
      report.differences.push_back(
          absl::StrCat(pair.name, ": ", pair.in_a, " and ", pair.in_b));
    }
    return Outcome{json_ ? ToJson(report) : Format(report, a, b),
                   report.agree ? kDone : kNo};
  }

 private:
  absl::StatusOr<std::vector<Points>> MakePoints(const Model& a,
                                                 const Model& b) const {
    if (!data_.given()) return DomainPoints(a, b);
    ASSIGN_OR_RETURN(Tensor features, data_.LoadFeaturesFor(a.graph, part_));
    std::vector<Points> runs(1);
    runs[0].push_back(std::move(features));
    return runs;
  }

  absl::Status CompareOutputs(const Model& a, const Model& b,
                              const std::vector<Points>& runs,
                              CompareReport& report) const {
    for (const GraphOutput& output : a.graph.outputs()) {
      report.outputs.emplace_back();
      report.outputs.back().name = output.name;
    }
    ASSIGN_OR_RETURN(Predictor of_a, MakePredictor(paths_[0], a, threads_));
    ASSIGN_OR_RETURN(Predictor of_b, MakePredictor(paths_[1], b, threads_));
    for (const Points& points : runs) {
      ASSIGN_OR_RETURN(const auto in_a, Outputs(paths_[0], of_a, points));
      ASSIGN_OR_RETURN(const auto in_b, Outputs(paths_[1], of_b, points));
      for (size_t i = 0; i < in_a.size(); ++i) {
        AddDifference(in_a[i], in_b[i], report.outputs[i]);
      }
    }
    report.samples = static_cast<int64_t>(runs.size());
    if (runs.size() == 1) report.samples = runs[0][0].shape().dim(0);
    report.tolerance = tolerance_;
    report.agree = true;
    for (const CompareReport::Output& output : report.outputs) {
      report.max_abs_difference =
          std::max(report.max_abs_difference, output.max_abs_difference);
      report.agree = report.agree &&
                     output.max_abs_difference <= tolerance_ * output.max_abs;
    }
    return absl::OkStatus();
  }

  std::string Format(const CompareReport& report, const Model& a,
                     const Model& b) const {
    std::vector<std::vector<std::string>> structure = {
        {"", paths_[0], paths_[1]},
        {"parameters", FormatCount(report.parameters_a),
         FormatCount(report.parameters_b)},
        {"operations per sample", FormatCount(FlopsPerSample(a.graph)),
         FormatCount(FlopsPerSample(b.graph))}};
    for (const LayerPair& pair : SideBySide(a.graph, b.graph)) {
      structure.push_back({pair.name, pair.in_a, pair.in_b});
    }
    std::vector<std::vector<std::string>> outputs = {
        {"output", "max|a-b|", "max|a|"}};
    for (const CompareReport::Output& output : report.outputs) {
      outputs.push_back({output.name, absl::StrCat(output.max_abs_difference),
                         absl::StrCat(output.max_abs)});
    }
    return absl::StrCat(FormatTable(structure), "\n", FormatTable(outputs),
                        report.agree ? "equal" : "different", " on ",
                        FormatCount(report.samples), " samples within ",
                        report.tolerance, " of max|a|\n");
  }

  std::string paths_[2];
  DataArguments data_;
  absl::optional<DataPart> part_;
  double tolerance_ = 1e-5;
  int threads_ = 0;
  bool json_ = false;
};

}  // namespace

CommandRow CompareCommand() {
  return {"compare", "Compares two models: structure and outputs.",
          "  espalier compare m.pb small.pb\n"
          "  espalier compare m.pb small.pb --data mnist/ --tolerance 1e-4\n",
          [] { return std::unique_ptr<Command>(new Compare); }};
}

}  // namespace tools
}  // namespace espalier
