// espalier evaluate: how good a model is on given data.
#include "training/evaluate.h"

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/report.h"
#include "tools/commands.h"
#include "tools/data_arguments.h"
#include "tools/files.h"
#include "tools/loss_argument.h"
#include "tools/options.h"
#include "tools/table.h"

namespace espalier {
namespace tools {
namespace {

EvaluateReport Describe(const Evaluation& evaluation, const Model& model,
                        const Dataset& data, DataPart part) {
  EvaluateReport report;
  report.split = std::string(DataPartName(part));
  report.samples = evaluation.samples;
  report.loss = evaluation.loss;
  report.loss_name = evaluation.loss_name;
  report.accuracy = evaluation.accuracy;
  const std::vector<std::string> data_names = data.class_names();
  for (size_t i = 0; i < evaluation.classes.size(); ++i) {
    const Evaluation::Class& counted = evaluation.classes[i];
    EvaluateReport::Class row;
    row.name = i < model.class_names.size() ? model.class_names[i]
               : i < data_names.size()      ? data_names[i]
                                            : absl::StrCat(i);
    row.samples = counted.samples;
    if (counted.samples > 0) {
      row.accuracy = static_cast<double>(counted.correct) /
                     static_cast<double>(counted.samples);
    }
    report.classes.push_back(std::move(row));
  }
  return report;
}

std::string Format(const EvaluateReport& report) {
  std::vector<std::vector<std::string>> figures = {
      {"part", report.split},
      {"samples", FormatCount(report.samples)},
      {"loss", absl::StrCat(*report.loss, " (", report.loss_name, ")")}};
  if (report.accuracy.has_value()) {
    figures.push_back({"accuracy", FormatPercent(*report.accuracy)});
  }
  std::string text = FormatTable(figures);
  if (report.classes.empty()) return text;
  std::vector<std::vector<std::string>> rows = {
      {"class", "samples", "accuracy"}};
  for (const EvaluateReport::Class& row : report.classes) {
    rows.push_back(
        {row.name, FormatCount(row.samples),
         row.accuracy.has_value() ? FormatPercent(*row.accuracy) : "-"});
  }
  return absl::StrCat(text, "\n", FormatTable(rows));
}

class EvaluateModel : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "M", "", model_, "the model")->required();
    data_.AddOptions(app, "what to measure on")->required();
    AddSplit(app, part_);
    AddLoss(app, loss_);
    AddThreads(app, threads_);
    AddJson(app, json_);
  }

  absl::StatusOr<Outcome> Run() override {
    RETURN_IF_ERROR(data_.CheckOptions({data_.data()}));
    ASSIGN_OR_RETURN(const Model model, LoadModel(model_));
    ASSIGN_OR_RETURN(const Dataset all, data_.Load());
    ASSIGN_OR_RETURN(const Dataset data, ChoosePart(all, part_));
    ASSIGN_OR_RETURN(const TaskLoss loss, ChooseLoss(loss_, data.task()));
    EvaluateOptions options;
    options.loss = std::string(loss.name);
    options.threads = threads_;
    absl::StatusOr<Evaluation> evaluation = Evaluate(model, data, options);
    if (!evaluation.ok()) {
      return Annotate(
          data_.WithTaskHint(evaluation.status(), model.graph, data),
          absl::StrCat(Quoted(model_), " on ", Quoted(data_.data())));
    }
    const DataPart part = part_.value_or(
        all.test() == nullptr ? DataPart::kAll : DataPart::kTest);
    const EvaluateReport report = Describe(*evaluation, model, data, part);
    return Outcome{json_ ? ToJson(report) : Format(report)};
  }

 private:
  std::string model_;
  DataArguments data_;
  absl::optional<DataPart> part_;
  std::string loss_;
  int threads_ = 0;
  bool json_ = false;
};

}  // namespace

CommandRow EvaluateCommand() {
  return {"evaluate", "Measures loss and accuracy of a model on data.",
          "  espalier evaluate m.pb --data builtin:digits\n"
          "  espalier evaluate m.pb --data mnist/ --split test --json\n"
          "  espalier evaluate m.pb --data table.csv --target price\n",
          [] { return std::unique_ptr<Command>(new EvaluateModel); }};
}

}  // namespace tools
}  // namespace espalier
