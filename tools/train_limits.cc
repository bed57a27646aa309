#include "tools/train_limits.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "serialization/model_file.h"
#include "tools/exit_code.h"
#include "tools/table.h"

namespace espalier {
namespace tools {
namespace {

// Parameters of a multilayer network; never more than a double holds.
double CountMlpParameters(const Dataset& data,
                          const std::vector<int64_t>& hidden, bool batch_norm) {
  double inputs =
      static_cast<double>(data.features().num_elements() / data.rows());
  double parameters = 0;
  for (const int64_t units : hidden) {
    // With weights a bias, and scale and shift of batch normalization.
    parameters += (inputs + (batch_norm ? 3 : 1)) * static_cast<double>(units);
    inputs = static_cast<double>(units);
  }
  return parameters;
}

}  // namespace

absl::Status CheckNetworkSize(const Dataset& data,
                              const std::vector<int64_t>& hidden,
                              bool batch_norm) {
  const double parameters = CountMlpParameters(data, hidden, batch_norm);
  if (parameters * sizeof(float) > kMaxTensorBytes) {
    return UsageError(absl::StrCat(
        "--hidden: a model file holds at most ",
        FormatCount(int64_t{kMaxTensorBytes / sizeof(float)}),
        " parameters, this network has ", FormatCount(parameters)));
  }
  const double bytes = parameters * 5 * sizeof(float);
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes <= memory) return absl::OkStatus();
  return UsageError(absl::StrCat("--hidden: training ", FormatCount(parameters),
                                 " parameters takes ", FormatCount(bytes),
                                 " bytes, and this machine has ",
                                 FormatCount(memory)));
}

}  // namespace tools
}  // namespace espalier
