// espalier inspect: what is inside a model.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status_macros.h"
#include "graph/text.h"
#include "pruning/prune.h"
#include "runtime/executable.h"
#include "serialization/file.h"
#include "serialization/report.h"
#include "tools/commands.h"
#include "tools/dot.h"
#include "tools/files.h"
#include "tools/layers.h"
#include "tools/options.h"
#include "tools/output_path.h"
#include "tools/table.h"

namespace espalier {
namespace tools {
namespace {

InspectReport Describe(const Model& model) {
  const Graph& graph = model.graph;
  InspectReport report;
  report.name = graph.name();
  report.producer = model.producer;
  report.parameters = CountParameters(graph);
  report.flops_per_sample = FlopsPerSample(graph);
  for (const NodeId id : graph.inputs()) {
    const Node& node = graph.node(id);
    InspectReport::Input input{node.name, node.type, absl::nullopt};
    const auto domain = model.domains.find(node.name);
    if (domain != model.domains.end()) input.domain = domain->second;
    report.inputs.push_back(std::move(input));
  }
  for (const GraphOutput& output : graph.outputs()) {
    report.outputs.push_back({output.name, graph.node(output.node).type});
  }
  report.layers = LayersOf(graph);
  report.class_names = model.class_names;
  report.history = model.history;
  return report;
}

std::string FormatDomain(const absl::optional<InputDomain>& domain) {
  if (!domain.has_value()) return "no domain";
  if (domain->lower.empty()) return "domain of no elements";
  const float lower =
      *std::min_element(domain->lower.begin(), domain->lower.end());
  const float upper =
      *std::max_element(domain->upper.begin(), domain->upper.end());
  return absl::StrCat("domain within [", lower, ", ", upper, "]");
}

std::string FormatHistory(const HistoryEntry& entry) {
  std::string text =
      absl::StrCat("  ", entry.action, " (grade ", entry.grade, "): ");
  for (const HistoryEntry::Layer& layer : entry.layers) {
    absl::StrAppend(&text, layer.removed.size(), " of ", layer.units_before,
                    " units of ", layer.node, "; ");
  }
  return absl::StrCat(text, entry.reason, "\n");
}

std::string Format(const InspectReport& report) {
  std::vector<std::vector<std::string>> ends;
  for (const InspectReport::Input& input : report.inputs) {
    ends.push_back(
        {"input", input.name, input.type.ToString(),
         input.type.dtype == DataType::kF32 ? FormatDomain(input.domain) : ""});
  }
  for (const NamedType& output : report.outputs) {
    ends.push_back({"output", output.name, output.type.ToString()});
  }
  std::vector<std::vector<std::string>> layers = {
      {"layer", "kind", "shape", "parameters"}};
  for (const InspectReport::Layer& layer : report.layers) {
    layers.push_back({layer.name, layer.kind, layer.shape.ToString(),
                      FormatCount(layer.parameters)});
  }
  std::string text = absl::StrCat(
      "model ", report.name,
      report.producer.empty() ? ""
                              : absl::StrCat(", made by ", report.producer),
      "\n", FormatTable(ends), "\n", FormatTable(layers), "\n",
      FormatTable(
          {{"parameters", FormatCount(report.parameters)},
           {"operations per sample", FormatCount(report.flops_per_sample)}}));
  if (!report.class_names.empty()) {
    absl::StrAppend(&text, "classes: ", absl::StrJoin(report.class_names, ", "),
                    "\n");
  }
  if (!report.history.empty()) absl::StrAppend(&text, "history:\n");
  for (const HistoryEntry& entry : report.history) {
    absl::StrAppend(&text, FormatHistory(entry));
  }
  return text;
}

class Inspect : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "M", "", model_, "the model")->required();
    CLI::Option* text = AddFlag(app, "--text", text_,
                                "print the graph as text and nothing else");
    CLI::Option* plan = AddFlag(app, "--plan", plan_,
                                "print the plan of execution and nothing else");
    AddText(app, "--dot", "F", dot_, "write the graph to F for Graphviz's dot");
    AddForce(app, force_);
    CLI::Option* json = AddJson(app, json_);
    json->excludes(text)->excludes(plan);
    text->excludes(plan);
  }

  absl::StatusOr<Outcome> Run() override {
    if (!dot_.empty()) {
      RETURN_IF_ERROR(CheckTextOutput("--dot", dot_));
      RETURN_IF_ERROR(CheckOutput("--dot", dot_, {model_}, force_));
    }
    // Values are many bytes of which none is shown.
    ASSIGN_OR_RETURN(const Model model, LoadModelStructure(model_));
    ASSIGN_OR_RETURN(std::string text, Text(model));
    if (!dot_.empty()) {
      const SignalHold hold;
      RETURN_IF_ERROR(WriteFile(dot_, ToDot(model.graph)));
    }
    return Outcome{std::move(text)};
  }

 private:
  absl::StatusOr<std::string> Text(const Model& model) const {
    if (json_) return ToJson(Describe(model));
    if (text_) return PrintGraph(model.graph);
    if (plan_) {
      ASSIGN_OR_RETURN(const auto executable, Executable::Compile(model.graph));
      return executable->PlanText();
    }
    return Format(Describe(model));
  }

  std::string model_;
  std::string dot_;
  bool text_ = false;
  bool plan_ = false;
  bool force_ = false;
  bool json_ = false;
};

}  // namespace

CommandRow InspectCommand() {
  return {"inspect", "Shows what is inside a model.",
          "  espalier inspect m.pb\n"
          "  espalier inspect m.pb --json\n"
          "  espalier inspect m.pb --dot m.dot && dot -Tsvg m.dot > m.svg\n",
          [] { return std::unique_ptr<Command>(new Inspect); }};
}

}  // namespace tools
}  // namespace espalier
