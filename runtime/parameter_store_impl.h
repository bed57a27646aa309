// What a ParameterStore holds; private to runtime/.
#ifndef ESPALIER_RUNTIME_PARAMETER_STORE_IMPL_H_
#define ESPALIER_RUNTIME_PARAMETER_STORE_IMPL_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "graph/tensor.h"
#include "runtime/onednn/matmul.h"
#include "runtime/parameter_store.h"

namespace espalier {

class ParameterStore::Impl {
 public:
  struct Leaf {
    std::string name;
    Tensor value;
  };

  explicit Impl(std::vector<Leaf> leaves);

  // Null if no leaf has this name.
  Tensor* Find(absl::string_view name);
  const std::vector<Leaf>& leaves() const { return leaves_; }

  // A copy of a leaf's value in the layout that `matmul` wants; made at the
  // first call, then shared. Good as long as the store.
  absl::StatusOr<const float*> Packed(
      const Tensor* value, const std::shared_ptr<const onednn::MatMul>& matmul);

  // Counts runs that changed values, so that packed copies can be renewed.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void BumpVersion() { version_.fetch_add(1, std::memory_order_release); }

  // Whether a session that updates the leaves exists; a second is refused.
  bool TakeForUpdates() { return !has_updater_.exchange(true); }
  void ReleaseFromUpdates() { has_updater_.store(false); }

 private:
  struct PackedCopy {
    const Tensor* value;
    std::shared_ptr<const onednn::MatMul> matmul;  // knows the layout
    AlignedBytes bytes;
    uint64_t version;
  };

  std::vector<Leaf> leaves_;
  absl::flat_hash_map<std::string, size_t> by_name_;
  std::atomic<uint64_t> version_{0};
  std::atomic<bool> has_updater_{false};
  std::mutex mutex_;
  std::list<PackedCopy> packed_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_PARAMETER_STORE_IMPL_H_
