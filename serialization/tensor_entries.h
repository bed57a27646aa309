// The elements of a file's tensors while the file is read: an entry each.
#ifndef ESPALIER_SERIALIZATION_TENSOR_ENTRIES_H_
#define ESPALIER_SERIALIZATION_TENSOR_ENTRIES_H_

#include <cstdint>
#include <deque>
#include <memory>

#include "absl/status/statusor.h"
#include "graph/shape.h"
#include "graph/tensor.h"
#include "serialization/byte_source.h"

namespace espalier {

class TensorEntries {
 public:
  // Where the bytes of a new entry go, until the next call.
  char* Add(size_t bytes);
  // An entry that stays in its file.
  void AddPlace(size_t bytes, int64_t place);
  // Frees what is held.
  void Clear();

  size_t size() const { return entries_.size(); }
  size_t bytes(size_t i) const { return entries_[i].bytes; }
  int64_t all_bytes() const { return all_bytes_; }  // of all entries

  // Entry i as a tensor, which large ones become without being copied, so that
  // it can be taken once; one that stayed is read from `source`.
  // REQUIRES: the tensor has as many bytes as the entry.
  absl::StatusOr<Tensor> Take(size_t i, DataType dtype, const Shape& shape,
                              ByteSource* source);

 private:
  // Small ones share blocks, so that a file of many is not held many times
  // over.
  static constexpr size_t kSmall = 4096;
  static constexpr size_t kBlock = size_t{64} << 10;

  struct Entry {
    size_t bytes;
    size_t at;  // in blocks_, as if they were one, or large_, or in the file
  };

  // Null if it has no bytes.
  char* Small(const Entry& entry);

  std::deque<Entry> entries_;
  int64_t all_bytes_ = 0;
  std::deque<std::unique_ptr<char[]>> blocks_;
  size_t in_blocks_ = 0;  // to the end of what is used of the last
  std::deque<AlignedBytes> large_;
  bool in_file_ = false;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_TENSOR_ENTRIES_H_
