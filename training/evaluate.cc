#include "training/evaluate.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/interpreter.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/softmax.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "training/feed.h"
#include "training/metrics.h"
#include "training/task_losses.h"

namespace espalier {
namespace {

// Mean losses of rows of outputs, in double precision.
class LossMeter {
 public:
  virtual ~LossMeter() = default;
  // Of one batch, which has a row at least.
  virtual double Mean(const TensorView& output, const TensorView& targets) = 0;
};

// By logarithms of what a softmax has made, too.
class CrossEntropyMeter : public LossMeter {
 public:
  explicit CrossEntropyMeter(const Node& output)
      : is_softmax_(IsSoftmax(output)), is_log_softmax_(IsLogSoftmax(output)) {}

  double Mean(const TensorView& output, const TensorView& targets) override {
    const absl::Span<const int32_t> labels = targets.data<int32_t>();
    const absl::Span<const float> outputs = output.data<float>();
    const size_t columns = outputs.size() / labels.size();
    double sum = 0;
    for (size_t row = 0; row < labels.size(); ++row) {
      sum -= LogProbability(outputs.subspan(row * columns, columns),
                            static_cast<size_t>(labels[row]));
    }
    return sum / static_cast<double>(labels.size());
  }

 private:
  double LogProbability(absl::Span<const float> row, size_t label) const {
    if (is_softmax_) return std::log(static_cast<double>(row[label]));
    return is_log_softmax_ ? row[label] : row[label] - LogSumExp(row);
  }

  const bool is_softmax_;
  const bool is_log_softmax_;
};

// By the graph of the loss that is trained on.
class GraphMeter : public LossMeter {
 public:
  static absl::StatusOr<std::unique_ptr<LossMeter>> Create(
      const TaskLoss& loss, const Node& output, const Dataset& data) {
    if (IsSoftmax(output)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the output is a softmax: expected what the loss ",
                       loss.name, " takes, which is no probabilities"));
    }
    GraphBuilder g("loss");
    const bool classes = data.task() == Task::kClassification;
    // What has the targets' elements may have another shape.
    Shape shape = data.targets().shape();
    shape.set_dim(0, kBatch);
    const Value target = g.Input("target", shape, data.targets().dtype());
    const Value y = g.Input("y", classes ? output.type.shape : shape);
    g.Output("loss", loss.make(y, target));
    ASSIGN_OR_RETURN(Graph graph, g.Build());
    return std::unique_ptr<LossMeter>(new GraphMeter(std::move(graph)));
  }

  double Mean(const TensorView& output, const TensorView& targets) override {
    const Node& y = graph_.node(graph_.Find("y"));
    const DoubleTensor values(output);
    const absl::StatusOr<InterpretedRun> run = Interpret(
        graph_, {{"target", DoubleTensor(targets)},
                 {"y", DoubleTensor(y.type.shape.Bind(targets.shape().dim(0)),
                                    values.values())}});
    ESPALIER_CHECK(run.ok());
    return run->outputs.at("loss")[0];
  }

 private:
  explicit GraphMeter(Graph graph) : graph_(std::move(graph)) {}

  const Graph graph_;
};

absl::StatusOr<std::unique_ptr<LossMeter>> MakeMeter(const TaskLoss& loss,
                                                     const Node& output,
                                                     const Dataset& data) {
  if (loss.name == "cross-entropy") {
    return std::unique_ptr<LossMeter>(new CrossEntropyMeter(output));
  }
  return GraphMeter::Create(loss, output, data);
}

// Adds up what Evaluation tells, batch by batch.
class Sums {
 public:
  Sums(std::unique_ptr<LossMeter> loss, const Dataset& data)
      : meter_(std::move(loss)) {
    evaluation_.classes.resize(static_cast<size_t>(data.num_classes()));
  }

  void Add(const TensorView& output, const TensorView& targets) {
    const int64_t rows = output.shape().dim(0);
    evaluation_.samples += rows;
    loss_ += meter_->Mean(output, targets) * static_cast<double>(rows);
    if (targets.dtype() == DataType::kI32) {
      AddClasses(output.data<float>(), targets.data<int32_t>());
    }
  }

