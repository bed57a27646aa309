// The bytes of model files; model_file.h is for users. The format is described
// in docs/model_format.md.
#ifndef ESPALIER_SERIALIZATION_MODEL_CODEC_H_
#define ESPALIER_SERIALIZATION_MODEL_CODEC_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/model.h"
#include "graph/op.h"
#include "serialization/byte_source.h"
#include "serialization/external_file.h"
#include "serialization/model_file.h"
#include "serialization/wire.h"

namespace espalier {

// What is neither written nor read, beside what takes more memory than its file
// accounts for (memory_budget.h).
struct ModelLimits {
  int64_t tensor_bytes = kMaxTensorBytes;  // in the model's own file
  // In the one beside it; and no more is read than the machine has memory.
  int64_t weights_bytes = int64_t{1} << 40;
  int64_t structure_bytes = int64_t{64} << 20;  // all but the tensors
  int64_t text_bytes = int64_t{64} << 20;       // of a text file
  WireLimits wire = {/*fields=*/1000000, /*packed=*/4000000};
};

// A binary file, `.pb`, in pieces that point into the model and the struct.
struct EncodedModel {
  EncodedModel() = default;
  EncodedModel(EncodedModel&&) = default;
  EncodedModel& operator=(EncodedModel&&) = default;

  FilePieces pieces;
  absl::optional<WeightsFile> weights;
  // What pieces point into.
  std::shared_ptr<const void> message;
  std::deque<std::string> kept;
};

// Of the file called `name`. Values go to a file beside it where told so, and
// where there are too many for this one.
absl::StatusOr<EncodedModel> EncodeModelFile(
    const Model& model, const std::string& name, bool weights_beside,
    const ModelLimits& limits = ModelLimits());

// Reads all of `source`, and from `folder` the weights that are beside it. If
// values are not read, the model has none, and little more is held than its
// structure and constants; the checksums are still right.
absl::StatusOr<Model> DecodeModelFile(
    ByteSource* source, const std::string& folder, bool read_values,
    const OpTable& ops, const ModelLimits& limits = ModelLimits());

// The same in memory, weights inside. Equal models give equal bytes. Codes of
// the errors of reading are those of Load.
absl::StatusOr<std::string> EncodeModel(
    const Model& model, const ModelLimits& limits = ModelLimits());
absl::StatusOr<Model> DecodeModel(absl::string_view bytes, const OpTable& ops,
                                  const ModelLimits& limits = ModelLimits());

// A text file, `.pbtxt`.
absl::StatusOr<std::string> EncodeModelText(
    const Model& model, const ModelLimits& limits = ModelLimits());
absl::StatusOr<Model> DecodeModelText(
    const std::string& text, const OpTable& ops,
    const ModelLimits& limits = ModelLimits());

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_CODEC_H_
