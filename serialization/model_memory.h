// The memory that reading a model's message takes, told from the message alone:
// so whoever writes a file knows what whoever reads it will ask for.
#ifndef ESPALIER_SERIALIZATION_MODEL_MEMORY_H_
#define ESPALIER_SERIALIZATION_MODEL_MEMORY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "espalier/model.pb.h"
#include "graph/op.h"
#include "serialization/memory_budget.h"
#include "serialization/wire.h"

namespace espalier {

// What is held of a binary file before its message is parsed.
struct ModelFileSize {
  int64_t tensors = 0;  // entries of tensor_data
  int64_t tensor_bytes = 0;
};

// Whether `structure` is a Model on the wire. Charges what it takes to parse it
// when a file of `size` is held, and keeps of this what is held afterwards.
// Errors: as ScanWire.
absl::Status ScanModel(absl::string_view structure, const ModelFileSize& size,
                       const WireLimits& limits, MemoryBudget* budget);

// What a node takes in the builder and in the graph that it is copied to,
// without the attributes of its op, and the builder's table of names.
int64_t MemoryOfBuilderNode(absl::string_view name, int64_t inputs);
int64_t MemoryOfGraphNode(absl::string_view name, int64_t inputs);
int64_t MemoryOfNames(int64_t nodes);
// What the attributes of an op take in it, of a leaf whatever they are, without
// the elements of its tensors.
int64_t MemoryOfAttributes(const Op& op);

// Charges the most bytes that making a Model of a message takes at one time,
// beside the elements of its tensors. The nodes of the message are freed when
// they are in the builder, and the builder when it gave the graph.
absl::Status ChargeModel(const v1::Model& message, MemoryBudget* budget);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_MEMORY_H_
