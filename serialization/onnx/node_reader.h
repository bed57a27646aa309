// One node of an ONNX file, as the rows of the import table read it.
#ifndef ESPALIER_SERIALIZATION_ONNX_NODE_READER_H_
#define ESPALIER_SERIALIZATION_ONNX_NODE_READER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/onnx/array.h"
#include "serialization/onnx/graph_reader.h"

namespace espalier {

class OnnxNodeReader {
 public:
  // Both must outlive this.
  OnnxNodeReader(const onnx::NodeProto& node, OnnxGraphReader& graph)
      : node_(node), graph_(graph), used_(node.attribute_size()) {}

  OnnxGraphReader& graph() { return graph_; }
  int opset() const { return graph_.opset(); }

  // From `least` to `most` inputs, the first `least` of them there; a first
  // result, and at most `results`.
  absl::Status CheckArity(int least, int most, int results = 1) const;
  // An error if anything reads result `first` or one after it.
  absl::Status CheckUnread(int first) const;
  bool has_input(int i) const {
    return i < node_.input_size() && !node_.input(i).empty();
  }
  int num_inputs() const { return node_.input_size(); }
  const std::string& input(int i) const { return node_.input(i); }
  int num_outputs() const { return node_.output_size(); }
  const std::string& output(int i = 0) const { return node_.output(i); }
  // Whether anything reads the result.
  bool wants_output(int i) const {
    return i < num_outputs() && !output(i).empty() && graph_.IsRead(output(i));
  }
  const std::string& op_type() const { return node_.op_type(); }
  // Null if the input is computed.
  const onnx::TensorProto* constant(int i) const {
    return has_input(i) ? graph_.FindConstant(input(i)) : nullptr;
  }
  absl::StatusOr<Value> value(int i) { return graph_.FindValue(input(i)); }
  // OnnxGraphReader::FindArray; null if the input is absent.
  absl::StatusOr<const OnnxArray*> array(int i) {
    if (!has_input(i)) return nullptr;
    return graph_.FindArray(input(i));
  }
  // As the file has it, a TensorProto.DataType.
  int type(int i) const { return graph_.FindType(input(i)); }

  // A constant input of INT32 or INT64 of rank 0 or 1 with at most `most`
  // elements. Multiples of N are an error, but for Sizes().
  absl::StatusOr<std::vector<int64_t>> ConstantInts(int i, int most = kMaxRank);
  absl::StatusOr<std::vector<OnnxSize>> Sizes(int i, int most = kMaxRank);

  // Attributes, or what they are when absent. The first error sticks.
  float Float(absl::string_view name, float absent);
  int64_t Int(absl::string_view name, int64_t absent);
  absl::optional<std::vector<int64_t>> Ints(absl::string_view name);
  std::string String(absl::string_view name, absl::string_view absent);
  const onnx::AttributeProto* Find(absl::string_view name,
                                   onnx::AttributeProto::AttributeType type);
  // The first error; one for an attribute that nobody asked for.
  absl::Status FinishAttributes() const;

  // Result number `i`, of the file's type `type` (0: as the value is).
  absl::Status SetResult(Value value, int i = 0, int type = 0) {
    return graph_.SetValue(output(i), value, type);
  }
  absl::Status SetResult(OnnxArray array, int i = 0) {
    return graph_.SetArray(output(i), std::move(array));
  }
  // For the node that gives the result.
  std::string Name(int i = 0) { return graph_.NodeName(output(i)); }

 private:
  const onnx::NodeProto& node_;
  OnnxGraphReader& graph_;
  std::vector<bool> used_;
  absl::Status status_;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_NODE_READER_H_
