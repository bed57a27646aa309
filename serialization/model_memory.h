// The memory that reading a model's message takes.
#ifndef ESPALIER_SERIALIZATION_MODEL_MEMORY_H_
#define ESPALIER_SERIALIZATION_MODEL_MEMORY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "espalier/model.pb.h"
#include "serialization/memory_budget.h"
#include "serialization/wire.h"

namespace espalier {

// What is known of a binary file before its message is parsed.
struct ModelFileSize {
  int64_t file = 0;     // bytes
  int64_t tensors = 0;  // entries of tensor_data
  int64_t tensor_bytes = 0;
};

// Whether `structure` is a Model on the wire that takes no more memory to parse
// than is left when `size` is held. Returns what remains for the model.
// Errors: as ScanWire.
absl::StatusOr<MemoryBudget> ScanModel(absl::string_view structure,
                                       const ModelFileSize& size,
                                       const WireLimits& limits);

// What a node takes in the builder and in the graph that it is copied to,
// without the attributes of its op.
int64_t MemoryOfNode(absl::string_view name, int64_t inputs);

// The most bytes that the Model made of a message takes, beside it and the
// elements of its tensors.
int64_t MemoryOfModel(const v1::Model& message);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_MEMORY_H_
