#include "serialization/onnx/left_elements.h"

#include <string>
#include <utility>

#include "graph/status_macros.h"

namespace espalier {

bool OnnxLeftElements::MayStay(const onnx::TensorProto& tensor) {
  return tensor.data_type() == onnx::TensorProto::FLOAT ||
         tensor.data_type() == onnx::TensorProto::FLOAT16 ||
         tensor.data_type() == onnx::TensorProto::BFLOAT16;
}

absl::Status OnnxLeftElements::Add(onnx::TensorProto* tensor,
                                   ByteSource* source, int64_t place,
                                   int64_t bytes, MemoryBudget* budget) {
  constexpr int64_t kSlot = sizeof(decltype(places_)::value_type);
  const auto size = static_cast<int64_t>(places_.size());
  RETURN_IF_ERROR(budget->Replace(HashTableBytes(size, kSlot),
                                  HashTableBytes(size + 1, kSlot)));
  places_.emplace(tensor, Place{tensor, source, place, bytes});
  return absl::OkStatus();
}

void OnnxLeftElements::Keep(std::unique_ptr<ByteSource> source) {
  kept_.push_back(std::move(source));
}

int64_t OnnxLeftElements::BytesOf(const onnx::TensorProto& tensor) const {
  const auto found = places_.find(&tensor);
  return found == places_.end() ? 0 : found->second.bytes;
}

absl::Status OnnxLeftElements::Fetch(const onnx::TensorProto& tensor,
                                     MemoryBudget* budget) {
  const auto found = places_.find(&tensor);
  if (found == places_.end()) return absl::OkStatus();
  const Place place = found->second;
  RETURN_IF_ERROR(budget->Charge(place.bytes));
  std::string* raw = place.tensor->mutable_raw_data();
  raw->resize(static_cast<size_t>(place.bytes));
  RETURN_IF_ERROR(place.source->ReadAt(place.begin, &(*raw)[0], raw->size()));
  fetched_ += place.bytes;
  places_.erase(found);
  return absl::OkStatus();
}

}  // namespace espalier
