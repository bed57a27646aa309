#include "tools/files.h"

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "serialization/model_file.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {

absl::StatusOr<Model> LoadModel(const std::string& path) {
  absl::StatusOr<Model> model = Load(path);
  if (!model.ok()) return BadInputError(model.status());
  return model;
}

absl::StatusOr<Model> LoadModelStructure(const std::string& path) {
  absl::StatusOr<Model> model = LoadStructure(path);
  if (!model.ok()) return BadInputError(model.status());
  return model;
}

absl::Status CheckModelOutput(absl::string_view option,
                              const std::string& path) {
  absl::Status named = CheckModelName(path);
  if (named.ok()) return named;
  return UsageError(
      absl::StrCat(option, " ", Quoted(path), ": ", named.message()));
}

SignalHold::SignalHold() {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &ignore, &before_[i]);
}

SignalHold::~SignalHold() {
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

}  // namespace tools
}  // namespace espalier
