// The options by which commands take data.
#ifndef ESPALIER_TOOLS_DATA_ARGUMENTS_H_
#define ESPALIER_TOOLS_DATA_ARGUMENTS_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "graph/graph.h"
#include "graph/tensor.h"
#include "training/dataset.h"

namespace espalier {
namespace tools {

// --data D, and what belongs to its format: --target, --task and --labels.
// Errors of reading are marked as bad input.
class DataArguments {
 public:
  // Gives the option --data.
  CLI::Option* AddOptions(CLI::App& app, const std::string& help);

  bool given() const { return !data_.empty(); }
  const std::string& data() const { return data_; }
  // The same options for data described elsewhere on the command line.
  DataArguments For(const std::string& data) const;

  // A usage error for an option that belongs to none of the descriptions.
  absl::Status CheckOptions(const std::vector<std::string>& described) const;

  // An error about data that does not fit the graph; of classes for an output
  // of one number, with the option that may have been forgotten.
  absl::Status WithTaskHint(const absl::Status& error, const Graph& graph,
                            const Dataset& data) const;

  // The files and folders that are read, for CheckOutput.
  std::vector<std::string> Inputs() const { return {data_, labels_}; }

  absl::StatusOr<Dataset> Load() const;

  // Only the features of the part; of an .npy file they need no labels. Without
  // a part: the test part where the data has one, else all.
  absl::StatusOr<Tensor> LoadFeatures(absl::optional<DataPart> part) const;
  // The same in the form of the graph's one input.
  absl::StatusOr<Tensor> LoadFeaturesFor(const Graph& graph,
                                         absl::optional<DataPart> part) const;

 private:
  std::string data_;
  std::string target_;
  std::string task_;
  std::string labels_;
};

// --split; the default is the test part where the data has one, else all.
CLI::Option* AddSplit(CLI::App& app, absl::optional<DataPart>& part);
absl::StatusOr<Dataset> ChoosePart(const Dataset& data,
                                   absl::optional<DataPart> part);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_DATA_ARGUMENTS_H_
