// Model as the message of serialization/model.proto, and back.
#ifndef ESPALIER_SERIALIZATION_MODEL_MESSAGE_H_
#define ESPALIER_SERIALIZATION_MODEL_MESSAGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "espalier/model.pb.h"
#include "graph/model.h"
#include "graph/op.h"
#include "serialization/byte_source.h"
#include "serialization/tensor_entries.h"
#include "serialization/weights_file.h"

namespace espalier {

inline constexpr absl::string_view kModelMagic = "ESPALIER";
// Version 2 came with Weights, and is written for models that have them.
inline constexpr uint32_t kModelFormatVersion = 2;

// OK for the versions that are read, InvalidArgument for 0, Unimplemented for
// those to come.
absl::Status CheckFormatVersion(uint64_t version);

// A message without tensor_data and checksum; the bytes that belong into
// tensor_data are beside it, so that they are not copied. They point into
// `kept` and into the model. The last of them, as many as there are values, are
// those of the values, in order.
struct ModelMessage {
  v1::Model message;
  std::vector<absl::string_view> tensor_data;
  std::vector<Attributes> kept;
};

// What ToMessage refuses, without the message of its graph; the second, of a
// model whose values were not read.
absl::Status CheckModel(const Model& model);
absl::Status CheckStructure(const Model& model);

// Equal models give equal messages. Errors: a model that does not fit its
// graph; text that is not UTF-8.
absl::StatusOr<ModelMessage> ToMessage(const Model& model);

// As it stands: it is checked with the model that it belongs to.
HistoryEntry ReadHistory(const v1::HistoryEntry& message);

// Where the elements of a message's tensors are.
struct TensorSources {
  TensorEntries* entries = nullptr;  // of tensor_data
  ByteSource* file = nullptr;        // of entries that stayed there
  WeightsReader* weights = nullptr;  // where the message has Weights
  // If not, the model has no values, and those of a file of weights are passed
  // over for its checksum.
  bool read_values = true;
};

// Nothing in `message` is believed: every count and index is checked, the graph
// is built anew through GraphBuilder, and a tensor is made only of bytes that
// are there. tensor_data of the message is not read. Its nodes are freed on the
// way, so that they are not held together with the graph.
absl::StatusOr<Model> FromMessage(v1::Model* message,
                                  const TensorSources& sources,
                                  const OpTable& ops);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_MESSAGE_H_
