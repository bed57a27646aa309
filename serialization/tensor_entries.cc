#include "serialization/tensor_entries.h"

#include <cstring>
#include <utility>

#include "graph/check.h"
#include "graph/status_macros.h"

namespace espalier {

char* TensorEntries::Add(size_t bytes) {
  all_bytes_ += static_cast<int64_t>(bytes);
  if (bytes < kSmall) {
    if (in_blocks_ + bytes > blocks_.size() * kBlock) {
      in_blocks_ = blocks_.size() * kBlock;
      blocks_.emplace_back(new char[kBlock]);  // not filled
    }
    entries_.push_back({bytes, in_blocks_});
    in_blocks_ += bytes;
    return Small(entries_.back());
  }
  entries_.push_back({bytes, large_.size()});
  large_.push_back(AllocateUnset(bytes));
  return reinterpret_cast<char*>(large_.back().get());
}

void TensorEntries::AddPlace(size_t bytes, int64_t place) {
  in_file_ = true;
  all_bytes_ += static_cast<int64_t>(bytes);
  entries_.push_back({bytes, static_cast<size_t>(place)});
}

void TensorEntries::Clear() {
  entries_.clear();
  all_bytes_ = 0;
  blocks_.clear();
  in_blocks_ = 0;
  large_.clear();
}

// The beginning of a block is also the end of the one before it: an entry
// without bytes may be there.
char* TensorEntries::Small(const Entry& entry) {
  if (entry.bytes == 0) return nullptr;
  return &blocks_[entry.at / kBlock][entry.at % kBlock];
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
    std::memcpy(elements.get(), Small(entry), entry.bytes);
  }
  return Tensor(dtype, shape, std::move(elements));
}

}  // namespace espalier
