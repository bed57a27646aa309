#include <cmath>
#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/variant.h"
#include "graph/text.h"

namespace espalier {
namespace {

// Nine significant digits give every f32 back; a dot or exponent tells a float
// from an integer; a NaN is printed with its bits.
std::string FloatText(float value) {
  if (std::isnan(value)) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return absl::StrFormat("nan(0x%08x)", bits);
  }
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = absl::StrFormat("%.9g", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string TensorText(const Tensor& tensor) {
  std::string values;
  if (tensor.dtype() == DataType::kF32) {
    values = absl::StrJoin(
        tensor.data<float>(), ", ",
        [](std::string* out, float value) { out->append(FloatText(value)); });
  } else {
    values = absl::StrJoin(tensor.data<int32_t>(), ", ");
  }
  return absl::StrCat(tensor.type().ToString(), "{", values, "}");
}

struct AttributePrinter {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return absl::StrCat(value); }
  std::string operator()(float value) const { return FloatText(value); }
  std::string operator()(const std::string& value) const {
    return absl::StrCat("\"", absl::CEscape(value), "\"");
  }
  std::string operator()(const std::vector<int64_t>& value) const {
    return absl::StrCat("[", absl::StrJoin(value, ", "), "]");
  }
  std::string operator()(const Tensor& value) const {
    return TensorText(value);
  }
};

std::string NodeText(const Graph& graph, const Node& node) {
  const std::string inputs =
      absl::StrJoin(node.inputs, ", ", [&](std::string* out, NodeId input) {
        out->append(graph.node(input).name);
      });
  const std::string attributes = absl::StrJoin(
      node.op->attributes(), ", ",
      [](std::string* out, const Attribute& attribute) {
        absl::StrAppend(out, attribute.name, "=",
                        absl::visit(AttributePrinter(), attribute.value));
      });
  const absl::string_view between =
      inputs.empty() || attributes.empty() ? "" : "; ";
  return absl::StrCat("  ", node.name, ": ", node.type.ToString(), " = ",
                      node.op->kind(), "(", inputs, between, attributes, ")\n");
}

}  // namespace

std::string PrintGraph(const Graph& graph) {
  std::string text = absl::StrCat("graph ", graph.name(), " {\n");
  for (const Node& node : graph.nodes()) text += NodeText(graph, node);
  for (const GraphOutput& output : graph.outputs()) {
    absl::StrAppend(&text, "  output ", output.name, " = ",
                    graph.node(output.node).name, "\n");
  }
  for (const GraphUpdate& update : graph.updates()) {
    absl::StrAppend(&text, "  update ", graph.node(update.leaf).name, " = ",
                    graph.node(update.value).name, "\n");
  }
  return text + "}\n";
}

}  // namespace espalier
