// Networks from ONNX files; docs/onnx.md says which.
#ifndef ESPALIER_SERIALIZATION_ONNX_IMPORT_H_
#define ESPALIER_SERIALIZATION_ONNX_IMPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "graph/model.h"

namespace espalier {

struct OnnxImportOptions {
  // A leading dimension that the file fixes stays as it is, and inputs without
  // a batch get none: shapes are those of the file.
  bool keep_leading_dimension = false;
  // Where tensors' elements in other files are looked for; if empty, a file
  // that names some is refused.
  std::string folder;
};

// The model that an ONNX file describes: the weights of products are
// parameters, other initializers constants. An input's leading dimension
// becomes the batch N where it is symbolic, or is 1 and the network gives a
// sample the same meaning in any batch; one without a batch gets it in front.
// What ExportOnnx put into the metadata is read back.
//
// A file is hostile until checked, as Load says. Codes: Unimplemented, what is
// not understood, with node, op type, domain and opset; InvalidArgument, it is
// no ONNX file or not a valid one; ResourceExhausted, it is too large. Takes
// the bytes, so that they are freed early.
absl::StatusOr<Model> ImportOnnx(
    std::string bytes, const OnnxImportOptions& options = OnnxImportOptions());

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_IMPORT_H_
