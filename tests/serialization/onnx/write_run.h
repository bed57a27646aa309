// What tests/serialization/onnx/run.js takes.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_WRITE_RUN_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_WRITE_RUN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/interpreter.h"
#include "graph/model.h"

namespace espalier {

// Runs the model on `leaves`, which hold its values too, in float32. Writes
// PATH.onnx, of the bytes that the model was exported to, the inputs as
// PATH.in.NAME.npy, and the outputs, which are the result, as
// PATH.out.NAME.npy, by their names in the file.
absl::StatusOr<LeafValues> WriteRun(const Model& model,
                                    const LeafValues& leaves,
                                    absl::string_view bytes,
                                    const std::string& path);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_WRITE_RUN_H_
