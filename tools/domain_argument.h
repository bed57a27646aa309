// --domain: the box of inputs for which a model is meant.
#ifndef ESPALIER_TOOLS_DOMAIN_ARGUMENT_H_
#define ESPALIER_TOOLS_DOMAIN_ARGUMENT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "graph/tensor.h"
#include "tools/data_arguments.h"

namespace espalier {
namespace tools {

// What was typed: "lo:hi[,lo:hi...]", "data:D" or "declared".
class DomainArgument {
 public:
  CLI::Option* AddOption(CLI::App& app, const std::string& help);

  bool given() const { return !text_.empty(); }
  // The D of "data:D"; empty for other forms.
  std::string data() const;

  // For features of so many elements a sample; the form "declared" is an error.
  absl::StatusOr<InputDomain> ForFeatures(int64_t elements,
                                          const DataArguments& data) const;

  // For all f32 inputs of a graph, in its order; nothing for "declared", or
  // when the option was not given. ResourceExhausted: more than 2^27 elements.
  absl::StatusOr<absl::optional<std::map<std::string, InputDomain>>> ForGraph(
      const Graph& graph, const DataArguments& data) const;

 private:
  std::string text_;
};

// A pair of decimals per element, each end rounded outward to float32. Errors:
// an end that is no such number, a lower end above its upper one.
using DomainPairs = std::vector<std::pair<float, float>>;
absl::StatusOr<DomainPairs> ParseDomainPairs(absl::string_view text);

// The least and the largest value of each element over all rows.
InputDomain ObservedDomain(const Tensor& features);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_DOMAIN_ARGUMENT_H_
