// The graph of an ONNX file on its way into ours: values by name, constants,
// names, and the batch. What becomes of each op is in import_table.cc.
#ifndef ESPALIER_SERIALIZATION_ONNX_GRAPH_READER_H_
#define ESPALIER_SERIALIZATION_ONNX_GRAPH_READER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/builder.h"
#include "graph/model.h"
#include "serialization/memory_budget.h"
#include "serialization/onnx/array.h"
#include "serialization/onnx/left_elements.h"

namespace espalier {

// Where computed values have the batch.
enum class OnnxBatch {
  kSymbolic,  // dimension 0 of the file's, where inputs have a symbol there
  kLeading,   // dimension 0 of the file's, where inputs have 1 there
  kInFront,   // before the file's dimensions
  kNone,
};

// What the constant operand of a product, or its bias, is made into.
struct OnnxWeight {
  bool transpose = false;
  float factor = 1;
  bool is_vector = false;  // a matrix of one column is made of it
};

// x W, of x as a matrix: written when its only reader is seen, which may add
// the bias.
struct OnnxProduct {
  Value rows;    // [N, K]
  Value weight;  // [K, U]
  Shape shape;   // of the result, N U elements
};

class OnnxGraphReader {
 public:
  // `graph` and `left_elements`, of its tensors, must outlive this. No more
  // memory is taken than `budget` has left.
  OnnxGraphReader(onnx::GraphProto* graph, int opset, OnnxBatch batch,
                  const MemoryBudget& budget, OnnxLeftElements* left_elements);
  OnnxGraphReader(const OnnxGraphReader&) = delete;
  OnnxGraphReader& operator=(const OnnxGraphReader&) = delete;

  // Graph and values, but for those of weights whose elements were left;
  // nothing else of the model is set. Nodes of the file's graph are freed once
  // they have all been read.
  absl::StatusOr<Model> Read();
  // How many nodes of the file were read, also where one of them failed.
  int nodes_read() const { return nodes_read_; }
  // By the file's name of an input, ours.
  const std::map<std::string, std::string>& inputs() const { return inputs_; }
  // Of tensors, before they are made.
  absl::Status Charge(int64_t bytes) { return budget_.Charge(bytes); }
  MemoryBudget& memory() { return budget_; }

  GraphBuilder& builder() { return builder_; }
  int opset() const { return opset_; }
  OnnxBatch batch() const { return batch_; }

  // What stands under a name: null if it is of another sort or there is none.
  // Its elements may have been left.
  const onnx::TensorProto* FindConstant(absl::string_view name) const;
  // The elements of one as f32. REQUIRES: FindConstant() gives it.
  absl::StatusOr<Tensor> ConstantFloats(absl::string_view name);
  // Of a constant, or sizes that depend on N; null of what is computed.
  absl::StatusOr<const OnnxArray*> FindArray(absl::string_view name);
  // A constant becomes a node; a product that waits is written. An error for
  // sizes that depend on N.
  absl::StatusOr<Value> FindValue(absl::string_view name);
  // The TensorProto.DataType that the file gives it: a value's may be wider
  // than ours. 0 if there is none.
  int FindType(absl::string_view name) const;
  // A product that waits for its only reader, which asks; else null.
  const OnnxProduct* FindProduct(absl::string_view name) const;

  // Whether a node or the graph's outputs read what stands under a name.
  bool IsRead(absl::string_view name) const { return readers_.contains(name); }

  absl::Status SetConstant(const std::string& name, onnx::TensorProto tensor);
  // The same of a tensor that is part of the graph.
  absl::Status SetFileConstant(const std::string& name,
                               const onnx::TensorProto& tensor);
  // Sizes of which none depends on N become an ordinary constant.
  absl::Status SetArray(const std::string& name, OnnxArray array);
  // `type` 0: FLOAT or INT32, as the value is.
  absl::Status SetValue(const std::string& name, Value value, int type = 0);
  // Waits if its only reader is a node, else is written.
  absl::Status SetProduct(const std::string& name, const OnnxProduct& product);
  // Another name for what stands under `name`.
  absl::Status SetAlias(const std::string& alias, const std::string& name);
  // The same of a constant of FLOAT, FLOAT16 or BFLOAT16, which is of FLOAT
  // under the other name. REQUIRES: FindConstant() gives it.
  absl::Status SetFloatAlias(const std::string& alias, const std::string& name);

  // A name of ours, free and like the file's.
  std::string NodeName(absl::string_view name);
  // A constant of rank 2, or 1 if it is to be a vector, as a parameter; equal
  // uses share one.
  absl::StatusOr<Value> Weight(const std::string& name,
                               const OnnxWeight& weight);
  // A constant of `units` elements, or of one, as a parameter [units].
  absl::StatusOr<Value> Bias(const std::string& name, int64_t units,
                             float factor);
  // A constant of floating point as a parameter of its own shape.
  absl::StatusOr<Value> Table(const std::string& name);
  // The product, with a bias if that is not empty.
  Value WriteProduct(const OnnxProduct& product, Value bias,
                     absl::string_view name);

 private:
  struct Entry {
    const onnx::TensorProto* constant = nullptr;
    bool is_float_alias = false;       // of a constant, whatever its type is
    const OnnxArray* array = nullptr;  // of a constant, once it was asked for
    Value value;                       // the same
    const OnnxProduct* product = nullptr;  // that waits
    int type = 0;                          // of a value
  };

  absl::Status AddEntry(const std::string& name, const Entry& entry);
  absl::Status AddReader(const std::string& name, int readers);
  // For the nodes that were made since it was last asked.
  absl::Status ChargeNodes();
  // What a table takes for one more element, with what that holds.
  template <typename Map>
  absl::Status ChargeGrown(const Map& table, absl::string_view name);
  // Of the graph that the builder copies to, once all is freed that only the
  // reading of nodes needs.
  absl::Status FreeAndChargeGraph();
  absl::Status CountReaders();
  absl::Status ReadInput(const onnx::ValueInfoProto& input);
  absl::Status ReadOutputs();
  // `value` null: its elements were left.
  absl::StatusOr<Value> Parameter(const std::string& key,
                                  const std::string& name, const Shape& shape,
                                  absl::optional<Tensor> value);
  bool WasLeft(const onnx::TensorProto& constant) const {
    return left_elements_.BytesOf(constant) > 0;
  }

  onnx::GraphProto& graph_;
  const int opset_;
  const OnnxBatch batch_;
  MemoryBudget budget_;
  OnnxLeftElements& left_elements_;
  GraphBuilder builder_;
  int nodes_read_ = 0;
  NodeId charged_ = 0;       // nodes
  int64_t reserved_ = 0;     // entries
  int64_t numbered_ = 0;     // bytes of the builder's notes of names, unpaid
  int64_t graph_bytes_ = 0;  // that the copy of these takes
  absl::flat_hash_map<std::string, Entry> entries_;
  absl::flat_hash_map<std::string, int> readers_;
  absl::flat_hash_map<std::string, Value> parameters_;
  std::map<std::string, std::string> inputs_;
  std::map<std::string, Tensor> values_;
  std::deque<OnnxProduct> products_;
  std::deque<onnx::TensorProto> kept_;
  std::deque<OnnxArray> arrays_;
};

// `name` with every character that ours may not have replaced by '_'.
std::string CleanName(absl::string_view name);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_GRAPH_READER_H_
