#include "training/evaluate.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/softmax.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "training/feed.h"
#include "training/metrics.h"

namespace espalier {
namespace {

// Whether the output's shape is one that the data's targets can be held
// against.
absl::Status CheckOutput(const Node& output, const Dataset& data) {
  const Shape& shape = output.type.shape;
  const Shape& targets = data.targets().shape();
  const bool classes = data.task() == Task::kClassification;
  if (output.type.dtype != DataType::kF32 || !shape.has_symbolic_batch()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the output is ", output.type.ToString(), ": expected f32[N, ...]"));
  }
  if (classes && (shape.rank() != 2 || shape.dim(1) < data.num_classes())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the output is ", output.type.ToString(), ", the data ",
        Quoted(data.name()), " has classes 0 to ", data.num_classes() - 1,
        ": expected f32[N, C] with a C of ", data.num_classes(), " or more"));
  }
  if (!classes && shape.num_elements_per_sample() != targets.dim(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the output is ", output.type.ToString(), ", the data ",
                     Quoted(data.name()), " has ", targets.dim(1),
                     " targets a row: expected as many"));
  }
  return absl::OkStatus();
}

// Adds up what Evaluation tells, batch by batch.
class Sums {
 public:
  Sums(const Node& output, const Dataset& data)
      : is_softmax_(IsSoftmax(output)), is_log_softmax_(IsLogSoftmax(output)) {
    evaluation_.classes.resize(static_cast<size_t>(data.num_classes()));
  }

  void Add(const TensorView& output, const TensorView& targets) {
    evaluation_.samples += output.shape().dim(0);
    if (targets.dtype() == DataType::kI32) {
      AddClasses(output.data<float>(), targets.data<int32_t>());
    } else {
      AddErrors(output.data<float>(), targets.data<float>());
    }
  }

  Evaluation Finish() && {
    evaluation_.loss = loss_ / static_cast<double>(terms_);
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
      loss_ -= LogProbability(logits, label);
      Evaluation::Class& one = evaluation_.classes[label];
      ++one.samples;
      if (ArgMax(logits) == labels[row]) ++one.correct;
    }
    terms_ += static_cast<int64_t>(labels.size());
  }

  double LogProbability(absl::Span<const float> row, size_t label) const {
    if (is_softmax_) return std::log(static_cast<double>(row[label]));
    return is_log_softmax_ ? row[label] : row[label] - LogSumExp(row);
  }

  void AddErrors(absl::Span<const float> outputs,
                 absl::Span<const float> targets) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const double error = static_cast<double>(outputs[i]) - targets[i];
      loss_ += error * error;
    }
    terms_ += static_cast<int64_t>(outputs.size());
  }

  const bool is_softmax_;
  const bool is_log_softmax_;
  Evaluation evaluation_;
  double loss_ = 0;
  int64_t terms_ = 0;
};

}  // namespace

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
  RETURN_IF_ERROR(CheckOutput(output, data));

  CompileOptions compile_options;
  compile_options.threads = options.threads;
  ASSIGN_OR_RETURN(std::shared_ptr<const Executable> executable,
                   Executable::Compile(graph, compile_options));
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   ParameterStore::FromValues(graph, model.values));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(std::move(executable), std::move(store)));
  Sums sums(output, data);
  for (const Batch& batch : data.BatchesInOrder(options.batch_size)) {
    ASSIGN_OR_RETURN(const TensorView features,
                     FeedAs(input, batch.features()));
    RETURN_IF_ERROR(session.Run({features}));
    sums.Add(session.output(0), batch.targets());
  }
  return std::move(sums).Finish();
}

}  // namespace espalier
