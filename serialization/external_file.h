// Files that a model names: its weights, where they are too many for one
// message. This is the only door to them. A model of a stranger must not reach
// what is outside its folder, so a name goes down from the folder and nowhere
// else, through no symbolic link, to a regular file that has no other name.
#ifndef ESPALIER_SERIALIZATION_EXTERNAL_FILE_H_
#define ESPALIER_SERIALIZATION_EXTERNAL_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "serialization/file.h"
#include "serialization/file_reader.h"
#include "serialization/file_system.h"

namespace espalier {

// Whether it is a relative name of at most 255 bytes, without empty components,
// `.`, `..`, backslashes and control characters; slashes part components.
absl::Status CheckExternalName(absl::string_view name);

// Opens what a model in `folder` calls `name`. PermissionDenied where a
// symbolic link or a second (hard) link is in the way, else the codes of
// CheckExternalName and FileReader::Open.
absl::StatusOr<FileReader> OpenExternal(const std::string& folder,
                                        const std::string& name,
                                        int64_t max_bytes,
                                        FileSystem& files = RealFileSystem());

// Whether `name` stands in the model as a text of its own: as it does if that
// is the name of a file of its weights. False of what cannot be read.
bool NamesExternal(const std::string& model, absl::string_view name,
                   FileSystem& files = RealFileSystem());

// How a file of weights is called whose model has the name `model` and whose
// bytes have the CRC-32C: `<model>.<checksum>.weights`. InvalidArgument if no
// model could be loaded with it.
absl::StatusOr<std::string> WeightsName(const std::string& model,
                                        uint32_t checksum);

// The checksum in such a name, whatever the model is called.
absl::optional<uint32_t> ChecksumInWeightsName(absl::string_view name);

struct WeightsFile {
  std::string name;  // of WeightsName
  FilePieces contents;
};

// Writes a model and, if there is one, its file of weights, which comes first;
// when the model is in its place, what it had for weights before, or a killed
// writer left, is removed, but for what another model of the folder names. So
// at every moment the model under this name is the old one or the new one, with
// its weights. Writers of one folder that have weights to write or to remove
// wait for each other.
absl::Status WriteModel(const std::string& path, const FilePieces& model,
                        const absl::optional<WeightsFile>& weights,
                        FileSystem& files = RealFileSystem());

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_EXTERNAL_FILE_H_
