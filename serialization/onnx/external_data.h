// Elements of an ONNX file's tensors that are in other files.
#ifndef ESPALIER_SERIALIZATION_ONNX_EXTERNAL_DATA_H_
#define ESPALIER_SERIALIZATION_ONNX_EXTERNAL_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/memory_budget.h"
#include "serialization/onnx/left_elements.h"

namespace espalier {

// Where they begin and what is not worth a file of its own, as ONNX advises.
inline constexpr size_t kOnnxAlignment = 4096;
inline constexpr size_t kLeastExternalBytes = 1024;

// Says of a tensor without elements where they are.
void SetOnnxExternalData(const std::string& location, uint64_t offset,
                         uint64_t length, onnx::TensorProto* tensor);

// Puts the elements of initializers and attributes into their raw_data; those
// of initializers that may stay, of least() bytes or more, into `left_elements`
// instead, if that is not null. `budget` is charged, and all are added to the
// file's bytes there. Locations lead down from `folder` (external_file.h).
// Refused are keys other than location, offset, length and checksum, keys that
// stand twice, numbers that are not plain digits, what is beyond the end of a
// file, elements in two places, and more bytes than the files have. A file that
// we wrote, as its name tells, must have the checksum in the name, for which it
// is read; that which a file states, a SHA-1, is not computed.
absl::Status ReadOnnxExternalData(const std::string& folder,
                                  onnx::GraphProto* graph, MemoryBudget* budget,
                                  OnnxLeftElements* left_elements);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_EXTERNAL_DATA_H_
