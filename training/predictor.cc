#include "training/predictor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "training/domain.h"
#include "training/feed.h"

namespace espalier {
namespace {

constexpr absl::string_view kOutsideNames[] = {"error", "warn", "ignore"};

// What a domain-grade removal keeps only inside the domain.
Outside DefaultOutside(const Model& model) {
  const bool needs_domain =
      std::any_of(model.history.begin(), model.history.end(),
                  [](const HistoryEntry& entry) {
                    return entry.action == "prune" && entry.grade == "domain";
                  });
  return needs_domain ? Outside::kError : Outside::kIgnore;
}

// One flattened row per sample, where there are samples.
Tensor Flattened(const TensorView& output) {
  const Tensor tensor = output.ToTensor();
  if (output.shape().rank() <= 2) return tensor;
  Shape sample = output.shape();
  sample.set_dim(0, 1);
  return tensor.Reshaped({output.shape().dim(0), sample.num_elements()});
}

}  // namespace

absl::string_view OutsideName(Outside outside) {
  return kOutsideNames[static_cast<size_t>(outside)];
}

absl::StatusOr<Outside> ParseOutside(absl::string_view name) {
  for (Outside outside : {Outside::kError, Outside::kWarn, Outside::kIgnore}) {
    if (OutsideName(outside) == name) return outside;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown choice ", Quoted(name),
      " for inputs outside the domain: one of error, warn, ignore"));
}

Predictor::Predictor(Model model, Outside outside, Session session)
    : model_(std::move(model)),
      outside_(outside),
      session_(std::move(session)) {}

absl::StatusOr<Predictor> Predictor::Create(const Model& model,
                                            const PredictorOptions& options) {
  RETURN_IF_ERROR(Validate(model));
  if (!model.graph.updates().empty()) {
    return absl::InvalidArgumentError(
        "the model's graph has updates: it is one to train, take its inference "
        "form");
  }
  CompileOptions compile_options;
  compile_options.threads = options.threads;
  ASSIGN_OR_RETURN(std::shared_ptr<const Executable> executable,
                   Executable::Compile(model.graph, compile_options));
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   ParameterStore::FromValues(model.graph, model.values));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(std::move(executable), std::move(store)));
  // The session has the values; no second copy is kept.
  Model rest = model;
  rest.values.clear();
  return Predictor(std::move(rest),
                   options.outside.value_or(DefaultOutside(model)),
                   std::move(session));
}

absl::StatusOr<Tensor> Predictor::Run(const TensorView& input) {
  const Graph& graph = model_.graph;
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model has ", graph.inputs().size(), " inputs and ",
                     graph.outputs().size(), " outputs: expected one of each"));
  }
  ASSIGN_OR_RETURN(std::vector<Tensor> outputs, RunAll({input}));
  return std::move(outputs[0]);
}

absl::StatusOr<std::vector<Tensor>> Predictor::RunAll(
    absl::Span<const TensorView> inputs) {
  const Graph& graph = model_.graph;
  warning_.clear();
  if (inputs.size() != graph.inputs().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model has ", graph.inputs().size(), " inputs, found ",
                     inputs.size()));
  }
  std::vector<TensorView> views;
  bool reshaped = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Node& input = graph.node(graph.inputs()[i]);
    ASSIGN_OR_RETURN(const TensorView view, FeedAs(input, inputs[i]));
    RETURN_IF_ERROR(CheckInput(input.name, view));
    reshaped = reshaped || view.shape() != inputs[i].shape();
    views.push_back(view);
  }
  RETURN_IF_ERROR(session_.Run(views));
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const TensorView output = session_.output(static_cast<int>(i));
    const bool flatten =
        reshaped &&
        graph.node(graph.outputs()[i].node).type.shape.has_symbolic_batch();
    outputs.push_back(flatten ? Flattened(output) : output.ToTensor());
  }
  return outputs;
}

absl::StatusOr<std::map<std::string, Tensor>> Predictor::RunNamed(
    const std::map<std::string, Tensor>& inputs) {
  const Graph& graph = model_.graph;
  std::vector<TensorView> views;
  for (const NodeId id : graph.inputs()) {
    const auto found = inputs.find(graph.node(id).name);
    if (found == inputs.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(graph.node(id).name), " is not given"));
    }
    views.push_back(found->second);
  }
  if (inputs.size() != views.size()) {
    for (const auto& [name, value] : inputs) {
      const NodeId id = graph.Find(name);
      if (std::find(graph.inputs().begin(), graph.inputs().end(), id) ==
          graph.inputs().end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the model has no input ", Quoted(name)));
      }
    }
  }
  ASSIGN_OR_RETURN(std::vector<Tensor> outputs, RunAll(views));
  std::map<std::string, Tensor> named;
  for (size_t i = 0; i < outputs.size(); ++i) {
    named.emplace(graph.outputs()[i].name, std::move(outputs[i]));
  }
  return named;
}

absl::Status Predictor::CheckInput(const std::string& name,
                                   const TensorView& view) {
  const auto domain = model_.domains.find(name);
  if (outside_ == Outside::kIgnore || domain == model_.domains.end()) {
    return absl::OkStatus();
  }
  const absl::Status status = Annotate(CheckInside(domain->second, view),
                                       absl::StrCat("input ", Quoted(name)));
  if (outside_ == Outside::kError || status.ok()) return status;
  absl::StrAppend(&warning_, warning_.empty() ? "" : "; ", status.message());
  return absl::OkStatus();
}

}  // namespace espalier
