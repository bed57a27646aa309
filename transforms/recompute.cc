#include "transforms/recompute.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

// For which sizes are compared; only their order matters.
constexpr int64_t kTypicalBatch = 256;
// Longer names leave no room for more.
constexpr size_t kLongestStem = 200;

double Size(const Node& node) {
  return static_cast<double>(
      node.type.shape.Bind(kTypicalBatch).num_elements());
}

// Node ids below `end` are the forward part. All vectors count by node.
class ForwardPart {
 public:
  ForwardPart(const Graph& graph, NodeId end)
      : graph_(graph),
        end_(end),
        last_reader_(static_cast<size_t>(graph.num_nodes()), kNoNode),
        read_later_(last_reader_.size(), false),
        needed_at_end_(last_reader_.size(), false) {
    for (NodeId id = 0; id < graph.num_nodes(); ++id) {
      for (NodeId input : graph.node(id).inputs) {
        if (id < end) {
          last_reader_[static_cast<size_t>(input)] = id;
        } else {
          read_later_[static_cast<size_t>(input)] = true;
        }
      }
    }
    for (const GraphOutput& output : graph.outputs()) {
      needed_at_end_[static_cast<size_t>(output.node)] = true;
    }
    for (const GraphUpdate& update : graph.updates()) {
      needed_at_end_[static_cast<size_t>(update.value)] = true;
    }
  }

  // Whether memory is saved where it is not kept: it is an array of this part
  // that nothing else holds.
  bool MayBeDropped(NodeId id) const {
    const Node& node = graph_.node(id);
    return id < end_ && !AsLeaf(*node.op).has_value() && Size(node) > 1 &&
           !needed_at_end_[static_cast<size_t>(id)];
  }

  // The ids at which segments after the first start; ascending.
  std::vector<NodeId> FindCuts(int segments) const {
    std::vector<double> saved_before(static_cast<size_t>(end_) + 1, 0);
    int count = 0;
    for (NodeId id = 0; id < end_; ++id) {
      const bool saved = IsSaved(id);
      count += saved ? 1 : 0;
      saved_before[static_cast<size_t>(id) + 1] =
          saved_before[static_cast<size_t>(id)] +
          (saved ? Size(graph_.node(id)) : 0);
    }
    if (segments == 0) {
      segments = static_cast<int>(std::lround(std::sqrt(count)));
    }
    segments = std::min(segments, count);
    const std::vector<double> costs = CutCosts();
    std::vector<NodeId> cuts;
    for (int k = 1; k < segments; ++k) {
      const double width = saved_before.back() / segments;
      const NodeId cut = BestCut(saved_before, costs, width * k, width / 2);
      if (cut != kNoNode && (cuts.empty() || cuts.back() < cut)) {
        cuts.push_back(cut);
      }
    }
    return cuts;
  }

  // Whether it is made before the cut and read after it, in this part.
  bool Crosses(NodeId id, NodeId cut) const {
    return id < cut && last_reader_[static_cast<size_t>(id)] >= cut;
  }

 private:
  // Whether the backward part makes it stay.
  bool IsSaved(NodeId id) const {
    return read_later_[static_cast<size_t>(id)] && MayBeDropped(id);
  }

  // For each cut what has to be kept for it: what crosses, twice if it would
  // not have been saved without a cut.
  std::vector<double> CutCosts() const {
    std::vector<double> change(static_cast<size_t>(end_) + 1, 0);
    for (NodeId id = 0; id < end_; ++id) {
      const NodeId last = last_reader_[static_cast<size_t>(id)];
      if (last <= id || !MayBeDropped(id)) continue;
      const double cost = Size(graph_.node(id)) * (IsSaved(id) ? 1 : 2);
      change[static_cast<size_t>(id) + 1] += cost;
      change[static_cast<size_t>(last) + 1] -= cost;
    }
    double cost = 0;
    for (double& c : change) c = cost += c;
    return change;
  }

  // The cheapest cut at which what was saved before is within `reach` of
  // `target`, of several the nearest; kNoNode if there is none.
  NodeId BestCut(const std::vector<double>& saved_before,
                 const std::vector<double>& costs, double target,
                 double reach) const {
    NodeId best = kNoNode;
    double best_cost = 0;
    double best_distance = 0;
    for (NodeId cut = 1; cut < end_; ++cut) {
      const double distance =
          std::fabs(saved_before[static_cast<size_t>(cut)] - target);
      const double cost = costs[static_cast<size_t>(cut)];
      if (distance > reach) continue;
      if (best == kNoNode || cost < best_cost ||
          (cost == best_cost && distance < best_distance)) {
        best = cut;
        best_cost = cost;
        best_distance = distance;
      }
    }
    return best;
  }

  const Graph& graph_;
  const NodeId end_;
  std::vector<NodeId> last_reader_;  // in this part
  std::vector<bool> read_later_;     // by the backward part
  std::vector<bool> needed_at_end_;
};

