// Networks from ONNX files without their weights.
#ifndef ESPALIER_SERIALIZATION_ONNX_IMPORT_STRUCTURE_H_
#define ESPALIER_SERIALIZATION_ONNX_IMPORT_STRUCTURE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "graph/model.h"
#include "serialization/byte_source.h"
#include "serialization/onnx/import.h"

namespace espalier {

// What ImportOnnx gives, without values: elements of initializers of FLOAT,
// FLOAT16 and BFLOAT16 that have `least_left` bytes or more (at least 1), as
// raw_data or in another file, stay where they are unless the graph is computed
// from them, so that a file whose weights are such takes as much memory as its
// graph. What is wrong with the file may be said less exactly than by
// ImportOnnx, but for what is Unimplemented.
absl::StatusOr<Model> ImportOnnxStructure(
    ByteSource* source, const OnnxImportOptions& options = OnnxImportOptions(),
    int64_t least_left = 256);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_IMPORT_STRUCTURE_H_
