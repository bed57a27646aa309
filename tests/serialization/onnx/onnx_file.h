// ONNX files for tests, made field by field.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_FILE_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "espalier/onnx/onnx.pb.h"

namespace espalier {

// A file whose names are what is given. Dimension -1 is symbolic.
class OnnxFile {
 public:
  explicit OnnxFile(int opset = 13);

  OnnxFile& Input(const std::string& name, const std::vector<int64_t>& dims);
  // The same of a TensorProto.DataType.
  OnnxFile& InputOf(int type, const std::string& name,
                    const std::vector<int64_t>& dims);
  OnnxFile& Output(const std::string& name);
  // Raw floats: 1, 2, 3, ... unless there are values.
  OnnxFile& Floats(const std::string& name, const std::vector<int64_t>& dims,
                   std::vector<float> values = {});
  OnnxFile& Ints(const std::string& name, const std::vector<int64_t>& values);
  // Of any type, listed in int32_data.
  OnnxFile& Listed(int type, const std::string& name,
                   const std::vector<int32_t>& values);
  // Named after its result.
  OnnxFile& Node(const std::string& op_type,
                 const std::vector<std::string>& inputs,
                 const std::string& output);
  OnnxFile& AddResult(const std::string& output);  // of the last node
  // Attributes of the last node.
  OnnxFile& Set(const std::string& name, int64_t value);
  OnnxFile& SetFloat(const std::string& name, float value);
  OnnxFile& SetInts(const std::string& name,
                    const std::vector<int64_t>& values);
  OnnxFile& SetTensor(const std::string& name, const onnx::TensorProto& value);

  onnx::NodeProto& last_node() {
    return *model.mutable_graph()->mutable_node(model.graph().node_size() - 1);
  }
  onnx::TensorProto& last_tensor() {
    return *model.mutable_graph()->mutable_initializer(
        model.graph().initializer_size() - 1);
  }
  std::string bytes() const { return model.SerializeAsString(); }

  onnx::ModelProto model;

 private:
  onnx::AttributeProto& AddAttribute(const std::string& name);
};

// Of x [N, 2]: MatMul and Add by "w" and "b", Reshape to "s", LeakyRelu "y".
OnnxFile OnnxNetwork();

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_ONNX_FILE_H_
