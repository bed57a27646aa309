// What `train` tells while it trains.
#ifndef ESPALIER_TOOLS_TRAIN_PROGRESS_H_
#define ESPALIER_TOOLS_TRAIN_PROGRESS_H_

#include "training/trainer.h"

namespace espalier {
namespace tools {

// One line that changes on a terminal, some lines elsewhere.
void ReportProgress(FitOptions& options);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_TRAIN_PROGRESS_H_
