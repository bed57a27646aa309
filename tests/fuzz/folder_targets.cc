#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "espalier/model.pb.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/external_file.h"
#include "serialization/model_file.h"
#include "tests/fuzz/folder_input.h"
#include "tests/fuzz/promises.h"
#include "tests/fuzz/targets.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;

void WriteFile(const fs::path& path, absl::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.flush();
  Require(file.good(), "a file can be written");
}

// A folder of this process with the files of kForbiddenNames. libFuzzer ends
// without removing it; who runs that gives it a TMPDIR to throw away.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "fuzz.XXXXXX").string();
    Require(mkdtemp(&name[0]) != nullptr, "a folder can be made");
    root_ = name;
    const fs::path outside = root_ / "outside";
    WriteFile(outside, std::string(kForbiddenBytes, '\0'));
    fs::create_directories(path() / "below");
    fs::create_symlink(outside, path() / "link");
    fs::create_directory_symlink(root_, path() / "linked");
    fs::create_hard_link(outside, path() / "second");
    Require(mkfifo((path() / "pipe").c_str(), 0600) == 0, "a pipe can be made");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  fs::path path() const { return root_ / "models"; }

 private:
  fs::path root_;
};

// In the folder, for one run.
class FileOfRun {
 public:
  FileOfRun(fs::path path, absl::string_view bytes) : path_(std::move(path)) {
    WriteFile(path_, bytes);
  }
  FileOfRun(const FileOfRun&) = delete;
  FileOfRun& operator=(const FileOfRun&) = delete;
  ~FileOfRun() { ::unlink(path_.c_str()); }

  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

bool Forbidden(absl::string_view name) {
  return std::find(std::begin(kForbiddenNames), std::end(kForbiddenNames),
                   name) != std::end(kForbiddenNames);
}

// The file that the weights are written to: the one that the model names, if
// that is free in the folder.
std::string FreeName(const std::string& name) {
  const size_t slash = name.find('/');
  const bool usable =
      CheckExternalName(name).ok() && !Forbidden(name) &&
      (slash == std::string::npos || name.rfind("below/", 0) == 0) &&
      slash == name.rfind('/');
  return usable ? name : "weights";
}

// Loads the input as a model called `name` whose weights are called `weights`.
// What is accepted keeps its promises, also without its values.
int Run(const FolderInput& input, const std::string& name,
        const std::string& weights) {
  static const Folder folder;
  std::error_code error;
  if (fs::exists(folder.path() / weights, error) || error) return 0;
  const FileOfRun model_file(folder.path() / name, input.model);
  const FileOfRun weights_file(folder.path() / weights, input.weights);
  const absl::StatusOr<Model> model = Load(model_file.path());
  const absl::StatusOr<Model> structure = LoadStructure(model_file.path());
  Require(model.ok() == structure.ok(),
          "a structure loads where its model does");
  if (!model.ok()) {
    RequireRefusal(model.status());
    return 0;
  }
  RequireModel(*model);
  RequireRoundTrips(*model);
  Require(structure->values.empty(), "a structure has no values");
  return 1;
}

void RequireAllowed(absl::string_view location) {
  Require(!Forbidden(location), absl::StrCat("no model reaches ", location));
}

}  // namespace

int FuzzModelFolder(const uint8_t* data, size_t size) {
  const FolderInput input = SplitFolder(AsString(data, size));
  v1::Model message;
  // Also of a damaged file as much as can be parsed.
  message.ParsePartialFromString(input.model);
  const int accepted = Run(input, "m.pb", FreeName(message.weights().name()));
  if (accepted == 1) RequireAllowed(message.weights().name());
  return accepted;
}

int FuzzOnnxFolder(const uint8_t* data, size_t size) {
  const FolderInput input = SplitFolder(AsString(data, size));
  onnx::ModelProto message;
  message.ParsePartialFromString(input.model);
  std::string weights;
  for (const onnx::TensorProto& tensor : message.graph().initializer()) {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location" && weights.empty()) weights = entry.value();
    }
  }
  const int accepted = Run(input, "m.onnx", FreeName(weights));
  if (accepted == 0) return 0;
  for (const onnx::TensorProto& tensor : message.graph().initializer()) {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") RequireAllowed(entry.value());
    }
  }
  return accepted;
}

}  // namespace espalier
