// NumPy's .npz: a ZIP archive with an .npy file for each array.
#ifndef ESPALIER_SERIALIZATION_NPZ_H_
#define ESPALIER_SERIALIZATION_NPZ_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "serialization/byte_source.h"
#include "serialization/tensor_file.h"
#include "serialization/zip.h"

namespace espalier {

// As SaveTensors (tensor_file.h). The tensors must outlive the writer. Not
// written is what would not be read again: a name that is empty, too long, no
// UTF-8 or holds a control character (InvalidArgument), more than
// kMaxZipMembers and names too long for the directory (ResourceExhausted).
absl::Status WriteNpz(const NamedTensors& tensors, ZipWriter* writer);

// As LoadTensors (tensor_file.h), in two rounds: first the headers of all
// arrays, whose sizes and types are checked, then their elements.
absl::StatusOr<NamedTensors> ReadNpz(ByteSource* source, CheckTypes check);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_NPZ_H_
