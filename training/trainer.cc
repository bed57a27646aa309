#include "training/trainer.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "graph/class_names.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "graph/version.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "training/class_names.h"
#include "training/epoch_log.h"
#include "training/feed.h"
#include "training/step_graph.h"
#include "training/validation.h"
#include "transforms/passes.h"

namespace espalier {
namespace {

using Clock = std::chrono::steady_clock;
using Values = std::map<std::string, Tensor>;

constexpr absl::string_view kDiverged =
    ": the training diverged; a smaller learning rate may help";
constexpr std::chrono::milliseconds kProgressInterval(100);

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

absl::Status CheckOptions(const Optimizer& optimizer,
                          const FitOptions& options) {
  const auto refuse = [](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(parts...));
  };
  if (options.epochs < 1) {
    return refuse(options.epochs, " epochs: expected at least 1");
  }
  if (options.batch_size < 0) {
    return refuse("batch size ", options.batch_size,
                  ": expected at least 1, or 0 for all rows in one");
  }
  if (options.threads < 0) {
    return refuse(options.threads, " threads: expected at least 1, or 0");
  }
  if (!std::isfinite(optimizer.learning_rate) || optimizer.learning_rate < 0) {
    return refuse("learning rate ", optimizer.learning_rate,
                  ": expected a finite number of at least 0");
  }
  if (!optimizer.apply) return refuse("the optimiser has no rule to apply");
  RETURN_IF_ERROR(options.schedule.Check());
  const bool has_share = options.validation_share != 0;
  if (has_share && options.validation.has_value()) {
    return refuse(
        "validation on a data set and on a share of the training rows: "
        "expected one of the two");
  }
  if (options.early_stop < 0) {
    return refuse("early stop after ", options.early_stop,
                  " epochs: expected at least 1, or 0 for never");
  }
  if (options.early_stop > 0 && !has_share && !options.validation) {
    return refuse("early stopping needs validation data");
  }
  return absl::OkStatus();
}

// The node of an input by name.
const Node& InputNode(const Graph& graph, const std::string& name) {
  return graph.node(graph.Find(name));
}

// Refuses data that the graph's inputs do not take, before anything runs.
absl::Status CheckData(const StepGraph& step, const Dataset& data) {
  RETURN_IF_ERROR(
      FeedAs(InputNode(step.graph, step.features), data.features()).status());
  if (step.targets.empty()) return absl::OkStatus();
  return FeedAs(InputNode(step.graph, step.targets), data.targets()).status();
}

// Drawn values, some of them replaced by given ones.
absl::StatusOr<std::shared_ptr<ParameterStore>> InitialStore(
    const Graph& graph, const FitOptions& options) {
  std::shared_ptr<ParameterStore> store =
      ParameterStore::Initialised(graph, options.seed);
  if (options.initial_values.empty()) return store;
  Values values = store->Values();
  for (const auto& [name, value] : options.initial_values) {
    const NodeId id = graph.Find(name);
    const absl::optional<LeafKind> leaf =
        id == kNoNode ? absl::nullopt : AsLeaf(*graph.node(id).op);
    if (leaf != LeafKind::kParameter && leaf != LeafKind::kState) {
      return absl::InvalidArgumentError(
          absl::StrCat("initial value of ", Quoted(name),
                       ": the graph has no parameter or state of this name"));
    }
    values[name] = value;
  }
  absl::StatusOr<std::shared_ptr<ParameterStore>> filled =
      ParameterStore::FromValues(graph, values);
  if (filled.ok()) return filled;
  return Annotate(filled.status(), "initial values");
}

class Trainer {
 public:
  Trainer(const StepGraph& step, const Optimizer& optimizer,
          const Dataset& data, const FitOptions& options,
          std::shared_ptr<ParameterStore> store, Session session, EpochLog log)
      : step_(step),
        options_(options),
        data_(data),
        first_rate_(optimizer.learning_rate),
        features_(InputNode(step.graph, step.features)),
        targets_(step.targets.empty() ? nullptr
                                      : &InputNode(step.graph, step.targets)),
        store_(std::move(store)),
        session_(std::move(session)),
        log_(std::move(log)),
        loss_output_(static_cast<int>(step.outputs.size())),
        inputs_(step.graph.inputs().size(),
                TensorView(DataType::kF32, Shape(), &rate_)) {}
  // inputs_ points to rate_.
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // `validation` may be null.
  absl::StatusOr<TrainResult> Run(const Validation* validation) {
    start_ = Clock::now();
    last_progress_ = start_;
    BatchRange batches = data_.Batches(options_.batch_size, options_.seed, 0);
    for (int epoch = 1; epoch <= options_.epochs; ++epoch) {
      if (epoch > 1) {
        batches.Shuffle(options_.seed, static_cast<uint64_t>(epoch - 1));
      }
      RETURN_IF_ERROR(RunEpoch(epoch, batches));
      if (validation != nullptr) {
        RETURN_IF_ERROR(Validate(*validation));
      }
      RETURN_IF_ERROR(Tell());
      if (validation != nullptr && options_.early_stop > 0 &&
          epoch - result_.kept.epoch >= options_.early_stop) {
        result_.stopped_early = epoch < options_.epochs;
        break;
      }
    }
    if (options_.early_stop == 0) {
      result_.kept = result_.last;
      best_values_ = store_->Values();
    }
    RETURN_IF_ERROR(MakeModel());
    result_.warning = Warning(validation);
    return std::move(result_);
  }

