#include "tools/train_progress.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/table.h"
#include "tools/terminal.h"

namespace espalier {
namespace tools {
namespace {

// Lines of progress where there is no terminal to overwrite one on.
constexpr int kProgressLines = 20;

std::string FormatEpoch(const EpochReport& epoch, int epochs) {
  std::string text = absl::StrFormat("epoch %d/%d, loss %.6g", epoch.epoch,
                                     epochs, epoch.loss);
  if (epoch.validation_loss.has_value()) {
    absl::StrAppendFormat(&text, ", validation loss %.6g",
                          *epoch.validation_loss);
  }
  if (epoch.validation_accuracy.has_value()) {
    absl::StrAppend(&text, ", validation accuracy ",
                    FormatPercent(*epoch.validation_accuracy));
  }
  return absl::StrCat(text, ", ", FormatSeconds(epoch.seconds));
}

}  // namespace

void ReportProgress(FitOptions& options) {
  const int epochs = options.epochs;
  if (StderrIsTerminal()) {
    options.on_progress = [](const TrainProgress& progress) {
      PrintProgress(progress.ToString());
    };
    return;
  }
  const int every = std::max(1, epochs / kProgressLines);
  options.on_epoch = [epochs, every](const EpochReport& epoch) {
    if (epoch.epoch % every == 0 || epoch.epoch == epochs) {
      PrintMessage(FormatEpoch(epoch, epochs));
    }
  };
}

}  // namespace tools
}  // namespace espalier
