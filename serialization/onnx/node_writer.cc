#include "serialization/onnx/node_writer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status_macros.h"

namespace espalier {

std::string OnnxNodeWriter::Add(absl::string_view op_type,
                                const std::vector<std::string>& inputs,
                                const std::vector<OnnxAttribute>& attributes) {
  const std::string name =
      absl::StrCat(node_.name, "_", absl::AsciiStrToLower(op_type));
  std::string value = shared_.writer.NewValue(name);
  shared_.writer.AddNode(op_type, inputs, attributes, name, value);
  return value;
}

void OnnxNodeWriter::Result(absl::string_view op_type,
                            const std::vector<std::string>& inputs,
                            const std::vector<OnnxAttribute>& attributes) {
  ESPALIER_CHECK(!finished_);
  finished_ = true;
  shared_.writer.AddNode(op_type, inputs, attributes, node_.name, result_);
}

absl::StatusOr<std::string> OnnxNodeWriter::Batch() {
  if (shared_.batch.empty()) {
    if (shared_.batch_input.empty()) {
      return absl::UnimplementedError(
          "no input has the batch N, so that an ONNX file could not tell its "
          "size");
    }
    OnnxGraphWriter& writer = shared_.writer;
    const std::string shape = writer.NewValue("batch_shape");
    writer.AddNode("Shape", {shared_.batch_input}, {}, shape, shape);
    shared_.batch = writer.NewValue("batch_size");
    writer.AddNode("Gather", {shape, writer.Ints({0})}, {}, shared_.batch,
                   shared_.batch);
  }
  return shared_.batch;
}

absl::Status OnnxNodeWriter::Finish() const {
  RETURN_IF_ERROR(attributes_.Finish());
  ESPALIER_CHECK(finished_);
  return absl::OkStatus();
}

}  // namespace espalier
