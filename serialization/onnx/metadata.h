// What is known of a model besides its graph, in the metadata of an ONNX file
// (docs/onnx.md lists the keys).
#ifndef ESPALIER_SERIALIZATION_ONNX_METADATA_H_
#define ESPALIER_SERIALIZATION_ONNX_METADATA_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "espalier/model.pb.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/model.h"
#include "serialization/onnx/graph_reader.h"

namespace espalier {

// `message` is the model's (serialization/model_message.h); `inputs` are the
// names that inputs have in the ONNX file.
void AddOnnxMetadata(const Model& model, const v1::Model& message,
                     const std::map<std::string, std::string>& inputs,
                     onnx::ModelProto* onnx_model);

// Reads it back, with the domains of the inputs that `reader` has made. What
// cannot be read is an error; the model is not checked as a whole.
absl::Status ReadOnnxMetadata(const onnx::ModelProto& file,
                              OnnxGraphReader& reader, Model* model);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_METADATA_H_
