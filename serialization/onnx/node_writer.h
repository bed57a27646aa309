// What a row of the table of ONNX forms (export_table.h) works with: one node
// of our graph, and the means to write it as nodes of ONNX.
#ifndef ESPALIER_SERIALIZATION_ONNX_NODE_WRITER_H_
#define ESPALIER_SERIALIZATION_ONNX_NODE_WRITER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "graph/attributes.h"
#include "graph/graph.h"
#include "serialization/onnx/graph_writer.h"

namespace espalier {

// What nodes share: where to write, for which opset, and the batch size.
struct OnnxExport {
  OnnxGraphWriter writer;
  int opset;
  std::string batch_input;  // an input that has the batch; empty: there is none
  std::string batch;        // its size, once asked for
};

class OnnxNodeWriter {
 public:
  // `inputs` and `result` are names of values; all must outlive this.
  OnnxNodeWriter(OnnxExport& shared, const Graph& graph, const Node& node,
                 std::vector<std::string> inputs, std::string result)
      : shared_(shared),
        graph_(graph),
        node_(node),
        inputs_(std::move(inputs)),
        result_(std::move(result)),
        values_(node.op->attributes()),
        attributes_(values_) {}
  OnnxNodeWriter(const OnnxNodeWriter&) = delete;
  OnnxNodeWriter& operator=(const OnnxNodeWriter&) = delete;

  int opset() const { return shared_.opset; }
  const std::vector<std::string>& inputs() const { return inputs_; }
  const std::string& input(size_t i) const { return inputs_[i]; }
  const Shape& input_shape(size_t i) const {
    return graph_.node(node_.inputs[i]).type.shape;
  }
  const TensorType& type() const { return node_.type; }
  // Of the op; a row reads all of them.
  AttributeReader& attributes() { return attributes_; }

  // A node in between; gives its value.
  std::string Add(absl::string_view op_type,
                  const std::vector<std::string>& inputs,
                  const std::vector<OnnxAttribute>& attributes = {});
  // The last one, which gives the node's result.
  void Result(absl::string_view op_type, const std::vector<std::string>& inputs,
              const std::vector<OnnxAttribute>& attributes = {});

  // Constants: a scalar, and integers of rank 1.
  std::string Scalar(float value) { return shared_.writer.Scalar(value); }
  std::string Ints(absl::Span<const int64_t> values) {
    return shared_.writer.Ints(values);
  }
  // The batch size of the run, an integer of shape [1]. An error where no input
  // has the batch.
  absl::StatusOr<std::string> Batch();

  // Whether all attributes were read and fitted.
  absl::Status Finish() const;

 private:
  OnnxExport& shared_;
  const Graph& graph_;
  const Node& node_;
  std::vector<std::string> inputs_;
  std::string result_;
  const Attributes values_;
  AttributeReader attributes_;
  bool finished_ = false;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_NODE_WRITER_H_
