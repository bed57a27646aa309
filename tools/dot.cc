#include "tools/dot.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace espalier {
namespace tools {
namespace {

// Between double quotes, `\n` between two lines staying what it is.
std::string DotString(absl::string_view first, absl::string_view second = "") {
  const std::vector<std::pair<absl::string_view, absl::string_view>> escapes = {
      {"\\", "\\\\"}, {"\"", "\\\""}};
  return absl::StrCat("\"", absl::StrReplaceAll(first, escapes),
                      second.empty() ? "" : "\\n",
                      absl::StrReplaceAll(second, escapes), "\"");
}

absl::string_view StyleOf(const Node& node) {
  const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
  if (!leaf.has_value()) return "shape=box";
  return leaf == LeafKind::kInput ? "shape=ellipse, style=bold"
                                  : "shape=ellipse, style=dashed";
}

}  // namespace

std::string ToDot(const Graph& graph) {
  std::string text = absl::StrCat("digraph ", DotString(graph.name()), " {\n");
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    absl::StrAppend(&text, "  n", id, " [label=",
                    DotString(node.name, absl::StrCat(node.op->kind(), " ",
                                                      node.type.ToString())),
                    ", ", StyleOf(node), "];\n");
    for (const NodeId input : node.inputs) {
      absl::StrAppend(&text, "  n", input, " -> n", id, ";\n");
    }
  }
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const GraphOutput& output = graph.outputs()[i];
    absl::StrAppend(&text, "  output", i, " [label=", DotString(output.name),
                    ", shape=ellipse, style=bold];\n  n", output.node,
                    " -> output", i, ";\n");
  }
  for (const GraphUpdate& update : graph.updates()) {
    absl::StrAppend(&text, "  n", update.value, " -> n", update.leaf,
                    " [style=dotted, constraint=false];\n");
  }
  return text + "}\n";
}

}  // namespace tools
}  // namespace espalier
