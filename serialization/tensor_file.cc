#include "serialization/tensor_file.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/file.h"
#include "serialization/file_reader.h"
#include "serialization/name_list.h"
#include "serialization/npz.h"
#include "serialization/safetensors.h"
#include "serialization/weights_file.h"
#include "serialization/zip.h"

namespace espalier {
namespace {

constexpr absl::string_view kNpz = ".npz";
constexpr absl::string_view kSafetensors = ".safetensors";

absl::Status NameError() {
  return absl::InvalidArgumentError(
      "the name of a file of tensors ends in .npz or .safetensors");
}

std::string List(const std::vector<std::string>& described) {
  return ListNames(described, [](const std::string& one) { return one; });
}

absl::Status Write(const NamedTensors& tensors, const std::string& path) {
  if (absl::EndsWith(path, kNpz)) {
    ZipWriter writer;
    RETURN_IF_ERROR(WriteNpz(tensors, &writer));
    return WriteFile(path, writer.Finish());
  }
  if (!absl::EndsWith(path, kSafetensors)) return NameError();
  ASSIGN_OR_RETURN(const std::string header, SafetensorsHeader(tensors));
  FilePieces pieces = {header};
  for (const auto& [name, tensor] : tensors) {
    pieces.emplace_back(static_cast<const char*>(tensor.raw()),
                        tensor.num_bytes());
  }
  return WriteFile(path, pieces);
}

// SetValues' error.
absl::Status CompareTypes(const TensorTypes& types, const Graph& graph) {
  std::vector<std::string> missing;
  std::vector<std::string> differing;
  size_t leaves = 0;
  for (const Node& node : graph.nodes()) {
    if (LeafInitializer(*node.op) == nullptr) continue;
    ++leaves;
    const auto type = types.find(node.name);
    if (type == types.end()) {
      missing.push_back(Quoted(node.name));
    } else if (type->second != node.type) {
      differing.push_back(absl::StrCat(Quoted(node.name), " is ",
                                       type->second.ToString(), ", expected ",
                                       node.type.ToString()));
    }
  }
  std::vector<std::string> extra;
  if (types.size() != leaves - missing.size()) {
    for (const auto& [name, type] : types) {
      const NodeId id = graph.Find(name);
      if (id == kNoNode || LeafInitializer(*graph.node(id).op) == nullptr) {
        extra.push_back(Quoted(name));
      }
    }
  }
  std::vector<std::string> wrong;
  if (!missing.empty()) wrong.push_back("missing: " + List(missing));
  if (!extra.empty()) {
    wrong.push_back("of no parameter or state: " + List(extra));
  }
  if (!differing.empty()) {
    wrong.push_back("of another type: " + List(differing));
  }
  if (wrong.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the tensors are not the model's; ", absl::StrJoin(wrong, "; ")));
}

// Elements of fewer bits in the file have 32 in memory.
absl::Status CheckMemory(const TensorTypes& types) {
  double bytes = 0;
  for (const auto& [name, type] : types) {
    bytes += 4.0 * static_cast<double>(type.shape.num_elements());
  }
  if (bytes <= static_cast<double>(PhysicalMemory())) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "gives %.0f bytes of numbers: expected at most the %d of the machine's "
      "memory",
      bytes, PhysicalMemory()));
}

absl::StatusOr<NamedTensors> Read(const std::string& path, CheckTypes check) {
  const bool npz = absl::EndsWith(path, kNpz);
  if (!npz && !absl::EndsWith(path, kSafetensors)) return NameError();
  ASSIGN_OR_RETURN(FileReader file,
                   FileReader::OpenUnnamed(path, PhysicalMemory()));
  const auto check_all = [&](const TensorTypes& types) -> absl::Status {
    RETURN_IF_ERROR(check(types));
    return CheckMemory(types);
  };
  return npz ? ReadNpz(&file, check_all) : ReadSafetensors(&file, check_all);
}

}  // namespace

bool IsTensorFileName(const std::string& path) {
  return absl::EndsWith(path, kNpz) || absl::EndsWith(path, kSafetensors);
}

absl::Status SaveTensors(const NamedTensors& tensors, const std::string& path) {
  return Annotate(Write(tensors, path), absl::StrCat("save ", Quoted(path)));
}

absl::StatusOr<NamedTensors> LoadTensors(const std::string& path) {
  absl::StatusOr<NamedTensors> tensors = Read(path, AnyTypes);
  if (tensors.ok()) return tensors;
  return Annotate(tensors.status(), absl::StrCat("load ", Quoted(path)));
}

absl::StatusOr<NamedTensors> LoadTensors(const std::string& path,
                                         const Graph& graph) {
  absl::Status same;
  absl::StatusOr<NamedTensors> tensors =
      Read(path, [&](const TensorTypes& types) {
        same = CompareTypes(types, graph);
        return same;
      });
  if (tensors.ok()) return tensors;
  // The file is sound, but of another model.
  if (!same.ok()) return Annotate(same, Quoted(path));
  return Annotate(tensors.status(), absl::StrCat("load ", Quoted(path)));
}

absl::Status SetValues(NamedTensors values, Model* model) {
  TensorTypes types;
  for (const auto& [name, value] : values) types.emplace(name, value.type());
  RETURN_IF_ERROR(CompareTypes(types, model->graph));
  model->values = std::move(values);
  return absl::OkStatus();
}

}  // namespace espalier
