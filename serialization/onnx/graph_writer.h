// The graph of an ONNX file while it is made: values by name, nodes in order,
// initializers.
#ifndef ESPALIER_SERIALIZATION_ONNX_GRAPH_WRITER_H_
#define ESPALIER_SERIALIZATION_ONNX_GRAPH_WRITER_H_

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "absl/types/variant.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

// What every dimension of the batch is called.
inline constexpr absl::string_view kOnnxBatch = "N";

onnx::TensorProto::DataType OnnxElementType(DataType dtype);

struct OnnxAttribute {
  std::string name;
  absl::variant<float, int64_t, std::string, std::vector<int64_t>> value;
};

// An initializer without its elements, and these: in the model, or kept by the
// writer.
struct OnnxInitializer {
  onnx::TensorProto header;
  absl::string_view raw;
};

// Names that are C identifiers, each given once.
class OnnxNames {
 public:
  // `base`, or what is like it and still free.
  std::string Take(absl::string_view base);

 private:
  absl::flat_hash_set<std::string> taken_;
  // By base: so that many equal ones do not count from 1 each.
  absl::flat_hash_map<std::string, int> last_suffix_;
};

class OnnxGraphWriter {
 public:
  explicit OnnxGraphWriter(absl::string_view name);
  OnnxGraphWriter(const OnnxGraphWriter&) = delete;
  OnnxGraphWriter& operator=(const OnnxGraphWriter&) = delete;

  // The name of a new value.
  std::string NewValue(absl::string_view base) { return values_.Take(base); }

  // Values are added before nodes that read them.
  void AddInput(const std::string& value, const TensorType& type);
  void AddOutput(const std::string& value, const TensorType& type);
  // The tensor must outlive the writer.
  void AddInitializer(const std::string& value, const Tensor& tensor);
  // One node with one result; empty inputs are those left out. The node is
  // called after `name`.
  void AddNode(absl::string_view op_type, absl::Span<const std::string> inputs,
               absl::Span<const OnnxAttribute> attributes,
               absl::string_view name, const std::string& result);

  // Initializers of these values; equal ones are one.
  std::string Scalar(float value);
  std::string Ints(absl::Span<const int64_t> values);  // int64, rank 1

  onnx::GraphProto* graph() { return &graph_; }
  const std::vector<OnnxInitializer>& initializers() const {
    return initializers_;
  }

 private:
  std::string Shared(onnx::TensorProto::DataType type,
                     absl::Span<const int64_t> dims, absl::string_view raw);

  onnx::GraphProto graph_;
  OnnxNames values_;
  OnnxNames nodes_;
  std::vector<OnnxInitializer> initializers_;
  std::deque<std::string> kept_;
  // By type, rank and bytes.
  std::map<std::pair<std::pair<int, size_t>, std::string>, std::string> shared_;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_GRAPH_WRITER_H_
