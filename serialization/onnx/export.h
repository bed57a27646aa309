// Models as ONNX files; docs/onnx.md says what becomes of each op.
#ifndef ESPALIER_SERIALIZATION_ONNX_EXPORT_H_
#define ESPALIER_SERIALIZATION_ONNX_EXPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graph/model.h"

namespace espalier {

inline constexpr int kFirstOnnxOpset = 13;
inline constexpr int kLastOnnxOpset = 21;

struct OnnxOptions {
  // Of ONNX's operators: from kFirstOnnxOpset to kLastOnnxOpset. An op that the
  // version lacks is written as several of those that it has.
  int opset = 17;
  // Elements of initializers go to a file of their own in the folder of the
  // model, `<name>.<checksum>.weights`, as they do without this over 2 GiB.
  // Small ones stay. Only for SaveOnnx.
  bool external_weights = false;
};

// The bytes of an ONNX file that computes the model's outputs from its inputs.
// The batch is the symbol N. Names are kept where they are C identifiers, as
// ONNX wants them, and told apart where other characters became '_'. Domains,
// class names, producer and history are in its metadata. What no output needs
// is left out. The same model gives the same bytes.
//
// Errors: FailedPrecondition, the graph is one for training (it has updates);
// Unimplemented, an op has no ONNX form, and why; ResourceExhausted, over 2
// GiB (ExportOnnx only, or without the weights); InvalidArgument, the opset, or
// a model that is not valid. They name the node.
absl::StatusOr<std::string> ExportOnnx(
    const Model& model, const OnnxOptions& options = OnnxOptions());

// Writes it to a file, as Save does: atomic and durable.
absl::Status SaveOnnx(const Model& model, const std::string& path,
                      const OnnxOptions& options = OnnxOptions());

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_EXPORT_H_
