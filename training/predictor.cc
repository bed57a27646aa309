#include "training/predictor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/domain.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "pruning/relus.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "training/feed.h"

namespace espalier {
namespace {

constexpr absl::string_view kOutsideNames[] = {"error", "warn", "ignore"};

// What a domain-grade removal keeps only inside the domain.
Outside DefaultOutside(const Model& model) {
  return RestsOnDomains(model) ? Outside::kError : Outside::kIgnore;
}

// One flattened row per sample, where there are samples.
Tensor Flattened(const Tensor& output) {
  if (output.shape().rank() <= 2) return output;
  Shape sample = output.shape();
  sample.set_dim(0, 1);
  return output.Reshaped({output.shape().dim(0), sample.num_elements()});
}

// Whether samples can be run some at a time and the results put together.
bool IsSeparable(const Graph& graph) {
  return SamplesAreIndependent(graph) &&
         std::all_of(
             graph.outputs().begin(), graph.outputs().end(),
             [&](const GraphOutput& output) {
               return graph.node(output.node).type.shape.has_symbolic_batch();
             });
}

bool HaveRows(const std::vector<TensorView>& inputs, int64_t rows) {
  return std::all_of(
      inputs.begin(), inputs.end(),
      [&](const TensorView& input) { return input.shape().dim(0) == rows; });
}

// Bytes of `rows` rows of something with the batch in front.
size_t RowBytes(const TensorView& view, int64_t rows) {
  Shape shape = view.shape();
  shape.set_dim(0, rows);
  return static_cast<size_t>(shape.num_elements()) * sizeof(float);
}

TensorView Rows(const TensorView& view, int64_t first, int64_t rows) {
  Shape shape = view.shape();
  shape.set_dim(0, rows);
  return TensorView(
      view.dtype(), shape,
      static_cast<const char*>(view.raw()) + RowBytes(view, first));
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

Predictor::Predictor(Model model, Outside outside, int64_t batch_size,
                     Session session)
    : model_(std::move(model)),
      outside_(outside),
      batch_size_(batch_size),
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
                   options.batch_size, std::move(session));
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
  ASSIGN_OR_RETURN(std::vector<Tensor> outputs, RunChecked(views));
  for (size_t i = 0; i < outputs.size() && reshaped; ++i) {
    if (graph.node(graph.outputs()[i].node).type.shape.has_symbolic_batch()) {
      outputs[i] = Flattened(outputs[i]);
    }
  }
  return outputs;
}

absl::StatusOr<std::vector<Tensor>> Predictor::RunChecked(
    const std::vector<TensorView>& inputs) {
  const Graph& graph = model_.graph;
  const size_t num_outputs = graph.outputs().size();
  std::vector<Tensor> outputs;
  const bool batched = !inputs.empty() && IsSeparable(graph);
  const int64_t rows = batched ? inputs[0].shape().dim(0) : 0;
  if (batch_size_ == 0 || rows <= batch_size_ || !HaveRows(inputs, rows)) {
    RETURN_IF_ERROR(session_.Run(inputs));
    for (size_t i = 0; i < num_outputs; ++i) {
      outputs.push_back(session_.output(static_cast<int>(i)).ToTensor());
    }
    return outputs;
  }
  for (const GraphOutput& output : graph.outputs()) {
    const TensorType& type = graph.node(output.node).type;
    outputs.emplace_back(type.dtype, type.shape.Bind(rows));
  }
  for (int64_t first = 0; first < rows; first += batch_size_) {
    const int64_t count = std::min(batch_size_, rows - first);
    std::vector<TensorView> views;
    views.reserve(inputs.size());
    for (const TensorView& input : inputs) {
      views.push_back(Rows(input, first, count));
    }
    const absl::Status status = session_.Run(views);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("samples from ", first));
    }
    for (size_t i = 0; i < num_outputs; ++i) {
      const TensorView piece = session_.output(static_cast<int>(i));
      std::memcpy(
          static_cast<char*>(outputs[i].raw()) + RowBytes(outputs[i], first),
          piece.raw(), RowBytes(piece, count));
    }
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
  absl::Status status = Annotate(CheckInside(domain->second, view),
                                 absl::StrCat("input ", Quoted(name)));
  if (outside_ == Outside::kError || status.ok()) return status;
  absl::StrAppend(&warning_, warning_.empty() ? "" : "; ", status.message());
  return absl::OkStatus();
}

}  // namespace espalier
