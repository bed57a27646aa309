// espalier convert: a model in another format.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/model_file.h"
#include "serialization/onnx/export.h"
#include "serialization/tensor_file.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/files.h"
#include "tools/options.h"
#include "tools/output_path.h"
#include "transforms/fold_batch_norm.h"

namespace espalier {
namespace tools {
namespace {

// After what is said of the name of a model file.
constexpr absl::string_view kOrWeights =
    ", that of weights in .npz or .safetensors";

class Convert : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "IN", "", in_,
            "the model: .pb, .pbtxt or .onnx; or weights: .npz, .safetensors")
        ->required();
    AddText(app, "OUT", "", out_, "where it goes, to one of these")->required();
    AddText(app, "--into", "M", into_,
            "for weights as IN: the model that gets them");
    AddInteger(
        app, "--opset", "V", {kFirstOnnxOpset, kLastOnnxOpset}, opset_,
        absl::StrCat("version of ONNX's operators, ", kFirstOnnxOpset, " to ",
                     kLastOnnxOpset, " (", OnnxOptions().opset, ")"));
    AddFlag(app, "--fold-batch-norm", fold_batch_norm_,
            "fold batch normalizations into the products before\n"
            "them: the same results but for rounding");
    AddFlag(app, "--external-weights", external_weights_,
            "put the weights into a file of their own beside OUT");
    AddForce(app, force_);
  }

  absl::StatusOr<Outcome> Run() override {
    RETURN_IF_ERROR(CheckOptions());
    const bool weights_in = IsTensorFileName(in_);
    if (weights_in && IsTensorFileName(out_)) {
      const absl::StatusOr<NamedTensors> tensors = LoadTensors(in_);
      if (!tensors.ok()) return BadInputError(tensors.status());
      const SignalHold hold;
      RETURN_IF_ERROR(SaveTensors(*tensors, out_));
      return Outcome();
    }
    const std::string& from = weights_in ? into_ : in_;
    const absl::Status named = CheckModelName(from);
    if (!named.ok()) {
      return BadInputError(absl::InvalidArgumentError(absl::StrCat(
          "load ", Quoted(from), ": ", named.message(), kOrWeights)));
    }
    ASSIGN_OR_RETURN(Model model, LoadModel(from));
    if (weights_in) {
      absl::StatusOr<NamedTensors> tensors = LoadTensors(in_, model.graph);
      if (!tensors.ok()) return BadInputError(tensors.status());
      RETURN_IF_ERROR(SetValues(*std::move(tensors), &model));
    }
    if (fold_batch_norm_) {
      absl::StatusOr<Model> folded = FoldBatchNorm(model);
      if (!folded.ok()) return Annotate(folded.status(), Quoted(in_));
      model = *std::move(folded);
    }
    const SignalHold hold;
    RETURN_IF_ERROR(Write(model));
    return Outcome();
  }

 private:
  absl::Status CheckOptions() const {
    RETURN_IF_ERROR(CheckOutput("OUT", out_, {in_, into_}, force_));
    const bool weights_in = IsTensorFileName(in_);
    const bool weights_out = IsTensorFileName(out_);
    const absl::Status named = CheckModelOutput("OUT", out_);
    if (!weights_out && !named.ok()) {
      return UsageError(absl::StrCat(named.message(), kOrWeights));
    }
    if (opset_ != 0 && !absl::EndsWith(out_, ".onnx")) {
      return UsageError(absl::StrCat("--opset: ", Quoted(out_),
                                     " is no ONNX file: expected .onnx"));
    }
    if (external_weights_ && !absl::EndsWith(out_, ".pb") &&
        !absl::EndsWith(out_, ".onnx")) {
      return UsageError(absl::StrCat("--external-weights: ", Quoted(out_),
                                     " is one file: expected .pb or .onnx"));
    }
    if (weights_in && !weights_out && into_.empty()) {
      return UsageError(absl::StrCat(
          "IN ", Quoted(in_), " holds weights and no graph: name the model ",
          "that gets them with --into"));
    }
    if (!into_.empty() && (!weights_in || weights_out)) {
      return UsageError(
          "--into: expected weights (.npz, .safetensors) as IN and a model as "
          "OUT");
    }
    if (fold_batch_norm_ && weights_in && weights_out) {
      return UsageError(absl::StrCat(
          "--fold-batch-norm: IN ", Quoted(in_),
          " holds weights and no graph: expected a model, or one to put them "
          "into"));
    }
    return absl::OkStatus();
  }

  absl::Status Write(const Model& model) const {
    if (IsTensorFileName(out_)) return SaveTensors(model.values, out_);
    if (absl::EndsWith(out_, ".onnx")) {
      OnnxOptions options;
      options.external_weights = external_weights_;
      if (opset_ != 0) options.opset = static_cast<int>(opset_);
      return SaveOnnx(model, out_, options);
    }
    SaveOptions options;
    options.external_weights = external_weights_;
    return Save(model, out_, options);
  }

  std::string in_;
  std::string out_;
  std::string into_;
  int64_t opset_ = 0;  // not given
  bool fold_batch_norm_ = false;
  bool external_weights_ = false;
  bool force_ = false;
};

}  // namespace

CommandRow ConvertCommand() {
  return {"convert", "Writes a model, or its weights, in another format.",
          "  espalier convert m.pb m.onnx\n"
          "  espalier convert m.pb m.onnx --opset 21\n"
          "  espalier convert m.pb m.onnx --fold-batch-norm\n"
          "  espalier convert m.pb m.onnx --external-weights\n"
          "  espalier convert m.pb m.pbtxt\n"
          "  espalier convert m.onnx m.pb\n"
          "  espalier convert m.pb weights.npz\n"
          "  espalier convert weights.npz weights.safetensors\n"
          "  espalier convert weights.safetensors out.pb --into m.pb\n",
          [] { return std::unique_ptr<Command>(new Convert); }};
}

}  // namespace tools
}  // namespace espalier
