// Models in, and whatever a command makes out.
#ifndef ESPALIER_TOOLS_FILES_H_
#define ESPALIER_TOOLS_FILES_H_

#include <csignal>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/model.h"

namespace espalier {
namespace tools {

// A model; errors are marked as bad input.
absl::StatusOr<Model> LoadModel(const std::string& path);
// The same without its values (LoadStructure).
absl::StatusOr<Model> LoadModelStructure(const std::string& path);

// A usage error that names `option` if no model can be saved under this name.
absl::Status CheckModelOutput(absl::string_view option,
                              const std::string& path);

// While it lives, SIGINT, SIGTERM and SIGHUP do nothing: for the moments in
// which outputs are written, so that no temporary file is left behind.
class SignalHold {
 public:
  SignalHold();
  SignalHold(const SignalHold&) = delete;
  SignalHold& operator=(const SignalHold&) = delete;
  ~SignalHold();

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction before_[3];
};

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_FILES_H_
