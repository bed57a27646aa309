// Model files: docs/model_format.md describes them.
//
//   RETURN_IF_ERROR(Save(model, "cosine.pb"));
//   ASSIGN_OR_RETURN(Model again, Load("cosine.pb"));
#ifndef ESPALIER_SERIALIZATION_MODEL_FILE_H_
#define ESPALIER_SERIALIZATION_MODEL_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graph/model.h"
#include "graph/op.h"
#include "ops/registry.h"

namespace espalier {

// Of more bytes in its tensors no model file is saved or loaded: the values of
// larger models go to a file beside it.
inline constexpr int64_t kMaxTensorBytes = int64_t{3} << 29;  // 1.5 GiB

struct SaveOptions {
  // The values of parameters and states go to a file of their own in the folder
  // of the model, `<name>.<checksum>.weights`, however few they are. Not for
  // `.pbtxt`.
  bool external_weights = false;
};

// Writes the model in the format that the ending names: `.pb` binary, `.pbtxt`
// text, `.onnx` ONNX (onnx/export.h). Atomic and durable: until the new file is
// complete and on the disk, an old one of this name stays as it is. The same
// model gives the same bytes. InvalidArgument for an op of the program's own
// that has the kind of a standard one (CheckOwnKinds).
absl::Status Save(const Model& model, const std::string& path,
                  const SaveOptions& options = SaveOptions());

// Whether the ending names a format to save in: for those who want to know
// before there is a model to save.
absl::Status CheckModelName(const std::string& path);

// Reads what Save wrote, and networks from ONNX files of others as
// onnx/import.h says. A file is hostile until checked:
// nothing is believed, memory stays within about three times the file's size,
// nothing is printed, and an error says where it is wrong. Codes: NotFound and
// the like from the system; DataLoss, the file is cut or damaged;
// InvalidArgument, it is no model or not a valid one; Unimplemented, it is of a
// later version or holds an op that `ops` does not know; ResourceExhausted, it
// is too large.
absl::StatusOr<Model> Load(const std::string& path,
                           const OpTable& ops = StandardOps());

// The model without the values of its parameters and states: `values` is empty.
// A `.pb` file is read whole and checked as Load does; of an `.onnx` file the
// elements of weights are not looked at, but for the checksum of a file of
// weights that Save wrote beside it. But for `.pbtxt` only the structure and
// the constants are held.
absl::StatusOr<Model> LoadStructure(const std::string& path,
                                    const OpTable& ops = StandardOps());

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_FILE_H_
