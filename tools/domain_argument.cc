#include "tools/domain_argument.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "tools/exit_code.h"
#include "tools/numbers.h"
#include "tools/options.h"

namespace espalier {
namespace tools {
namespace {

constexpr absl::string_view kDeclared = "declared";
constexpr absl::string_view kDataPrefix = "data:";

// Of all inputs of a model together; their domains take 1 GiB.
constexpr int64_t kMaxElements = int64_t{1} << 27;

// One pair serves all elements, else there is one for each.
absl::Status CheckCount(const DomainPairs& pairs, int64_t elements) {
  const int64_t count = static_cast<int64_t>(pairs.size());
  if (count == 1 || count == elements) return absl::OkStatus();
  return UsageError(
      absl::StrCat("--domain: expected one pair, or one for each "
                   "of ",
                   elements, " elements, found ", count));
}

// The pairs of `elements` elements, the first of which has number `first`.
InputDomain Take(const DomainPairs& pairs, int64_t first, int64_t elements) {
  InputDomain domain;
  domain.lower.reserve(static_cast<size_t>(elements));
  domain.upper.reserve(static_cast<size_t>(elements));
  for (int64_t i = 0; i < elements; ++i) {
    const auto& [lower, upper] =
        pairs[pairs.size() == 1 ? 0 : static_cast<size_t>(first + i)];
    domain.lower.push_back(lower);
    domain.upper.push_back(upper);
  }
  return domain;
}

}  // namespace

absl::StatusOr<DomainPairs> ParseDomainPairs(absl::string_view text) {
  DomainPairs pairs;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, ':');
    if (ends.size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected lo:hi[,lo:hi...], data:D or declared, found ",
                       Quoted(part)));
    }
    ASSIGN_OR_RETURN(const float lower, ParseFloatRoundedDown(ends[0]));
    ASSIGN_OR_RETURN(const float upper, ParseFloatRoundedUp(ends[1]));
    if (lower > upper) {
      return absl::InvalidArgumentError(absl::StrCat(
          "expected a lower end and an upper one, found ", Quoted(part)));
    }
    pairs.emplace_back(lower, upper);
  }
  return pairs;
}

InputDomain ObservedDomain(const Tensor& features) {
  const absl::Span<const float> values = features.data<float>();
  const size_t elements =
      values.size() / static_cast<size_t>(features.shape().dim(0));
  InputDomain domain;
  domain.lower.assign(values.begin(), values.begin() + elements);
  domain.upper = domain.lower;
  for (size_t i = elements; i < values.size(); ++i) {
    float& lower = domain.lower[i % elements];
    float& upper = domain.upper[i % elements];
    lower = std::min(lower, values[i]);
    upper = std::max(upper, values[i]);
  }
  return domain;
}

CLI::Option* DomainArgument::AddOption(CLI::App& app, const std::string& help) {
  return tools::AddOption(
      app, "--domain", "DOMAIN",
      [this](absl::string_view text) -> absl::Status {
        text_ = std::string(text);
        if (text == kDataPrefix) {
          return absl::InvalidArgumentError("no data stands behind data:");
        }
        if (text == kDeclared || !data().empty()) return absl::OkStatus();
        return ParseDomainPairs(text).status();
      },
      help);
}

std::string DomainArgument::data() const {
  absl::string_view text = text_;
  return absl::ConsumePrefix(&text, kDataPrefix) ? std::string(text) : "";
}

absl::StatusOr<InputDomain> DomainArgument::ForFeatures(
    int64_t elements, const DataArguments& data) const {
  if (text_ == kDeclared) {
    return UsageError("--domain: only a model has a declared domain");
  }
  if (!this->data().empty()) {
    ASSIGN_OR_RETURN(const Tensor features,
                     data.For(this->data()).LoadFeatures(DataPart::kAll));
    return ObservedDomain(features);
  }
  ASSIGN_OR_RETURN(const DomainPairs pairs, ParseDomainPairs(text_));
  RETURN_IF_ERROR(CheckCount(pairs, elements));
  return Take(pairs, 0, elements);
}

absl::StatusOr<absl::optional<std::map<std::string, InputDomain>>>
DomainArgument::ForGraph(const Graph& graph, const DataArguments& data) const {
  if (!given() || text_ == kDeclared) return {absl::nullopt};
  std::map<std::string, InputDomain> domains;
  if (!this->data().empty()) {
    ASSIGN_OR_RETURN(
        const Tensor features,
        data.For(this->data()).LoadFeaturesFor(graph, DataPart::kAll));
    domains[graph.node(graph.inputs()[0]).name] = ObservedDomain(features);
    return {std::move(domains)};
  }
  ASSIGN_OR_RETURN(const DomainPairs pairs, ParseDomainPairs(text_));
  int64_t elements = 0;
  for (const NodeId id : graph.inputs()) {
    const Node& input = graph.node(id);
    if (input.type.dtype != DataType::kF32) continue;
    const int64_t count = input.type.shape.num_elements_per_sample();
    if (count > kMaxElements - elements) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "--domain: expected inputs of at most ", kMaxElements,
          " elements in all, input ", Quoted(input.name), " has ", count));
    }
    elements += count;
  }
  RETURN_IF_ERROR(CheckCount(pairs, elements));
  int64_t first = 0;
  for (const NodeId id : graph.inputs()) {
    const Node& input = graph.node(id);
    if (input.type.dtype != DataType::kF32) continue;
    const int64_t count = input.type.shape.num_elements_per_sample();
    domains[input.name] = Take(pairs, first, count);
    first += count;
  }
  return {std::move(domains)};
}

}  // namespace tools
}  // namespace espalier
