#include "absl/strings/str_cat.h"
#include "graph/model.h"
#include "graph/text.h"
#include "ops/registry.h"
#include "serialization/model_codec.h"
#include "tests/random_graphs/checks.h"
#include "tests/testing/execution.h"

namespace espalier {
namespace {

std::string CompareModels(const Model& found, const Model& expected) {
  if (PrintGraph(found.graph) != PrintGraph(expected.graph)) {
    return absl::StrCat("another graph:\n", PrintGraph(found.graph));
  }
  if (found.values != expected.values) return "other values";
  if (found.domains.size() != expected.domains.size()) return "other domains";
  for (const auto& [name, domain] : expected.domains) {
    const auto other = found.domains.find(name);
    if (other == found.domains.end() || other->second.lower != domain.lower ||
        other->second.upper != domain.upper) {
      return absl::StrCat("another domain of ", name);
    }
  }
  return found.producer == expected.producer ? "" : "another producer";
}

template <typename Encode, typename Decode>
std::string RoundTrip(const Model& model, const Encode& encode,
                      const Decode& decode) {
  const absl::StatusOr<std::string> bytes = encode(model);
  if (!bytes.ok()) return bytes.status().ToString();
  const absl::StatusOr<Model> read = decode(*bytes);
  if (!read.ok()) return read.status().ToString();
  const std::string wrong = CompareModels(*read, model);
  if (!wrong.empty()) return wrong;
  const absl::StatusOr<std::string> second = encode(*read);
  if (!second.ok()) return second.status().ToString();
  return *second == *bytes ? "" : "other bytes when written again";
}

}  // namespace

Outcome CheckRoundTrips(const TestGraph& test,
                        CheckStatistics* /*statistics*/) {
  const std::string text = PrintGraph(test.graph);
  const absl::StatusOr<Graph> parsed = ParseGraph(text, StandardOps());
  if (!parsed.ok()) {
    return {Verdict::kFailed,
            absl::StrCat("parse: ", parsed.status().ToString())};
  }
  if (PrintGraph(*parsed) != text) {
    return {Verdict::kFailed,
            absl::StrCat("parse: another graph:\n", PrintGraph(*parsed))};
  }
  Model model;
  model.graph = test.graph;
  const LeafValues leaves = DrawLeaves(test, 1, 0);
  model.values = StoredValues(test.graph, leaves);
  model.producer = "random graphs";
  for (NodeId id : test.graph.inputs()) {
    const Node& node = test.graph.node(id);
    if (node.type.dtype != DataType::kF32) continue;
    InputDomain& domain = model.domains[node.name];
    for (double x : leaves.at(node.name).values()) {
      domain.lower.push_back(static_cast<float>(x));
      domain.upper.push_back(static_cast<float>(x + 1));
    }
  }
  const std::string binary = RoundTrip(
      model, [](const Model& m) { return EncodeModel(m); },
      [](const std::string& b) { return DecodeModel(b, StandardOps()); });
  if (!binary.empty()) {
    return {Verdict::kFailed, absl::StrCat("binary: ", binary)};
  }
  const std::string as_text = RoundTrip(
      model, [](const Model& m) { return EncodeModelText(m); },
      [](const std::string& b) { return DecodeModelText(b, StandardOps()); });
  if (!as_text.empty()) {
    return {Verdict::kFailed, absl::StrCat("text: ", as_text)};
  }
  return {};
}

}  // namespace espalier
