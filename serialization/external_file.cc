#include "serialization/external_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/open_file.h"
#include "serialization/utf8.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

constexpr size_t kLongestName = 255;  // bytes
constexpr size_t kChecksumDigits = 8;
constexpr absl::string_view kWeightsEnding = ".weights";

// How long a writer waits for another one, in steps of 20 ms: 10 minutes.
constexpr int kLockAttempts = 30000;
constexpr int kLockStepMilliseconds = 20;

absl::Status LinkError() {
  return absl::PermissionDeniedError(
      "a symbolic link is in the way: expected a file in the model's folder");
}

// What openat2 does where the system has it, one component at a time.
absl::StatusOr<OpenFile> OpenByComponents(FileSystem& files, OpenFile folder,
                                          absl::string_view name, int flags) {
  const std::vector<std::string> components = absl::StrSplit(name, '/');
  std::vector<OpenFile> parents;
  parents.push_back(std::move(folder));
  for (size_t i = 0; i < components.size(); ++i) {
    ASSIGN_OR_RETURN(OpenFile entry,
                     OpenAt(files, parents.back().get(), components[i],
                            O_PATH | O_NOFOLLOW));
    struct stat status;
    if (files.Stat(entry.get(), &status) != 0) return SystemError("stat");
    if (S_ISLNK(status.st_mode)) return LinkError();
    if (i + 1 < components.size()) {
      parents.push_back(std::move(entry));
    }
  }
  const int descriptor = Uninterrupted([&] {
    return files.Open(parents.back().get(), components.back().c_str(),
                      flags | O_NOFOLLOW | O_CLOEXEC, 0);
  });
  if (descriptor >= 0) return OpenFile(files, descriptor);
  if (errno == ELOOP) return LinkError();
  return SystemError();
}

absl::StatusOr<OpenFile> OpenBeneath(FileSystem& files, OpenFile folder,
                                     const std::string& name) {
  // Without O_NONBLOCK the open of a FIFO waits for a writer.
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  const int descriptor = Uninterrupted([&] {
    return files.OpenBeneath(folder.get(), name.c_str(), kFlags | O_CLOEXEC);
  });
  if (descriptor >= 0) return OpenFile(files, descriptor);
  if (errno == ELOOP || errno == EXDEV) return LinkError();
  // An old kernel, or a sandbox that does not know the call.
  if (errno == ENOSYS || errno == EPERM) {
    return OpenByComponents(files, std::move(folder), name, kFlags);
  }
  return SystemError();
}

absl::StatusOr<FileReader> Open(const std::string& folder,
                                const std::string& name, int64_t max_bytes,
                                FileSystem& files) {
  RETURN_IF_ERROR(CheckExternalName(name));
  ASSIGN_OR_RETURN(OpenFile parent,
                   OpenAt(files, AT_FDCWD, folder, O_PATH | O_DIRECTORY));
  ASSIGN_OR_RETURN(OpenFile file, OpenBeneath(files, std::move(parent), name));
  ASSIGN_OR_RETURN(FileReader reader,
                   FileReader::Of(std::move(file), name, max_bytes, files));
  if (reader.links() != 1) {
    return absl::PermissionDeniedError(absl::StrCat(
        "has ", reader.links(),
        " names (hard links): expected a file of the model's own"));
  }
  return reader;
}

// Whether weights of this name belong to the model.
bool IsWeightsOf(const std::string& model, absl::string_view candidate) {
  return ChecksumInWeightsName(candidate).has_value() &&
         candidate.size() ==
             model.size() + 1 + kChecksumDigits + kWeightsEnding.size() &&
         absl::ConsumePrefix(&candidate, model);
}

// OK without a lock where the file system has none.
absl::Status LockFolder(FileSystem& files, int folder) {
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    if (Uninterrupted([&] { return files.TryLock(folder); }) == 0 ||
        errno != EWOULDBLOCK) {
      return absl::OkStatus();
    }
    files.Wait(kLockStepMilliseconds);
  }
  return absl::UnavailableError(
      "another program keeps saving weights in this folder");
}

