// A folder of a test's own, removed with everything in it at the end.
#ifndef ESPALIER_TESTS_SERIALIZATION_SCRATCH_FOLDER_H_
#define ESPALIER_TESTS_SERIALIZATION_SCRATCH_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "graph/check.h"

namespace espalier {

class ScratchFolder {
 public:
  ScratchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "espalier.XXXXXX");
    ESPALIER_CHECK(::mkdtemp(&path_[0]) != nullptr);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file with plain C++ streams and returns its path.
  std::string Write(const std::string& name, absl::string_view contents) const {
    std::ofstream stream(File(name), std::ios::binary);
    stream.write(contents.data(),
                 static_cast<std::streamsize>(contents.size()));
    ESPALIER_CHECK(stream.good());
    return File(name);
  }

  std::string Read(const std::string& name) const {
    std::ifstream stream(File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // The names of all files in the folder.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

 private:
  std::string path_;
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_SCRATCH_FOLDER_H_