absl::StatusOr<NodeId> FindLoss(const Graph& graph, const std::string& name) {
  for (const GraphOutput& output : graph.outputs()) {
    if (output.name == name) return output.node;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the graph has no output ", Quoted(name)));
}

// By node: whether the backward part reads a copy of it.
absl::StatusOr<std::vector<bool>> FindDropped(const Graph& graph,
                                              const RecomputeOptions& options) {
  ASSIGN_OR_RETURN(const NodeId loss, FindLoss(graph, options.loss));
  if (options.segments < 0 || (options.segments > 0 && !options.keep.empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.segments, " segments and ", options.keep.size(),
                     " names to keep: expected one of the two"));
  }
  const ForwardPart forward(graph, loss + 1);
  std::vector<bool> dropped(static_cast<size_t>(graph.num_nodes()), false);
  for (NodeId id = 0; id <= loss; ++id) {
    dropped[static_cast<size_t>(id)] = forward.MayBeDropped(id);
  }
  for (const std::string& name : options.keep) {
    const NodeId id = graph.Find(name);
    if (id == kNoNode || id > loss || AsLeaf(*graph.node(id).op).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no ", Quoted(name), " to keep before ",
                       graph.node(loss).ToString()));
    }
    dropped[static_cast<size_t>(id)] = false;
  }
  if (!options.keep.empty()) return dropped;
  const std::vector<NodeId> cuts = forward.FindCuts(options.segments);
  const NodeId last_cut = cuts.empty() ? 0 : cuts.back();
  for (NodeId id = 0; id <= loss; ++id) {
    const bool crosses = std::any_of(cuts.begin(), cuts.end(), [&](NodeId cut) {
      return forward.Crosses(id, cut);
    });
    if (id >= last_cut || crosses) dropped[static_cast<size_t>(id)] = false;
  }
  return dropped;
}

class Recomputer {
 public:
  Recomputer(const Graph& graph, std::vector<bool> dropped, NodeId loss)
      : graph_(graph),
        dropped_(std::move(dropped)),
        loss_(loss),
        copied_(dropped_.size(), false),
        copies_(dropped_.size()),
        rewriter_(graph) {}

  absl::StatusOr<Graph> Run() && {
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      if (id <= loss_) {
        rewriter_.Copy(id);
      } else {
        rewriter_.Replace(id, AddWithCopies(id, graph_.node(id).name));
      }
    }
    return std::move(rewriter_).Finish();
  }

 private:
  // The node again, under that name, reading copies where nodes were dropped.
  Value AddWithCopies(NodeId id, const std::string& name) {
    CopyDropped(id);
    const Node& node = graph_.node(id);
    std::vector<Value> inputs;
    for (NodeId input : node.inputs) {
      inputs.push_back(dropped_[static_cast<size_t>(input)]
                           ? copies_[static_cast<size_t>(input)]
                           : rewriter_.Get(input));
    }
    return rewriter_.builder().AddNode(node.op, inputs, name);
  }

  // Makes the copies that a node reads, each after what it reads itself. Chains
  // may be as long as the graph, so not by recursion.
  void CopyDropped(NodeId reader) {
    std::vector<NodeId> wanted = MissingOf(reader);
    while (!wanted.empty()) {
      const NodeId id = wanted.back();
      const std::vector<NodeId> first = MissingOf(id);
      if (!first.empty()) {
        wanted.insert(wanted.end(), first.begin(), first.end());
        continue;
      }
      wanted.pop_back();
      const auto i = static_cast<size_t>(id);
      if (copied_[i]) continue;
      copied_[i] = true;
      copies_[i] = AddWithCopies(id, CopyName(graph_.node(id).name));
    }
  }

  std::string CopyName(const std::string& name) {
    return rewriter_.UniqueName(name.size() > kLongestStem
                                    ? "recomputed"
                                    : absl::StrCat(name, "/recomputed"));
  }

  // The dropped inputs of a node that have no copy yet.
  std::vector<NodeId> MissingOf(NodeId id) const {
    std::vector<NodeId> missing;
    for (NodeId input : graph_.node(id).inputs) {
      const auto i = static_cast<size_t>(input);
      if (dropped_[i] && !copied_[i]) missing.push_back(input);
    }
    return missing;
  }

  const Graph& graph_;
  const std::vector<bool> dropped_;
  const NodeId loss_;
  std::vector<bool> copied_;   // by node
  std::vector<Value> copies_;  // likewise
  Rewriter rewriter_;
};

}  // namespace

absl::StatusOr<Graph> RecomputeActivations(const Graph& graph,
                                           const RecomputeOptions& options) {
  const absl::StatusOr<std::vector<bool>> dropped = FindDropped(graph, options);
  if (!dropped.ok()) return Annotate(dropped.status(), "recompute activations");
  ASSIGN_OR_RETURN(const NodeId loss, FindLoss(graph, options.loss));
  return Recomputer(graph, *dropped, loss).Run();
}

}  // namespace espalier
