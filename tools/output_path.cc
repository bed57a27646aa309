#include "tools/output_path.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "serialization/external_file.h"
#include "serialization/model_file.h"
#include "serialization/tensor_file.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {
namespace {

namespace fs = std::filesystem;

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool SameFile(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error);
}

// Of a folder of data every file may be read, but for models.
bool IsInput(const fs::path& output, const fs::path& input) {
  std::error_code error;
  return SameFile(output, input) ||
         (fs::is_directory(input, error) && SameFile(FolderOf(output), input) &&
          !CheckModelName(output.string()).ok());
}

// Whether the model names the file as one of its weights, which lie below its
// folder.
bool IsWeightsOf(const fs::path& output, const std::string& model) {
  if (!CheckModelName(model).ok()) return false;
  std::error_code error;
  const fs::path file = fs::canonical(output, error);
  if (error) return false;
  const fs::path folder = fs::canonical(model, error).parent_path();
  return !error &&
         NamesExternal(model, file.lexically_relative(folder).string());
}

}  // namespace

absl::Status CheckOutput(absl::string_view option, const std::string& path,
                         const std::vector<std::string>& inputs, bool force) {
  const auto refuse = [&](absl::string_view why) {
    return UsageError(absl::StrCat(option, " ", Quoted(path), ": ", why));
  };
  fs::path output(path);
  std::error_code error;
  if (!fs::is_directory(FolderOf(output), error)) {
    return refuse(
        absl::StrCat("there is no folder ", Quoted(FolderOf(output).string())));
  }
  if (!output.has_filename()) return refuse("it is the name of a folder");
  // A link is written through, so what counts is where it leads.
  const fs::file_type type = fs::symlink_status(output, error).type();
  if (type == fs::file_type::none) return refuse(error.message());
  if (type == fs::file_type::symlink) {
    const fs::path leads_to = fs::canonical(output, error);
    if (error) {
      return refuse(absl::StrCat("a symbolic link that cannot be followed: ",
                                 error.message()));
    }
    output = leads_to;
  }
  if (access(FolderOf(output).c_str(), W_OK) != 0) {
    return refuse(
        absl::StrCat("cannot write to its folder: ", std::strerror(errno)));
  }
  if (type == fs::file_type::not_found) return absl::OkStatus();
  if (!fs::is_regular_file(output, error)) {
    return refuse("it is there already and no regular file");
  }
  // Before input models are searched for names of weights.
  if (force) return absl::OkStatus();
  for (const std::string& input : inputs) {
    const char* const what = IsInput(output, input)       ? "the input "
                             : IsWeightsOf(output, input) ? "weights of "
                                                          : nullptr;
    if (what != nullptr) {
      return refuse(absl::StrCat("it would overwrite ", what, Quoted(input),
                                 "; --force allows it"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTextOutput(absl::string_view option,
                             const std::string& path) {
  const auto is_taken = [](const std::string& name) {
    return CheckModelName(name).ok() || IsTensorFileName(name) ||
           ChecksumInWeightsName(name).has_value();
  };
  // A link is written through.
  std::error_code error;
  const fs::path leads_to = fs::canonical(path, error);
  if (!is_taken(path) && (error || !is_taken(leads_to.string()))) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat(
      option, " ", Quoted(path),
      ": expected the name of a text file, found that of a model or of "
      "weights"));
}

bool SameOutput(const std::string& a, const std::string& b) {
  const fs::path path_a(a);
  const fs::path path_b(b);
  return SameFile(path_a, path_b) ||
         (path_a.filename() == path_b.filename() &&
          SameFile(FolderOf(path_a), FolderOf(path_b)));
}

}  // namespace tools
}  // namespace espalier
