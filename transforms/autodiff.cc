#include "transforms/autodiff.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "ops/binary.h"
#include "ops/reduce.h"

namespace espalier {
namespace {

absl::Status CheckArguments(Value loss, absl::Span<const Value> wrt) {
  if (loss.type() != TensorType{DataType::kF32, Shape()}) {
    return absl::InvalidArgumentError(
        absl::StrCat("the loss, ", loss.node().ToString(), ", is ",
                     loss.type().ToString(), ", expected a scalar f32[]"));
  }
  for (const Value& x : wrt) {
    if (!x.valid() || x.builder() != loss.builder()) {
      return absl::InvalidArgumentError(
          "a value among wrt is empty or belongs to another builder");
    }
    if (x.type().dtype != DataType::kF32) {
      return absl::InvalidArgumentError(
          absl::StrCat(x.node().ToString(), " among wrt is ",
                       x.type().ToString(), ", expected f32"));
    }
  }
  return absl::OkStatus();
}

// For each node up to `last`: whether a gradient with respect to `wrt` passes
// through it.
std::vector<bool> DependsOn(absl::Span<const Value> wrt,
                            const GraphBuilder& builder, NodeId last) {
  std::vector<bool> depends(static_cast<size_t>(last) + 1, false);
  for (const Value& x : wrt) {
    if (x.id() <= last) depends[static_cast<size_t>(x.id())] = true;
  }
  for (NodeId id = 0; id <= last; ++id) {
    const Node& node = builder.node(id);
    if (node.type.dtype != DataType::kF32) continue;
    for (NodeId input : node.inputs) {
      if (depends[static_cast<size_t>(input)]) {
        depends[static_cast<size_t>(id)] = true;
      }
    }
  }
  return depends;
}

// Adds what flows from one node to its inputs onto `gradients`.
absl::Status PropagateToInputs(GraphBuilder& builder, NodeId id,
                               const std::vector<bool>& depends,
                               std::vector<Value>& gradients) {
  const Node& node = builder.node(id);
  std::vector<Value> inputs;
  std::vector<bool> wanted;
  for (NodeId input : node.inputs) {
    inputs.push_back(builder.value(input));
    wanted.push_back(depends[static_cast<size_t>(input)]);
  }
  if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Value>> flows = node.op->Gradient(
      inputs, builder.value(id), gradients[static_cast<size_t>(id)], wanted);
  if (!flows.ok()) return flows.status();
  if (!builder.status().ok()) return builder.status();
  if (flows->size() != inputs.size()) {
    return absl::InternalError(absl::StrCat(
        "expected ", inputs.size(), " gradients, found ", flows->size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value flow = (*flows)[i];
    if (!wanted[i] || !flow.valid()) continue;
    if (flow.type() != inputs[i].type()) {
      return absl::InternalError(
          absl::StrCat("gradient ", i, " has type ", flow.type().ToString(),
                       ", input ", i, " has ", inputs[i].type().ToString()));
    }
    Value& sum = gradients[static_cast<size_t>(inputs[i].id())];
    sum = sum.valid() ? Add(sum, flow) : flow;
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Value> Gradients(Value loss, absl::Span<const Value> wrt) {
  std::vector<Value> results(wrt.size());
  if (loss.builder() == nullptr) return results;
  GraphBuilder& builder = *loss.builder();
  const auto fail = [&](const absl::Status& error) {
    results.assign(wrt.size(), builder.Fail(Annotate(error, "gradients")));
    return results;
  };
  if (!builder.status().ok()) return fail(builder.status());
  const absl::Status arguments = CheckArguments(loss, wrt);
  if (!arguments.ok()) return fail(arguments);

  const std::vector<bool> depends = DependsOn(wrt, builder, loss.id());
  std::vector<Value> gradients(depends.size());
  if (depends.back()) gradients.back() = builder.Constant(1.0f);
  // Nodes that the walk adds come after the loss, so it does not meet them.
  for (NodeId id = loss.id(); id >= 0; --id) {
    if (!gradients[static_cast<size_t>(id)].valid()) continue;
    const absl::Status status =
        PropagateToInputs(builder, id, depends, gradients);
    if (!status.ok())
      return fail(Annotate(status, builder.node(id).ToString()));
  }
  for (size_t i = 0; i < wrt.size(); ++i) {
    const auto id = static_cast<size_t>(wrt[i].id());
    results[i] = id < gradients.size() && gradients[id].valid()
                     ? gradients[id]
                     : BroadcastTo(builder.Constant(0.0f), wrt[i].shape());
  }
  return results;
}

}  // namespace espalier