// Which file a name stands for; nothing if there is none.
absl::optional<ino_t> IdentityOf(FileSystem& files, int folder,
                                 const std::string& name) {
  const absl::StatusOr<OpenFile> file =
      OpenAt(files, folder, name, O_PATH | O_NOFOLLOW);
  struct stat status;
  if (!file.ok() || files.Stat(file->get(), &status) != 0) {
    return absl::nullopt;
  }
  return status.st_ino;
}

// All weights of the model that are there. None where names cannot be listed:
// then nothing is removed, and nothing depends on it.
std::vector<std::string> ListWeights(FileSystem& files, int folder,
                                     const std::string& model) {
  std::vector<std::string> names;
  if (files.List(folder, &names) != 0) return {};
  names.erase(std::remove_if(names.begin(), names.end(),
                             [&](const std::string& name) {
                               return !IsWeightsOf(model, name);
                             }),
              names.end());
  return names;
}

// Takes from `names` those that stand in the file.
absl::Status TakeNamed(FileReader& file, std::vector<std::string>* names) {
  constexpr size_t kPiece = size_t{1} << 20;
  constexpr size_t kMostLengthBytes = 2;  // NamesExternal
  std::string window;  // a piece, after what a name may begin in
  for (int64_t left = file.size(); left > 0 && !names->empty();) {
    const size_t kept =
        std::min(window.size(), kLongestName + kMostLengthBytes);
    window.erase(0, window.size() - kept);
    const auto size =
        static_cast<size_t>(std::min(left, static_cast<int64_t>(kPiece)));
    window.resize(kept + size);
    RETURN_IF_ERROR(file.Read(&window[kept], size));
    left -= static_cast<int64_t>(size);
    names->erase(std::remove_if(names->begin(), names->end(),
                                [&](const std::string& name) {
                                  return absl::StrContains(window, name);
                                }),
                 names->end());
  }
  return absl::OkStatus();
}

// Those of the weights that no other model of the folder names: one that was
// renamed still does. None where a model cannot be read.
std::vector<std::string> NamedNowhereElse(FileSystem& files, int folder,
                                          const std::string& model,
                                          std::vector<std::string> weights) {
  std::vector<std::string> names;
  if (weights.empty() || files.List(folder, &names) != 0) return {};
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  for (const std::string& name : names) {
    if (name == model ||
        !(absl::EndsWith(name, ".pb") || absl::EndsWith(name, ".onnx"))) {
      continue;
    }
    absl::StatusOr<OpenFile> file = OpenAt(files, folder, name, kFlags);
    if (absl::IsNotFound(file.status())) continue;
    if (!file.ok()) return {};
    absl::StatusOr<FileReader> reader = FileReader::Of(
        *std::move(file), name, std::numeric_limits<int64_t>::max(), files);
    if (absl::IsInvalidArgument(reader.status())) continue;  // no file
    if (!reader.ok() || !TakeNamed(*reader, &weights).ok()) return {};
  }
  return weights;
}