 private:
  absl::Status RunEpoch(int epoch, BatchRange& batches) {
    const Clock::time_point start = Clock::now();
    double total = 0;
    int64_t rows = 0;
    int64_t step = 0;
    for (const Batch& batch : batches) {
      rate_ = RateOf(result_.steps + step, batches.size());
      ++step;
      RETURN_IF_ERROR(Feed(batch));
      const absl::Status status = session_.Run(inputs_);
      // An update that gives a value which is not finite.
      if (absl::IsOutOfRange(status)) {
        return absl::OutOfRangeError(absl::StrCat(Place(epoch, step), ": ",
                                                  status.message(), kDiverged));
      }
      if (!status.ok()) return Annotate(status, Place(epoch, step));
      const float loss = session_.output(loss_output_).data<float>()[0];
      if (!std::isfinite(loss)) {
        return absl::OutOfRangeError(absl::StrCat(
            Place(epoch, step), ": the loss is ", loss, kDiverged));
      }
      total += static_cast<double>(loss) * static_cast<double>(batch.rows());
      rows += batch.rows();
      if (options_.on_progress) {
        Progress(epoch, step, batches.size(),
                 total / static_cast<double>(rows));
      }
    }
    result_.samples += rows;
    result_.steps += step;
    EpochReport& report = result_.last;
    report.epoch = epoch;
    report.steps = result_.steps;
    report.learning_rate = rate_;
    report.loss = total / static_cast<double>(rows);
    report.seconds = SecondsSince(start);
    result_.seconds += report.seconds;
    return absl::OkStatus();
  }

  float RateOf(int64_t step, int64_t steps_per_epoch) const {
    const double factor = options_.schedule.Factor(
        step, steps_per_epoch, steps_per_epoch * options_.epochs);
    return static_cast<float>(first_rate_ * factor);
  }

