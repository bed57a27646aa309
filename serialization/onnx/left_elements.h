// Elements of an ONNX file's tensors that were left where they are, in the file
// or in others beside it, until somebody asks for them.
#ifndef ESPALIER_SERIALIZATION_ONNX_LEFT_ELEMENTS_H_
#define ESPALIER_SERIALIZATION_ONNX_LEFT_ELEMENTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "espalier/onnx/onnx.pb.h"
#include "serialization/byte_source.h"
#include "serialization/memory_budget.h"

namespace espalier {

class OnnxLeftElements {
 public:
  // Whether the tensor's elements, all of them, become ours whatever they are:
  // those of other types are looked at.
  static bool MayStay(const onnx::TensorProto& tensor);

  // Of tensors of `least` bytes and more.
  explicit OnnxLeftElements(int64_t least) : least_(least) {}
  OnnxLeftElements(const OnnxLeftElements&) = delete;
  OnnxLeftElements& operator=(const OnnxLeftElements&) = delete;

  int64_t least() const { return least_; }

  // The raw_data of `tensor` would be `bytes` bytes of `source`, from `place`
  // on. Both must outlive this; Keep() sees to it for a source.
  absl::Status Add(onnx::TensorProto* tensor, ByteSource* source, int64_t place,
                   int64_t bytes, MemoryBudget* budget);
  void Keep(std::unique_ptr<ByteSource> source);
  // How many bytes; 0 of a tensor that has its elements.
  int64_t BytesOf(const onnx::TensorProto& tensor) const;
  // Gives it its elements, if they are here.
  absl::Status Fetch(const onnx::TensorProto& tensor, MemoryBudget* budget);
  // Of all that were fetched.
  int64_t fetched() const { return fetched_; }

 private:
  struct Place {
    onnx::TensorProto* tensor;
    ByteSource* source;
    int64_t begin;
    int64_t bytes;
  };

  const int64_t least_;
  std::vector<std::unique_ptr<ByteSource>> kept_;
  absl::flat_hash_map<const onnx::TensorProto*, Place> places_;
  int64_t fetched_ = 0;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_LEFT_ELEMENTS_H_