// REQUIRES: the folder is locked.
absl::Status WriteBoth(const std::string& path, const FilePlace& place,
                       int folder, const FilePieces& model,
                       const absl::optional<WeightsFile>& weights,
                       FileSystem& files) {
  std::vector<std::string> before = ListWeights(files, folder, place.name);
  const auto is_new = [&](const std::string& name) {
    return weights.has_value() && name == weights->name;
  };
  if (weights.has_value()) {
    // The next weights will have another name: it is the model whose next
    // writer must find the temporary.
    RETURN_IF_ERROR(WriteFileAt({place.folder, weights->name},
                                weights->contents, place.name, files));
  }
  const absl::optional<ino_t> old = IdentityOf(files, folder, place.name);
  const absl::Status written = WriteFile(path, model, files);
  if (!written.ok()) {
    // Unless the new model is in place, and only its durability in doubt.
    if (weights.has_value() && old == IdentityOf(files, folder, place.name) &&
        std::none_of(before.begin(), before.end(), is_new)) {
      files.Unlink(folder, weights->name.c_str());
    }
    return written;
  }
  before.erase(std::remove_if(before.begin(), before.end(), is_new),
               before.end());
  for (const std::string& name :
       NamedNowhereElse(files, folder, place.name, std::move(before))) {
    files.Unlink(folder, name.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckExternalName(absl::string_view name) {
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name of an external file ", why, ": ",
                     Quoted(name.substr(0, kLongestName))));
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > kLongestName) {
    return refuse(
        absl::StrCat("has ", name.size(), " bytes, more than ", kLongestName));
  }
  if (HasControlCharacter(name)) return refuse("holds a control character");
  if (!IsUtf8(name)) return refuse("is not UTF-8");
  if (name.front() == '/') return refuse("is absolute");
  if (name.find('\\') != absl::string_view::npos) {
    return refuse("holds a backslash");
  }
  for (const absl::string_view component : absl::StrSplit(name, '/')) {
    if (component.empty() || component == "." || component == "..") {
      return refuse("is not plain");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<FileReader> OpenExternal(const std::string& folder,
                                        const std::string& name,
                                        int64_t max_bytes, FileSystem& files) {
  absl::StatusOr<FileReader> reader = Open(folder, name, max_bytes, files);
  if (reader.ok()) return reader;
  return Annotate(
      reader.status(),
      absl::StrCat("external file ", Quoted(name.substr(0, kLongestName))));
}

bool NamesExternal(const std::string& model, absl::string_view name,
                   FileSystem& files) {
  if (!CheckExternalName(name).ok()) return false;
  absl::StatusOr<FileReader> file =
      FileReader::Open(model, std::numeric_limits<int64_t>::max(), files);
  // Protobuf writes a text behind its length.
  std::string text;
  AppendVarint(name.size(), &text);
  absl::StrAppend(&text, name);
  std::vector<std::string> texts = {std::move(text)};
  return file.ok() && TakeNamed(*file, &texts).ok() && texts.empty();
}

absl::StatusOr<std::string> WeightsName(const std::string& model,
                                        uint32_t checksum) {
  std::string name = absl::StrCat(
      model, ".", absl::Hex(checksum, absl::kZeroPad8), kWeightsEnding);
  RETURN_IF_ERROR(CheckExternalName(name));
  return name;
}

absl::optional<uint32_t> ChecksumInWeightsName(absl::string_view name) {
  if (!absl::ConsumeSuffix(&name, kWeightsEnding) ||
      name.size() <= kChecksumDigits) {
    return absl::nullopt;
  }
  const absl::string_view digits = name.substr(name.size() - kChecksumDigits);
  uint32_t checksum;
  if (name[name.size() - kChecksumDigits - 1] != '.' ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit) ||
      !absl::SimpleHexAtoi(digits, &checksum)) {
    return absl::nullopt;
  }
  return checksum;
}

absl::Status WriteModel(const std::string& path, const FilePieces& model,
                        const absl::optional<WeightsFile>& weights,
                        FileSystem& files) {
  const auto annotate = [&path](const absl::Status& status) {
    return Annotate(status, absl::StrCat("write ", Quoted(path)));
  };
  const absl::StatusOr<FilePlace> place = FindPlace(path);
  if (!place.ok()) return annotate(place.status());
  const absl::StatusOr<OpenFile> folder =
      OpenAt(files, AT_FDCWD, place->folder, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) {
    return annotate(Annotate(folder.status(),
                             absl::StrCat("folder ", Quoted(place->folder))));
  }
  if (!weights.has_value() &&
      ListWeights(files, folder->get(), place->name).empty()) {
    return WriteFile(path, model, files);
  }
  const absl::Status locked = LockFolder(files, folder->get());
  if (!locked.ok()) {
    return annotate(
        Annotate(locked, absl::StrCat("folder ", Quoted(place->folder))));
  }
  return WriteBoth(path, *place, folder->get(), model, weights, files);
}

}  // namespace espalier
