// Inputs of the targets that read a folder: a model and the file of weights
// that it names.
#ifndef ESPALIER_TESTS_FUZZ_FOLDER_INPUT_H_
#define ESPALIER_TESTS_FUZZ_FOLDER_INPUT_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "serialization/bytes.h"

namespace espalier {

// Written as the size of the model's file in four bytes, that file, the
// weights.
struct FolderInput {
  std::string model;
  std::string weights;
};

inline std::string JoinFolder(const FolderInput& folder) {
  std::string bytes;
  AppendLittle(&bytes, static_cast<uint32_t>(folder.model.size()));
  return bytes + folder.model + folder.weights;
}

// Of any bytes.
inline FolderInput SplitFolder(absl::string_view bytes) {
  constexpr size_t kSizeBytes = 4;
  if (bytes.size() < kSizeBytes) return {};
  const size_t size = LoadLittle<uint32_t>(bytes.data());
  bytes.remove_prefix(kSizeBytes);
  return {std::string(bytes.substr(0, size)),
          std::string(bytes.substr(std::min(size, bytes.size())))};
}

// Beside the model there are files that no model may reach, by these names.
inline constexpr absl::string_view kForbiddenNames[] = {
    "link", "linked/outside", "second", "pipe", "../outside", "/dev/zero"};
// But for the pipe and the device they are one file, of so many zeros: a model
// with such weights would load, could it reach them.
inline constexpr size_t kForbiddenBytes = 256;

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_FOLDER_INPUT_H_
