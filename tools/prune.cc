// espalier prune: removes ReLU units that are always zero.
#include "pruning/prune.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/model_file.h"
#include "serialization/report.h"
#include "tools/commands.h"
#include "tools/data_arguments.h"
#include "tools/domain_argument.h"
#include "tools/files.h"
#include "tools/options.h"
#include "tools/output_path.h"
#include "tools/table.h"

namespace espalier {
namespace tools {
namespace {

// The first f32 input without a declared domain; null if all have one.
const Node* InputWithoutDomain(const Model& model) {
  for (const NodeId id : model.graph.inputs()) {
    const Node& input = model.graph.node(id);
    if (input.type.dtype == DataType::kF32 &&
        model.domains.count(input.name) == 0) {
      return &input;
    }
  }
  return nullptr;
}

std::string Format(const PruneReport& report, double seconds) {
  return absl::StrCat(
      report.ToString(),
      report.removed() == 0
          ? "no unit could be removed; the output is the model unchanged"
          : absl::StrCat(FormatCount(report.removed()), " units removed"),
      ", ", FormatSeconds(seconds), "\n");
}

class PruneModel : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "M", "", model_, "the model")->required();
    AddText(app, "--output", "P", output_, "where the smaller model goes")
        ->required();
    AddChoice(app, "--grade", {"domain", "data", "all-inputs"}, grade_,
              "the weakest evidence that suffices (domain): zero on\n"
              "all of the domain, on all of --data, for every input");
    domain_.AddOption(app,
                      "the box of inputs: lo:hi for all elements,\n"
                      "lo:hi,lo:hi... one for each, data:D what D spans,\n"
                      "declared (the default) what the model says");
    data_.AddOptions(app,
                     "samples for --grade data; for the others\n"
                     "they show units alive");
    AddThreads(app, threads_);
    AddForce(app, force_);
    AddJson(app, json_);
  }

  absl::StatusOr<Outcome> Run() override {
    RETURN_IF_ERROR(data_.CheckOptions({data_.data(), domain_.data()}));
    std::vector<std::string> inputs = data_.Inputs();
    inputs.push_back(model_);
    inputs.push_back(domain_.data());
    RETURN_IF_ERROR(CheckOutput("--output", output_, inputs, force_));
    RETURN_IF_ERROR(CheckModelOutput("--output", output_));
    ASSIGN_OR_RETURN(const Model model, LoadModel(model_));
    ASSIGN_OR_RETURN(const PruneOptions options, Options(model));

    const auto start = std::chrono::steady_clock::now();
    absl::StatusOr<PruneResult> pruned = Prune(model, options);
    const std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    if (!pruned.ok()) return Annotate(pruned.status(), Quoted(model_));
    const SignalHold hold;
    RETURN_IF_ERROR(Save(pruned->model, output_));
    return Outcome{json_ ? ToJson(pruned->report, seconds.count())
                         : Format(pruned->report, seconds.count())};
  }

 private:
  absl::StatusOr<PruneOptions> Options(const Model& model) const {
    PruneOptions options;
    options.threads = threads_;
    ASSIGN_OR_RETURN(options.grade, ParseGrade(grade_));
    if (options.grade == Grade::kData && !data_.given()) {
      return UsageError("--grade data needs --data D");
    }
    ASSIGN_OR_RETURN(options.domains, domain_.ForGraph(model.graph, data_));
    const Node* input = InputWithoutDomain(model);
    if (options.grade == Grade::kDomain && !options.domains.has_value() &&
        input != nullptr) {
      return UsageError(absl::StrCat(
          Quoted(model_), ": input ", Quoted(input->name),
          " has no declared domain; give one, such as --domain 0:1, or use "
          "--grade all-inputs or --grade data"));
    }
    if (data_.given()) {
      ASSIGN_OR_RETURN(Tensor samples,
                       data_.LoadFeaturesFor(model.graph, DataPart::kAll));
      options.samples.push_back(std::move(samples));
    }
    return options;
  }

  std::string model_;
  std::string output_;
  std::string grade_ = "domain";
  DomainArgument domain_;
  DataArguments data_;
  int threads_ = 0;
  bool force_ = false;
  bool json_ = false;
};

}  // namespace

CommandRow PruneCommand() {
  return {
      "prune", "Removes ReLU units that are shown to be always zero.",
      "  espalier prune m.pb --output small.pb\n"
      "  espalier prune m.pb --output small.pb --domain 0:1\n"
      "  espalier prune m.pb --output small.pb --grade data --data mnist/\n",
      [] { return std::unique_ptr<Command>(new PruneModel); }};
}

}  // namespace tools
}  // namespace espalier
