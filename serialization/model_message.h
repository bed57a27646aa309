// Model as the message of serialization/model.proto, and back.
#ifndef ESPALIER_SERIALIZATION_MODEL_MESSAGE_H_
#define ESPALIER_SERIALIZATION_MODEL_MESSAGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "espalier/model.pb.h"
#include "graph/model.h"
#include "graph/op.h"

namespace espalier {

inline constexpr absl::string_view kModelMagic = "ESPALIER";
inline constexpr uint32_t kModelFormatVersion = 1;

// OK for the one version that is read, InvalidArgument for 0, Unimplemented for
// versions to come.
absl::Status CheckFormatVersion(uint64_t version);

// A message without tensor_data and checksum; the bytes that belong into
// tensor_data are beside it, so that they are copied once only. They point into
// `kept` and into the model.
struct ModelMessage {
  v1::Model message;
  std::vector<absl::string_view> tensor_data;
  std::vector<Attributes> kept;
};

// Equal models give equal messages. Errors: a model that does not fit its
// graph; text that is not UTF-8.
absl::StatusOr<ModelMessage> ToMessage(const Model& model);

// As it stands: it is checked with the model that it belongs to.
HistoryEntry ReadHistory(const v1::HistoryEntry& message);

// Nothing in `message` is believed: every count and index is checked, the graph
// is built anew through GraphBuilder, and a tensor is made only of bytes that
// are there. tensor_data of the message is not read.
absl::StatusOr<Model> FromMessage(
    const v1::Model& message, absl::Span<const absl::string_view> tensor_data,
    const OpTable& ops);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_MESSAGE_H_