  Evaluation Finish() && {
    evaluation_.loss = loss_ / static_cast<double>(evaluation_.samples);
    if (!evaluation_.classes.empty()) {
      int64_t correct = 0;
      for (const Evaluation::Class& one : evaluation_.classes) {
        correct += one.correct;
      }
      evaluation_.accuracy = static_cast<double>(correct) /
                             static_cast<double>(evaluation_.samples);
    }
    return std::move(evaluation_);
  }

 private:
  void AddClasses(absl::Span<const float> outputs,
                  absl::Span<const int32_t> labels) {
    const size_t columns = outputs.size() / labels.size();
    for (size_t row = 0; row < labels.size(); ++row) {
      const absl::Span<const float> logits =
          outputs.subspan(row * columns, columns);
      const auto label = static_cast<size_t>(labels[row]);
      Evaluation::Class& one = evaluation_.classes[label];
      ++one.samples;
      if (ArgMax(logits) == labels[row]) ++one.correct;
    }
  }

  std::unique_ptr<LossMeter> meter_;
  Evaluation evaluation_;
  double loss_ = 0;
};

}  // namespace

absl::Status CheckTargets(const TensorType& output, const Dataset& data) {
  const Shape& shape = output.shape;
  const auto refuse = [&](const auto&... parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("the output is ", output.ToString(), ", the data ",
                     Quoted(data.name()), parts...));
  };
  if (output.dtype != DataType::kF32 || !shape.has_symbolic_batch()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the output is ", output.ToString(), ": expected f32[N, ...]"));
  }
  if (data.task() == Task::kRegression) {
    const int64_t numbers = data.targets().shape().dim(1);
    if (shape.num_elements_per_sample() == numbers) return absl::OkStatus();
    return refuse(" is a regression: expected f32[N, ", numbers,
                  "], an element for each of a row's targets");
  }
  const int64_t classes = data.num_classes();
  // The label that is too large says more, but not of what is no classifier.
  if (shape.rank() == 2 && shape.dim(1) > 1) {
    RETURN_IF_ERROR(data.CheckLabels(shape.dim(1)));
  }
  if (shape.rank() == 2 && shape.dim(1) >= classes) return absl::OkStatus();
  return refuse(" is a classification, of classes 0 to ", classes - 1,
                ": expected f32[N, C] with a C of ", classes, " or more");
}

absl::StatusOr<Evaluation> Evaluate(const Model& model, const Dataset& data,
                                    const EvaluateOptions& options) {
  const Graph& graph = model.graph;
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1 ||
      !graph.updates().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the model has ", graph.inputs().size(), " inputs, ",
        graph.outputs().size(), " outputs and ", graph.updates().size(),
        " updates: expected one input, one output and no update"));
  }
  if (options.batch_size < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch size ", options.batch_size, " is negative"));
  }
  const Node& input = graph.node(graph.inputs()[0]);
  const Node& output = graph.node(graph.outputs()[0].node);
  RETURN_IF_ERROR(CheckTargets(output.type, data));
  ASSIGN_OR_RETURN(const TaskLoss loss,
                   FindTaskLoss(options.loss, data.task()));
  ASSIGN_OR_RETURN(std::unique_ptr<LossMeter> meter,
                   MakeMeter(loss, output, data));

  CompileOptions compile_options;
  compile_options.threads = options.threads;
  ASSIGN_OR_RETURN(std::shared_ptr<const Executable> executable,
                   Executable::Compile(graph, compile_options));
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   ParameterStore::FromValues(graph, model.values));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(std::move(executable), std::move(store)));
  Sums sums(std::move(meter), data);
  for (const Batch& batch : data.BatchesInOrder(options.batch_size)) {
    ASSIGN_OR_RETURN(const TensorView features,
                     FeedAs(input, batch.features()));
    RETURN_IF_ERROR(session.Run({features}));
    sums.Add(session.output(0), batch.targets());
  }
  Evaluation evaluation = std::move(sums).Finish();
  evaluation.loss_name = std::string(loss.name);
  return evaluation;
}

}  // namespace espalier
