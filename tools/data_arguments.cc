#include "tools/data_arguments.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/finite.h"
#include "serialization/npy.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "training/evaluate.h"
#include "training/feed.h"
#include "training/load_dataset.h"

namespace espalier {
namespace tools {
namespace {

bool IsCsv(absl::string_view data) {
  return absl::EndsWith(data, ".csv") || absl::EndsWith(data, ".csv.gz");
}

bool IsNpy(absl::string_view data) {
  return absl::EndsWith(data, ".npy") || absl::EndsWith(data, ".npy.gz");
}

absl::Status CheckRows(const Tensor& features) {
  const absl::optional<int64_t> at = FirstNonFinite(features);
  if (!at.has_value()) return absl::OkStatus();
  const int64_t columns = features.num_elements() / features.shape().dim(0);
  return absl::InvalidArgumentError(
      absl::StrCat("row ", *at / columns, ": expected finite numbers, found ",
                   features.data<float>()[static_cast<size_t>(*at)]));
}

// An .npy file without labels.
absl::StatusOr<Tensor> ReadFeatures(const std::string& path,
                                    absl::optional<DataPart> part) {
  if (part == DataPart::kTest) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(path), ": the data has no test part"));
  }
  ASSIGN_OR_RETURN(Tensor features, ReadNpyAs(path, DataType::kF32));
  if (features.shape().rank() < 1 || features.num_elements() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(path), ": expected rows of features, found ",
                     features.type().ToString()));
  }
  RETURN_IF_ERROR(Annotate(CheckRows(features), Quoted(path)));
  return features;
}

// The rows in the form that the graph's one input takes.
absl::StatusOr<Tensor> Fit(const Tensor& features, const Graph& graph) {
  if (graph.inputs().size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("data serves a model with one input, this one has ",
                     graph.inputs().size()));
  }
  ASSIGN_OR_RETURN(const TensorView fed,
                   FeedAs(graph.node(graph.inputs()[0]), features));
  return fed.ToTensor();
}

}  // namespace

CLI::Option* DataArguments::AddOptions(CLI::App& app, const std::string& help) {
  CLI::Option* data = AddText(app, "--data", "D", data_, help);
  AddText(app, "--target", "NAME|last", target_,
          "the column of a CSV file to learn (last)");
  AddChoice(app, "--task", {"classification", "regression"}, task_,
            "what a CSV or NPY file's targets are (classes in CSV;\n"
            "in NPY: classes if stored as integers)");
  AddText(app, "--labels", "Y.npy", labels_, "the targets to X.npy");
  return data;
}

DataArguments DataArguments::For(const std::string& data) const {
  DataArguments other = *this;
  other.data_ = data;
  if (!IsCsv(data)) other.target_.clear();
  if (!IsNpy(data)) other.labels_.clear();
  if (!IsCsv(data) && !IsNpy(data)) other.task_.clear();
  return other;
}

absl::Status DataArguments::CheckOptions(
    const std::vector<std::string>& described) const {
  const bool csv = std::any_of(described.begin(), described.end(), IsCsv);
  const bool npy = std::any_of(described.begin(), described.end(), IsNpy);
  if (!target_.empty() && !csv) {
    return UsageError("--target belongs to CSV data");
  }
  if (!labels_.empty() && !npy) {
    return UsageError("--labels belongs to NPY data");
  }
  if (!task_.empty() && !csv && !npy) {
    return UsageError("--task belongs to CSV and NPY data");
  }
  return absl::OkStatus();
}

absl::Status DataArguments::WithTaskHint(const absl::Status& error,
                                         const Graph& graph,
                                         const Dataset& data) const {
  const bool has_task = IsCsv(data_) || IsNpy(data_);
  if (!has_task || !task_.empty() || data.task() != Task::kClassification ||
      graph.outputs().size() != 1) {
    return error;
  }
  const TensorType& output = graph.node(graph.outputs()[0].node).type;
  if (output.shape.num_elements_per_sample() != 1 ||
      CheckTargets(output, data).ok()) {
    return error;
  }
  return absl::Status(error.code(),
                      absl::StrCat(error.message(),
                                   "; --task regression takes the targets as "
                                   "numbers"));
}

absl::StatusOr<Dataset> DataArguments::Load() const {
  if (IsNpy(data_) && labels_.empty()) {
    return UsageError(
        absl::StrCat("--data ", Quoted(data_), " needs --labels Y.npy"));
  }
  LoadDatasetOptions options;
  if (!target_.empty()) options.target = target_;
  if (!task_.empty()) {
    ASSIGN_OR_RETURN(options.task, ParseTask(task_));
  }
  options.labels = labels_;
  absl::StatusOr<Dataset> data = LoadDataset(data_, options);
  if (!data.ok()) return BadInputError(data.status());
  return data;
}

absl::StatusOr<Tensor> DataArguments::LoadFeatures(
    absl::optional<DataPart> part) const {
  if (IsNpy(data_) && labels_.empty()) {
    absl::StatusOr<Tensor> features = ReadFeatures(data_, part);
    if (!features.ok()) return BadInputError(features.status());
    return features;
  }
  ASSIGN_OR_RETURN(const Dataset data, Load());
  ASSIGN_OR_RETURN(const Dataset chosen, ChoosePart(data, part));
  return chosen.features();
}

absl::StatusOr<Tensor> DataArguments::LoadFeaturesFor(
    const Graph& graph, absl::optional<DataPart> part) const {
  ASSIGN_OR_RETURN(const Tensor features, LoadFeatures(part));
  absl::StatusOr<Tensor> fitted = Fit(features, graph);
  if (!fitted.ok()) {
    return BadInputError(Annotate(fitted.status(), Quoted(data_)));
  }
  return fitted;
}

CLI::Option* AddSplit(CLI::App& app, absl::optional<DataPart>& part) {
  return AddOption(
      app, "--split", "train|test|all",
      [&part](absl::string_view text) -> absl::Status {
        ASSIGN_OR_RETURN(part, ParseDataPart(text));
        return absl::OkStatus();
      },
      "which part of the data (test where it has one, else all)");
}

absl::StatusOr<Dataset> ChoosePart(const Dataset& data,
                                   absl::optional<DataPart> part) {
  if (!part.has_value()) return data.TestOrAll();
  absl::StatusOr<Dataset> chosen = data.Part(*part);
  if (!chosen.ok()) return BadInputError(chosen.status());
  return chosen;
}

}  // namespace tools
}  // namespace espalier
