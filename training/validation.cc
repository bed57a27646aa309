#include "training/validation.h"

#include <utility>

#include "graph/status_macros.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "training/feed.h"
#include "training/metrics.h"
#include "transforms/passes.h"

namespace espalier {
namespace {

constexpr int64_t kBatchSize = 1024;

bool HasAccuracy(const StepGraph& step, const Dataset& data) {
  return data.task() == Task::kClassification && ClassColumns(step).has_value();
}

}  // namespace

Validation::Validation(const StepGraph& step, const Dataset& data,
                       std::shared_ptr<const Executable> executable)
    : data_(data),
      executable_(std::move(executable)),
      features_(step.features),
      has_accuracy_(HasAccuracy(step, data)) {}

absl::StatusOr<Validation> Validation::Create(const StepGraph& step,
                                              const Dataset& data,
                                              int threads) {
  // A run would say so too, but after an epoch.
  if (HasAccuracy(step, data)) {
    RETURN_IF_ERROR(data.CheckLabels(*ClassColumns(step)));
  }
  std::vector<std::string> outputs = {step.loss};
  outputs.insert(outputs.end(), step.outputs.begin(), step.outputs.end());
  ASSIGN_OR_RETURN(const Graph graph, InferenceForm(step.graph, outputs));
  CompileOptions options;
  options.threads = threads;
  ASSIGN_OR_RETURN(std::shared_ptr<const Executable> executable,
                   Executable::Compile(graph, options));
  return Validation(step, data, std::move(executable));
}

absl::Status Validation::Measure(const std::map<std::string, Tensor>& values,
                                 EpochReport* report) const {
  const Graph& graph = executable_->graph();
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   ParameterStore::FromValues(graph, values));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(executable_, std::move(store)));
  std::vector<TensorView> inputs;
  double loss = 0;
  int64_t correct = 0;
  for (const Batch& batch : data_.BatchesInOrder(kBatchSize)) {
    inputs.clear();
    for (const NodeId id : graph.inputs()) {
      const Node& input = graph.node(id);
      ASSIGN_OR_RETURN(
          const TensorView view,
          FeedAs(input,
                 input.name == features_ ? batch.features() : batch.targets()));
      inputs.push_back(view);
    }
    RETURN_IF_ERROR(session.Run(inputs));
    loss += static_cast<double>(session.output(0).data<float>()[0]) *
            static_cast<double>(batch.rows());
    if (has_accuracy_) {
      correct += CountCorrect(session.output(1).data<float>(),
                              batch.targets().data<int32_t>());
    }
  }
  const auto rows = static_cast<double>(data_.rows());
  report->validation_loss = loss / rows;
  if (has_accuracy_) {
    report->validation_accuracy = static_cast<double>(correct) / rows;
  }
  return absl::OkStatus();
}

}  // namespace espalier
