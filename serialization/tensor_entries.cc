#include "serialization/tensor_entries.h"

#include <cstring>
#include <utility>

#include "graph/check.h"
#include "graph/status_macros.h"

namespace espalier {

char* TensorEntries::Add(size_t bytes) {
  if (bytes < kSmall) {
    entries_.push_back({bytes, small_.size()});
    small_.resize(small_.size() + bytes);
    return &small_[small_.size() - bytes];
  }
  entries_.push_back({bytes, large_.size()});
  large_.push_back(AllocateUnset(bytes));
  return reinterpret_cast<char*>(large_.back().get());
}

void TensorEntries::AddPlace(size_t bytes, int64_t place) {
  in_file_ = true;
  entries_.push_back({bytes, static_cast<size_t>(place)});
}

void TensorEntries::Clear() {
  entries_.clear();
  std::string().swap(small_);
  large_.clear();
}

absl::StatusOr<Tensor> TensorEntries::Take(size_t i, DataType dtype,
                                           const Shape& shape,
                                           ByteSource* source) {
  const Entry& entry = entries_[i];
  if (!in_file_ && entry.bytes >= kSmall) {
    ESPALIER_CHECK(large_[entry.at] != nullptr);
    return Tensor(dtype, shape, std::move(large_[entry.at]));
  }
  AlignedBytes elements = AllocateUnset(entry.bytes);
  if (in_file_) {
    RETURN_IF_ERROR(source->ReadAt(static_cast<int64_t>(entry.at),
                                   reinterpret_cast<char*>(elements.get()),
                                   entry.bytes));
  } else if (entry.bytes > 0) {
    std::memcpy(elements.get(), &small_[entry.at], entry.bytes);
  }
  return Tensor(dtype, shape, std::move(elements));
}

}  // namespace espalier
