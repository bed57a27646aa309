// The bytes of model files; model_file.h is for users. The format is described
// in docs/model_format.md.
#ifndef ESPALIER_SERIALIZATION_MODEL_CODEC_H_
#define ESPALIER_SERIALIZATION_MODEL_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/model.h"
#include "graph/op.h"
#include "serialization/model_file.h"
#include "serialization/wire.h"

namespace espalier {

// What is neither written nor read. A file that comes close to the last two
// makes protobuf allocate some 200 MB.
struct ModelLimits {
  int64_t tensor_bytes = kMaxTensorBytes;
  int64_t structure_bytes = int64_t{64} << 20;  // all but the tensors
  int64_t text_bytes = int64_t{256} << 20;      // of a text file
  WireLimits wire = {/*fields=*/1000000, /*packed=*/4000000};
};

// A binary file, `.pb`. Equal models give equal bytes. Codes of the errors of
// reading are those of Load.
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
