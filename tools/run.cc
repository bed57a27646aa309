// espalier run: what a model says to given inputs.
#include <algorithm>
#include <chrono>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/domain.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/npy.h"
#include "serialization/report.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/named_paths.h"
#include "tools/options.h"
#include "tools/output_path.h"
#include "tools/table.h"
#include "tools/terminal.h"
#include "training/evaluate.h"
#include "training/predictor.h"

namespace espalier {
namespace tools {
namespace {

std::vector<std::string> InputNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const NodeId id : graph.inputs()) names.push_back(graph.node(id).name);
  return names;
}

std::vector<std::string> OutputNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const GraphOutput& output : graph.outputs()) {
    names.push_back(output.name);
  }
  return names;
}

// Such as "x='a.npy', t='b.npy'".
std::string DescribeFiles(const std::map<std::string, std::string>& paths) {
  return absl::StrJoin(paths, ", ", [](std::string* out, const auto& path) {
    absl::StrAppend(out, path.first, "=", Quoted(path.second));
  });
}

// The one sample of a model without the batch, else the batch.
int64_t CountSamples(const Graph& graph,
                     const std::map<std::string, Tensor>& values) {
  for (const NodeId id : graph.inputs()) {
    const Node& input = graph.node(id);
    if (input.type.shape.has_symbolic_batch()) {
      return values.at(input.name).shape().dim(0);
    }
  }
  return 1;
}

std::string Format(const RunReport& report,
                   const std::map<std::string, std::string>& outputs) {
  std::vector<std::vector<std::string>> rows;
  for (const NamedType& output : report.outputs) {
    rows.push_back(
        {output.name, output.type.ToString(), outputs.at(output.name)});
  }
  return absl::StrCat(FormatTable(rows), FormatCount(report.samples),
                      report.samples == 1 ? " sample" : " samples", " in ",
                      FormatSeconds(report.seconds), "\n");
}

class RunModel : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "M", "", model_, "the model")->required();
    AddRepeatable(app, "--input", "[NAME=]X.npy", inputs_,
                  "an input: [samples, ...] in its declared shape,\n"
                  "or one flattened row per sample")
        ->required();
    AddRepeatable(app, "--output", "[NAME=]Y.npy", outputs_,
                  "where an output goes")
        ->required();
    AddChoice(app, "--outside", {"error", "warn", "ignore"}, outside_,
              "what to do with samples outside the declared\n"
              "domain (error if units were removed on the\n"
              "strength of it, else ignore)");
    AddThreads(app, threads_);
    AddForce(app, force_);
    AddJson(app, json_);
  }

  absl::StatusOr<Outcome> Run() override {
    ASSIGN_OR_RETURN(const Model model, LoadModel(model_));
    ASSIGN_OR_RETURN(
        const auto inputs,
        ParseNamedPaths("--input", inputs_, InputNames(model.graph)));
    ASSIGN_OR_RETURN(
        const auto outputs,
        ParseNamedPaths("--output", outputs_, OutputNames(model.graph)));
    RETURN_IF_ERROR(CheckOutputs(inputs, outputs));
    ASSIGN_OR_RETURN(const auto values, ReadInputs(model.graph, inputs));

    PredictorOptions options;
    options.batch_size = EvaluateOptions().batch_size;
    options.threads = threads_;
    if (!outside_.empty()) {
      ASSIGN_OR_RETURN(options.outside, ParseOutside(outside_));
    }
    absl::StatusOr<Predictor> predictor = Predictor::Create(model, options);
    if (!predictor.ok()) return Annotate(predictor.status(), Quoted(model_));
    const auto start = std::chrono::steady_clock::now();
    const auto ran = predictor->RunNamed(values);
    const std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    if (!ran.ok()) {
      return Annotate(ran.status(), absl::StrCat(Quoted(model_), " on ",
                                                 DescribeFiles(inputs)));
    }
    const std::map<std::string, Tensor>& results = *ran;
    if (!predictor->warning().empty()) PrintWarning(predictor->warning());

    RunReport report;
    report.seconds = seconds.count();
    report.samples = CountSamples(model.graph, values);
    for (const auto& [name, value] : values) {
      const auto domain = model.domains.find(name);
      if (domain == model.domains.end()) continue;
      report.outside =
          std::max(report.outside, CountOutside(domain->second, value));
    }
    const SignalHold hold;
    for (const auto& [name, path] : outputs) {
      report.outputs.push_back({name, results.at(name).type()});
      RETURN_IF_ERROR(WriteNpy(path, results.at(name)));
    }
    return Outcome{json_ ? ToJson(report) : Format(report, outputs)};
  }

 private:
  absl::Status CheckOutputs(
      const std::map<std::string, std::string>& inputs,
      const std::map<std::string, std::string>& outputs) const {
    std::vector<std::string> read = {model_};
    for (const auto& input : inputs) read.push_back(input.second);
    for (auto output = outputs.begin(); output != outputs.end(); ++output) {
      RETURN_IF_ERROR(CheckOutput("--output", output->second, read, force_));
      if (!absl::EndsWith(output->second, ".npy")) {
        return UsageError(absl::StrCat("--output ", Quoted(output->second),
                                       ": expected a name that ends in .npy"));
      }
      for (auto other = outputs.begin(); other != output; ++other) {
        if (!SameOutput(other->second, output->second)) continue;
        return UsageError(absl::StrCat("--output: ", Quoted(other->first),
                                       " and ", Quoted(output->first),
                                       " would go to one file"));
      }
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<std::map<std::string, Tensor>> ReadInputs(
      const Graph& graph, const std::map<std::string, std::string>& paths) {
    std::map<std::string, Tensor> values;
    for (const NodeId id : graph.inputs()) {
      const Node& input = graph.node(id);
      const auto path = paths.find(input.name);
      if (path == paths.end()) {
        return UsageError(
            absl::StrCat("--input: nothing is given for ", Quoted(input.name)));
      }
      absl::StatusOr<Tensor> value = ReadNpyAs(path->second, input.type.dtype);
      if (!value.ok()) return BadInputError(value.status());
      if (value->num_elements() == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat(Quoted(path->second), ": expected samples, found ",
                         value->type().ToString()));
      }
      values.emplace(input.name, *std::move(value));
    }
    return values;
  }

  std::string model_;
  std::vector<std::string> inputs_;
  std::vector<std::string> outputs_;
  std::string outside_;
  int threads_ = 0;
  bool force_ = false;
  bool json_ = false;
};

}  // namespace

CommandRow RunCommand() {
  return {"run", "Runs a model on arrays.",
          "  espalier run m.pb --input x.npy --output y.npy\n"
          "  espalier run m.pb --input x=a.npy --input t=b.npy --output "
          "y=c.npy\n",
          [] { return std::unique_ptr<Command>(new RunModel); }};
}

}  // namespace tools
}  // namespace espalier
