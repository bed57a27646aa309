// espalier train: trains a multilayer network, or an existing model further.
#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/named_activations.h"
#include "pruning/prune.h"
#include "serialization/model_file.h"
#include "serialization/report.h"
#include "tools/commands.h"
#include "tools/data_arguments.h"
#include "tools/domain_argument.h"
#include "tools/files.h"
#include "tools/loss_argument.h"
#include "tools/model_loss.h"
#include "tools/optimizer_arguments.h"
#include "tools/options.h"
#include "tools/output_path.h"
#include "tools/table.h"
#include "tools/terminal.h"
#include "tools/train_limits.h"
#include "tools/train_progress.h"
#include "training/evaluate.h"
#include "training/feed.h"
#include "training/mlp.h"
#include "training/task_losses.h"
#include "training/trainer.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace tools {
namespace {

constexpr IntegerRange kUnits = {1, 1000000};
constexpr int64_t kMaxHiddenLayers = 100;

class TrainModel : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    data_
        .AddOptions(app,
                    "a folder of IDX files, F.csv[.gz], X.npy (with\n"
                    "--labels), or builtin:digits, :cosine, :moons,\n"
                    ":spirals")
        ->required();
    AddText(app, "--output", "M", output_,
            "where the model goes: .pb, .pbtxt or .onnx")
        ->required();
    CLI::Option* hidden = AddOption(
        app, "--hidden", "UNITS,...",
        [this](absl::string_view text) -> absl::Status {
          ASSIGN_OR_RETURN(hidden_,
                           ParseIntegerList(text, kUnits, kMaxHiddenLayers));
          return absl::OkStatus();
        },
        "units of each hidden layer (128)");
    CLI::Option* activation =
        AddChoice(app, "--activation", ActivationNames(), activation_,
                  "of the hidden layers (relu)");
    CLI::Option* batch_norm =
        AddFlag(app, "--batch-norm", batch_norm_,
                "normalize the hidden layers before their activation");
    CLI::Option* dropout =
        AddNumber(app, "--dropout", "P", {0, 1, false, true}, dropout_,
                  "the share of each hidden layer's results that a\n"
                  "step drops (0)");
    CLI::Option* init =
        AddChoice(app, "--init", {"he", "glorot", "zero"}, init_,
                  "first weights (what fits the activation)");
    AddText(app, "--model", "M0", model_,
            "train this model further; of one from ONNX, slopes of\n"
            "PRelu and scales of norms stay as they are")
        ->excludes(hidden)
        ->excludes(activation)
        ->excludes(batch_norm)
        ->excludes(dropout)
        ->excludes(init);
    AddLoss(app, loss_);
    update_.AddOptions(app);
    AddNumber(app, "--l1", "A", NumberRange::NotNegative(), l1_,
              "adds A times the sum of |w| over weights");
    AddNumber(app, "--l2", "A", NumberRange::NotNegative(), l2_,
              "adds A times the sum of w^2 over weights");
    AddInteger(app, "--epochs", "E", {1, 1000000}, epochs_,
               "times through the data (10)");
    AddInteger(app, "--batch", "B", {0, 1000000}, batch_,
               "rows per step, 0 for all (32)");
    AddInteger(app, "--seed", "S", {0, std::numeric_limits<int64_t>::max()},
               seed_, "of first weights, order of rows and dropout (0)");
    AddThreads(app, threads_);
    CLI::Option* validation =
        AddText(app, "--validation", "D|SHARE", validation_,
                "data to measure after each epoch, or a share\n"
                "such as 0.1 of the rows, not trained on then");
    AddInteger(app, "--early-stop", "K", {1, 1000000}, early_stop_,
               "stop after K epochs without a better validation\n"
               "loss, and keep the best")
        ->needs(validation);
    domain_.AddOption(app,
                      "the box of inputs that the model is for:\n"
                      "lo:hi for all elements, lo:hi,lo:hi... one for\n"
                      "each, data:D what D spans");
    AddText(app, "--log", "F.jsonl", log_, "a line of JSON per epoch");
    AddForce(app, force_);
    AddJson(app, json_);
  }

  absl::StatusOr<Outcome> Run() override {
    RETURN_IF_ERROR(CheckPaths());
    ASSIGN_OR_RETURN(const Optimizer optimizer, update_.MakeOptimizer());
    ASSIGN_OR_RETURN(const absl::optional<Model> first, LoadFirst());
    ASSIGN_OR_RETURN(const Dataset data, LoadData(first));
    ASSIGN_OR_RETURN(const TaskLoss loss, ChooseLoss(loss_, data.task()));
    ASSIGN_OR_RETURN(FitOptions options, Options());
    absl::StatusOr<TrainResult> result =
        Fit(first, data, loss, optimizer, std::move(options));
    if (StderrIsTerminal()) PrintProgress("");
    if (!result.ok()) return result.status();
    if (!result->warning.empty()) PrintWarning(result->warning);
    if (first.has_value()) result->model.history = first->history;

    ASSIGN_OR_RETURN(const TrainReport report, Report(*result, data));
    const SignalHold hold;
    RETURN_IF_ERROR(Save(result->model, output_));
    return Outcome{json_ ? ToJson(report) : Format(report, *result)};
  }

 private:
  absl::Status CheckPaths() const {
    std::vector<std::string> described = {data_.data(), domain_.data()};
    if (!ValidationShare().ok()) {
      double number;
      if (absl::SimpleAtod(validation_, &number)) {
        return UsageError(absl::StrCat("--validation: as a share, ",
                                       ValidationShare().status().message()));
      }
      described.push_back(validation_);
    }
    RETURN_IF_ERROR(data_.CheckOptions(described));
    std::vector<std::string> inputs = data_.Inputs();
    inputs.insert(inputs.end(), described.begin(), described.end());
    inputs.push_back(model_);
    RETURN_IF_ERROR(CheckOutput("--output", output_, inputs, force_));
    RETURN_IF_ERROR(CheckModelOutput("--output", output_));
    if (log_.empty()) return absl::OkStatus();
    if (SameOutput(log_, output_)) {
      return UsageError("--log and --output are one file");
    }
    RETURN_IF_ERROR(CheckTextOutput("--log", log_));
    return CheckOutput("--log", log_, inputs, force_);
  }

  absl::StatusOr<absl::optional<Model>> LoadFirst() const {
    if (model_.empty()) return {absl::nullopt};
    ASSIGN_OR_RETURN(Model model, LoadModel(model_));
    return {std::move(model)};
  }

  // Whether the data is for the model's one input.
  absl::Status CheckFits(const Model& first, const Dataset& data) const {
    RETURN_IF_ERROR(Annotate(CheckTrainable(first.graph), Quoted(model_)));
    const Node& input = first.graph.node(first.graph.inputs()[0]);
    const absl::Status fits = FeedAs(input, data.features()).status();
    const auto refuse = [&](const absl::Status& status) {
      return BadInputError(Annotate(
          status, absl::StrCat(Quoted(data_.data()), " for ", Quoted(model_))));
    };
    if (!fits.ok()) return refuse(fits);
    const TensorType& output =
        first.graph.node(first.graph.outputs()[0].node).type;
    absl::Status targets = CheckTargets(output, data);
    if (targets.ok() && data.test() != nullptr) {
      targets = Annotate(CheckTargets(output, *data.test()), "test part");
    }
    return targets.ok()
               ? targets
               : refuse(data_.WithTaskHint(targets, first.graph, data));
  }

  // Whether the input that the data feeds may have this domain from now on.
  absl::Status CheckDomainOf(const Model& first,
                             const InputDomain& domain) const {
    std::map<std::string, InputDomain> domains = first.domains;
    domains[first.graph.node(first.graph.inputs()[0]).name] = domain;
    return Annotate(CheckNewDomains(first, domains),
                    absl::StrCat(Quoted(model_), ": --domain"));
  }

  // With the domain that was asked for, or that of the model to be trained:
  // where units were removed in it, also in place of the data's own.
  absl::StatusOr<Dataset> LoadData(const absl::optional<Model>& first) const {
    ASSIGN_OR_RETURN(Dataset data, data_.Load());
    if (first.has_value()) RETURN_IF_ERROR(CheckFits(*first, data));
    absl::optional<InputDomain> domain;
    if (domain_.given()) {
      ASSIGN_OR_RETURN(
          domain, domain_.ForFeatures(
                      data.features().num_elements() / data.rows(), data_));
      if (first.has_value()) {
        RETURN_IF_ERROR(CheckDomainOf(*first, *domain));
      }
    } else if (first.has_value() && !first->domains.empty() &&
               (!data.domain().has_value() || RestsOnDomains(*first))) {
      domain = first->domains.begin()->second;
    }
    if (!domain.has_value()) return data;
    absl::StatusOr<Dataset> with_domain = data.WithDomain(*std::move(domain));
    if (!with_domain.ok()) {
      return BadInputError(
          Annotate(with_domain.status(), Quoted(data_.data())));
    }
    return with_domain;
  }

  absl::StatusOr<double> ValidationShare() const {
    return ParseNumber(validation_, {0, 1, true, true});
  }

  absl::StatusOr<FitOptions> Options() const {
    FitOptions options;
    options.epochs = static_cast<int>(epochs_);
    options.batch_size = batch_;
    options.seed = static_cast<uint64_t>(seed_);
    options.threads = threads_;
    options.early_stop = static_cast<int>(early_stop_);
    options.schedule = update_.schedule();
    options.log_path = log_;
    if (ValidationShare().ok()) {
      options.validation_share = *ValidationShare();
    } else if (!validation_.empty()) {
      ASSIGN_OR_RETURN(const Dataset other, data_.For(validation_).Load());
      options.validation = other.TestOrAll();
    }
    ReportProgress(options);
    return options;
  }

  absl::StatusOr<TrainResult> Fit(const absl::optional<Model>& first,
                                  const Dataset& data,
                                  const TaskLoss& task_loss,
                                  const Optimizer& optimizer,
                                  FitOptions options) const {
    if (first.has_value()) {
      Rewriter rewriter(first->graph);
      absl::StatusOr<Value> loss =
          BuildModelLoss(*first, task_loss, l1_, l2_, rewriter);
      if (!loss.ok()) return Annotate(loss.status(), Quoted(model_));
      options.initial_values = first->values;
      options.class_names = first->class_names;
      return Train(rewriter.builder(), *loss, optimizer, data, options);
    }
    if (batch_norm_ && batch_ == 1) {
      return UsageError(
          "--batch-norm with --batch 1: one row has no variance to normalize "
          "by; expected at least 2");
    }
    RETURN_IF_ERROR(CheckNetworkSize(data, hidden_, batch_norm_));
    MlpOptions mlp;
    mlp.hidden = hidden_;
    ASSIGN_OR_RETURN(mlp.activation, ParseActivation(activation_));
    mlp.batch_norm = batch_norm_;
    mlp.dropout = static_cast<float>(dropout_);
    mlp.dropout_seed = static_cast<uint64_t>(seed_);
    if (!init_.empty()) {
      ASSIGN_OR_RETURN(mlp.init, ParseWeightInit(init_));
    }
    mlp.loss = std::string(task_loss.name);
    mlp.l1 = static_cast<float>(l1_);
    mlp.l2 = static_cast<float>(l2_);
    GraphBuilder g("mlp");
    ASSIGN_OR_RETURN(const Value loss, BuildMlp(g, data, mlp));
    return Train(g, loss, optimizer, data, options);
  }

  absl::StatusOr<TrainReport> Report(const TrainResult& result,
                                     const Dataset& data) const {
    TrainReport report;
    report.epochs = result.last.epoch;
    report.steps = result.steps;
    report.samples = data.rows();
    report.parameters = CountParameters(result.model.graph);
    report.seconds = result.seconds;
    if (result.seconds > 0) {
      report.samples_per_second =
          static_cast<double>(result.samples) / result.seconds;
    }
    report.loss = result.kept.loss;
    report.validation_loss = result.kept.validation_loss;
    report.validation_accuracy = result.kept.validation_accuracy;
    EvaluateOptions options;
    options.threads = threads_;
    ASSIGN_OR_RETURN(const TaskLoss loss, ChooseLoss(loss_, data.task()));
    report.loss_name = std::string(loss.name);
    options.loss = report.loss_name;
    if (data.task() == Task::kClassification) {
      ASSIGN_OR_RETURN(const Dataset train, data.Part(DataPart::kTrain));
      ASSIGN_OR_RETURN(const Evaluation on_train,
                       Evaluate(result.model, train, options));
      report.accuracy = on_train.accuracy;
    }
    if (data.test() != nullptr) {
      ASSIGN_OR_RETURN(const Evaluation on_test,
                       Evaluate(result.model, *data.test(), options));
      report.test_loss = on_test.loss;
      report.test_accuracy = on_test.accuracy;
    }
    return report;
  }

  std::string Format(const TrainReport& report,
                     const TrainResult& result) const {
    std::vector<std::vector<std::string>> rows = {
        {"epochs", FormatCount(report.epochs)},
        {"steps", FormatCount(report.steps)},
        {"time", FormatSeconds(report.seconds)},
        {"samples per second", FormatCount(report.samples_per_second)},
        {"parameters", FormatCount(report.parameters)},
        {"trained on", report.loss_name}};
    const auto add = [&rows](const char* name,
                             const absl::optional<double>& value, bool share) {
      if (!value.has_value()) return;
      rows.push_back(
          {name, share ? FormatPercent(*value) : absl::StrCat(*value)});
    };
    add("loss", report.loss, false);
    add("accuracy", report.accuracy, true);
    add("validation loss", report.validation_loss, false);
    add("validation accuracy", report.validation_accuracy, true);
    add("test loss", report.test_loss, false);
    add("test accuracy", report.test_accuracy, true);
    return absl::StrCat(FormatTable(rows),
                        result.stopped_early
                            ? absl::StrCat("stopped early; kept epoch ",
                                           result.kept.epoch, "\n")
                            : "",
                        "model in ", output_, "\n");
  }

  DataArguments data_;
  DomainArgument domain_;
  std::string output_;
  std::string model_;
  std::vector<int64_t> hidden_ = {128};
  std::string activation_ = "relu";
  bool batch_norm_ = false;
  double dropout_ = 0;
  std::string init_;
  std::string loss_;
  OptimizerArguments update_;
  double l1_ = 0;
  double l2_ = 0;
  int64_t epochs_ = 10;
  int64_t batch_ = 32;
  int64_t seed_ = 0;
  int threads_ = 0;
  std::string validation_;
  int64_t early_stop_ = 0;
  std::string log_;
  bool force_ = false;
  bool json_ = false;
};

}  // namespace

CommandRow TrainCommand() {
  return {"train", "Trains a network, or a model further.",
          "  espalier train --data builtin:digits --hidden 128,64 --output "
          "m.pb\n"
          "  espalier train --data mnist/ --hidden 512,512 --l1 1e-5 --output "
          "m.pb\n"
          "  espalier train --data mnist/ --hidden 512,512 --batch-norm "
          "--dropout 0.2 \\\n      --output m.pb\n"
          "  espalier train --data table.csv --target price --task regression "
          "\\\n      --validation 0.1 --early-stop 5 --output m.pb\n"
          "  espalier train --data mnist/ --model m.pb --epochs 2 --output "
          "m2.pb\n",
          [] { return std::unique_ptr<Command>(new TrainModel); }};
}

}  // namespace tools
}  // namespace espalier
