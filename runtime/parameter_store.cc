#include "runtime/parameter_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/finite.h"
#include "runtime/parameter_store_impl.h"

namespace espalier {
namespace {

// Parameters, then states, in the order in which they were made.
std::vector<NodeId> VariableLeaves(const Graph& graph) {
  std::vector<NodeId> ids = graph.parameters();
  ids.insert(ids.end(), graph.states().begin(), graph.states().end());
  return ids;
}

}  // namespace

ParameterStore::Impl::Impl(std::vector<Leaf> leaves)
    : leaves_(std::move(leaves)) {
  for (size_t i = 0; i < leaves_.size(); ++i) by_name_[leaves_[i].name] = i;
}

Tensor* ParameterStore::Impl::Find(absl::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &leaves_[found->second].value;
}

absl::StatusOr<const float*> ParameterStore::Impl::Packed(
    const Tensor* value, const std::shared_ptr<const onednn::MatMul>& matmul) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t now = version();
  PackedCopy* copy = nullptr;
  for (PackedCopy& known : packed_) {
    if (known.value == value && matmul->HasPackedLayoutOf(*known.matmul)) {
      copy = &known;
    }
  }
  if (copy == nullptr) {
    const auto bytes = static_cast<size_t>(matmul->packed_bytes());
    packed_.push_back({value, matmul, AllocateAligned(bytes), now + 1});
    copy = &packed_.back();
  }
  if (copy->version != now) {
    RETURN_IF_ERROR(
        matmul->Pack(value->data<float>().data(), copy->bytes.get()));
    copy->version = now;
  }
  return reinterpret_cast<const float*>(copy->bytes.get());
}

ParameterStore::ParameterStore(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
ParameterStore::~ParameterStore() = default;

std::shared_ptr<ParameterStore> ParameterStore::Initialised(const Graph& graph,
                                                            uint64_t seed) {
  std::vector<Impl::Leaf> leaves;
  uint64_t stream = 0;
  for (NodeId id : VariableLeaves(graph)) {
    const Node& node = graph.node(id);
    leaves.push_back({node.name, LeafInitializer(*node.op)->Draw(
                                     node.type, seed, stream++)});
  }
  return std::shared_ptr<ParameterStore>(
      new ParameterStore(std::make_unique<Impl>(std::move(leaves))));
}

absl::StatusOr<std::shared_ptr<ParameterStore>> ParameterStore::FromValues(
    const Graph& graph, const std::map<std::string, Tensor>& values) {
  std::vector<Impl::Leaf> leaves;
  for (NodeId id : VariableLeaves(graph)) {
    const Node& node = graph.node(id);
    const auto found = values.find(node.name);
    if (found == values.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(node.ToString(), " has no value"));
    }
    if (found->second.type() != node.type) {
      return absl::InvalidArgumentError(absl::StrCat(
          node.ToString(), " expects a value of type ", node.type.ToString(),
          ", found ", found->second.type().ToString()));
    }
    RETURN_IF_ERROR(Annotate(CheckFinite(found->second), node.ToString()));
    leaves.push_back({node.name, found->second});
  }
  return std::shared_ptr<ParameterStore>(
      new ParameterStore(std::make_unique<Impl>(std::move(leaves))));
}

std::map<std::string, Tensor> ParameterStore::Values() const {
  std::map<std::string, Tensor> values;
  for (const Impl::Leaf& leaf : impl_->leaves()) {
    values.emplace(leaf.name, leaf.value);
  }
  return values;
}

}  // namespace espalier