  absl::Status Feed(const Batch& batch) {
    ASSIGN_OR_RETURN(inputs_[0], FeedAs(features_, batch.features()));
    if (targets_ == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(inputs_[1], FeedAs(*targets_, batch.targets()));
    return absl::OkStatus();
  }

  // After an epoch; keeps the values if they are the best so far.
  absl::Status Validate(const Validation& validation) {
    EpochReport& report = result_.last;
    Values values = store_->Values();
    RETURN_IF_ERROR(
        Annotate(validation.Measure(values, &report),
                 absl::StrCat("epoch ", report.epoch, ": validation")));
    if (!std::isfinite(*report.validation_loss)) {
      return absl::OutOfRangeError(
          absl::StrCat("epoch ", report.epoch, ": the validation loss is ",
                       *report.validation_loss, kDiverged));
    }
    if (options_.early_stop > 0 && *report.validation_loss < best_loss_) {
      best_loss_ = *report.validation_loss;
      best_values_ = std::move(values);
      result_.kept = report;
    }
    return absl::OkStatus();
  }

  absl::Status Tell() {
    if (options_.on_epoch) options_.on_epoch(result_.last);
    if (options_.log_path.empty()) return absl::OkStatus();
    return log_.Write(result_.last.ToJson());
  }

  void Progress(int epoch, int64_t step, int64_t steps, double loss) {
    const Clock::time_point now = Clock::now();
    if (now - last_progress_ < kProgressInterval) return;
    last_progress_ = now;
    TrainProgress progress;
    progress.epoch = epoch;
    progress.epochs = options_.epochs;
    progress.step = step;
    progress.steps = steps;
    progress.seconds = SecondsSince(start_);
    progress.loss = loss;
    if (epoch > 1) progress.last_epoch = &result_.last;
    options_.on_progress(progress);
  }

  // The inference form under the values that are kept.
  absl::Status MakeModel() {
    Model trained;
    trained.graph = step_.graph;
    trained.values = std::move(best_values_);
    ASSIGN_OR_RETURN(Model model, InferenceForm(trained, step_.outputs));
    const NodeId features = model.graph.Find(step_.features);
    if (data_.domain().has_value() && features != kNoNode) {
      model.domains[step_.features] = *data_.domain();
    }
    model.class_names = ClassNames(step_, data_, options_.class_names);
    model.producer = absl::StrCat("espalier ", Version());
    result_.model = std::move(model);
    return absl::OkStatus();
  }

  std::string Warning(const Validation* validation) const {
    if (data_.task() != Task::kClassification) return "";
    const bool no_names = result_.model.class_names.empty();
    const bool no_accuracy =
        validation != nullptr && !validation->has_accuracy();
    const std::string other = DescribeOtherName(data_, options_.class_names);
    if (!no_names && !no_accuracy) return other;
    return absl::StrCat(
        "the graph has ", DescribeOutputs(), ", the data ",
        Quoted(data_.name()), " ", data_.num_classes(), " classes: ",
        !no_names ? "validation has no accuracy"
        : no_accuracy
            ? "the model has no class names and validation no accuracy"
            : "the model has no class names",
        "; expected one output f32[N, ", data_.num_classes(), "]",
        other.empty() ? "" : "; ", other);
  }

  std::string DescribeOutputs() const {
    const size_t outputs = step_.outputs.size();
    if (outputs > 1) return absl::StrCat(outputs, " outputs");
    const NodeId output = step_.graph.outputs()[0].node;
    return absl::StrCat("the output ",
                        step_.graph.node(output).type.ToString());
  }

  static std::string Place(int epoch, int64_t step) {
    return absl::StrCat("epoch ", epoch, ", step ", step);
  }

  const StepGraph& step_;
  const FitOptions& options_;
  const Dataset data_;
  const float first_rate_;
  float rate_ = 0;  // of the step
  const Node& features_;
  const Node* targets_;  // null if the loss needs none
  const std::shared_ptr<ParameterStore> store_;
  Session session_;
  EpochLog log_;
  const int loss_output_;
  std::vector<TensorView> inputs_;  // features, targets if any, rate

  TrainResult result_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  Values best_values_;
  Clock::time_point start_;
  Clock::time_point last_progress_;
};

}  // namespace

absl::StatusOr<TrainResult> Train(GraphBuilder& graph, Value loss,
                                  const Optimizer& optimizer,
                                  const Dataset& data,
                                  const FitOptions& options) {
  RETURN_IF_ERROR(CheckOptions(optimizer, options));
  ASSIGN_OR_RETURN(const StepGraph step,
                   BuildStepGraph(graph, loss, optimizer));
  RETURN_IF_ERROR(ValidateClassNames(options.class_names, step.graph));
  RETURN_IF_ERROR(CheckData(step, data));
  Dataset train = data;
  absl::optional<Dataset> held_out = options.validation;
  if (options.validation_share != 0) {
    ASSIGN_OR_RETURN(Dataset::Halves halves,
                     data.Split(options.validation_share, options.seed));
    train = std::move(halves.train);
    held_out = std::move(halves.validation);
  }
  absl::optional<Validation> validation;
  if (held_out.has_value()) {
    RETURN_IF_ERROR(
        Annotate(CheckData(step, *held_out),
                 absl::StrCat("validation: data ", Quoted(held_out->name()))));
    absl::StatusOr<Validation> created =
        Validation::Create(step, *held_out, options.threads);
    if (!created.ok()) return Annotate(created.status(), "validation");
    validation = *std::move(created);
  }

  CompileOptions compile_options;
  compile_options.threads = options.threads;
  ASSIGN_OR_RETURN(std::shared_ptr<const Executable> executable,
                   Executable::Compile(step.graph, compile_options));
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   InitialStore(step.graph, options));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(std::move(executable), store));
  ASSIGN_OR_RETURN(EpochLog log, EpochLog::Create(options.log_path));
  Trainer trainer(step, optimizer, train, options, std::move(store),
                  std::move(session), std::move(log));
  return trainer.Run(validation.has_value() ? &*validation : nullptr);
}

}  // namespace espalier
