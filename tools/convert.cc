// espalier convert: a model in another format.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/model_file.h"
#include "serialization/onnx/export.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/options.h"
#include "tools/output_path.h"
#include "transforms/fold_batch_norm.h"

namespace espalier {
namespace tools {
namespace {

class Convert : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "IN", "", in_, "the model: .pb, .pbtxt or .onnx")->required();
    AddText(app, "OUT", "", out_, "where it goes: .pb, .pbtxt or .onnx")
        ->required();
    AddInteger(
        app, "--opset", "V", {kFirstOnnxOpset, kLastOnnxOpset}, opset_,
        absl::StrCat("version of ONNX's operators, ", kFirstOnnxOpset, " to ",
                     kLastOnnxOpset, " (", OnnxOptions().opset, ")"));
    app.add_flag("--fold-batch-norm", fold_batch_norm_,
                 "fold batch normalizations into the products before\n"
                 "them: the same results but for rounding");
    app.add_flag("--external-weights", external_weights_,
                 "put the weights into a file of their own beside OUT");
    AddForce(app, force_);
  }

  absl::StatusOr<Outcome> Run() override {
    RETURN_IF_ERROR(CheckOutput("OUT", out_, {in_}, force_));
    RETURN_IF_ERROR(CheckModelOutput("OUT", out_));
    const bool onnx = absl::EndsWith(out_, ".onnx");
    if (opset_ != 0 && !onnx) {
      return UsageError(absl::StrCat("--opset: ", Quoted(out_),
                                     " is no ONNX file: expected .onnx"));
    }
    if (external_weights_ && absl::EndsWith(out_, ".pbtxt")) {
      return UsageError(absl::StrCat("--external-weights: ", Quoted(out_),
                                     " is a text file: expected .pb or .onnx"));
    }
    ASSIGN_OR_RETURN(Model model, LoadModel(in_));
    if (fold_batch_norm_) {
      absl::StatusOr<Model> folded = FoldBatchNorm(model);
      if (!folded.ok()) return Annotate(folded.status(), Quoted(in_));
      model = *std::move(folded);
    }
    SaveOptions options;
    options.external_weights = external_weights_;
    OnnxOptions onnx_options;
    onnx_options.external_weights = external_weights_;
    if (opset_ != 0) onnx_options.opset = static_cast<int>(opset_);
    const SignalHold hold;
    RETURN_IF_ERROR(onnx ? SaveOnnx(model, out_, onnx_options)
                         : Save(model, out_, options));
    return Outcome();
  }

 private:
  std::string in_;
  std::string out_;
  int64_t opset_ = 0;  // not given
  bool fold_batch_norm_ = false;
  bool external_weights_ = false;
  bool force_ = false;
};

}  // namespace

CommandRow ConvertCommand() {
  return {"convert", "Writes a model in another format.",
          "  espalier convert m.pb m.onnx\n"
          "  espalier convert m.pb m.onnx --opset 21\n"
          "  espalier convert m.pb m.onnx --fold-batch-norm\n"
          "  espalier convert m.pb m.onnx --external-weights\n"
          "  espalier convert m.pb m.pbtxt\n"
          "  espalier convert m.onnx m.pb\n",
          [] { return std::unique_ptr<Command>(new Convert); }};
}

}  // namespace tools
}  // namespace espalier
