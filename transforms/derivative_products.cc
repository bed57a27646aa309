#include "transforms/derivative_products.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

// The builder of the first value that has one; null if none has.
GraphBuilder* BuilderOf(
    std::initializer_list<absl::Span<const Value>> value_lists) {
  for (absl::Span<const Value> values : value_lists) {
    for (const Value& value : values) {
      if (value.builder() != nullptr) return value.builder();
    }
  }
  return nullptr;
}

absl::Status CheckValue(const GraphBuilder& builder, const Value& value,
                        absl::string_view where) {
  if (!value.valid() || value.builder() != &builder) {
    return absl::InvalidArgumentError(
        absl::StrCat("a value among the ", where,
                     " is empty or belongs to another builder"));
  }
  if (value.type().dtype != DataType::kF32) {
    return absl::InvalidArgumentError(
        absl::StrCat(value.node().ToString(), " among the ", where, " is ",
                     value.type().ToString(), ", expected f32"));
  }
  return absl::OkStatus();
}

absl::Status CheckArguments(const GraphBuilder& builder,
                            absl::Span<const Value> outputs,
                            absl::Span<const Value> inputs,
                            absl::Span<const Value> tangents) {
  if (inputs.size() != tangents.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", inputs.size(), " inputs and ",
                     tangents.size(), " vectors: expected one for each"));
  }
  for (const Value& y : outputs) {
    RETURN_IF_ERROR(CheckValue(builder, y, "outputs"));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    RETURN_IF_ERROR(CheckValue(builder, inputs[i], "inputs"));
    RETURN_IF_ERROR(CheckValue(builder, tangents[i], "vectors"));
    if (tangents[i].type() != inputs[i].type()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the vector for ", inputs[i].node().ToString(), " is ",
                       tangents[i].type().ToString(), ", expected ",
                       inputs[i].type().ToString()));
    }
  }
  return absl::OkStatus();
}

// The sum over all pairs of the sum over all elements of their product; an
// empty value for no pair.
Value InnerProduct(absl::Span<const Value> a, absl::Span<const Value> b) {
  Value total;
  for (size_t i = 0; i < a.size(); ++i) {
    const Value product = Sum(Mul(a[i], b[i]));
    total = i == 0 ? product : Add(total, product);
  }
  return total;
}

std::vector<Value> CheckedJvp(GraphBuilder& builder,
                              absl::Span<const Value> outputs,
                              absl::Span<const Value> inputs,
                              absl::Span<const Value> tangents) {
  // One u of the shape of each output. Nothing of the result is computed from
  // their values.
  std::vector<Value> u;
  for (const Value& y : outputs) {
    u.push_back(BroadcastTo(builder.Constant(1.0f), y.shape()));
  }
  const std::vector<Value> transposed =
      Gradients(InnerProduct(outputs, u), inputs);
  return Gradients(InnerProduct(transposed, tangents), u);
}

std::vector<Value> Failed(GraphBuilder& builder, const absl::Status& error,
                          absl::string_view what, size_t count) {
  return std::vector<Value>(count, builder.Fail(Annotate(error, what)));
}

}  // namespace

std::vector<Value> Jvp(absl::Span<const Value> outputs,
                       absl::Span<const Value> inputs,
                       absl::Span<const Value> tangents) {
  GraphBuilder* builder = BuilderOf({outputs, inputs, tangents});
  if (builder == nullptr) return std::vector<Value>(outputs.size());
  absl::Status status = builder->status();
  if (status.ok()) {
    status = CheckArguments(*builder, outputs, inputs, tangents);
  }
  if (!status.ok()) return Failed(*builder, status, "jvp", outputs.size());
  if (outputs.empty()) return {};
  if (inputs.empty()) {
    std::vector<Value> zeros;
    for (const Value& y : outputs) {
      zeros.push_back(BroadcastTo(builder->Constant(0.0f), y.shape()));
    }
    return zeros;
  }
  return CheckedJvp(*builder, outputs, inputs, tangents);
}

std::vector<Value> Hvp(Value loss, absl::Span<const Value> inputs,
                       absl::Span<const Value> vectors) {
  GraphBuilder* builder = BuilderOf({{loss}, inputs, vectors});
  if (builder == nullptr) return std::vector<Value>(inputs.size());
  absl::Status status = builder->status();
  if (status.ok()) status = CheckArguments(*builder, {loss}, inputs, vectors);
  if (!status.ok()) return Failed(*builder, status, "hvp", inputs.size());
  if (inputs.empty()) return {};
  std::vector<Value> gradients = Gradients(loss, inputs);
  if (!builder->status().ok()) return gradients;
  return CheckedJvp(*builder, gradients, inputs, vectors);
}

}  // namespace espalier
