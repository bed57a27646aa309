#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/reshape.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// What Selu has unless told otherwise, as ours does.
constexpr float kSeluAlpha = 1.67326319217681884765625f;
constexpr float kSeluGamma = 1.05070102214813232421875f;

// x, after the attributes, of an op with one input.
absl::StatusOr<Value> OnlyInput(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  RETURN_IF_ERROR(node.FinishAttributes());
  return node.value(0);
}

// An attribute that may be infinite.
absl::StatusOr<float> Limit(OnnxNodeReader& node, absl::string_view name,
                            float absent) {
  const auto* attribute = node.Find(name, onnx::AttributeProto::FLOAT);
  if (attribute == nullptr) return absent;
  if (!std::isnan(attribute->f())) return attribute->f();
  return absl::InvalidArgumentError(
      absl::StrCat("attribute ", Quoted(name), " is NaN"));
}

// The number that is input `i`; nothing if it is computed.
absl::StatusOr<absl::optional<float>> LimitInput(OnnxNodeReader& node, int i,
                                                 float absent) {
  if (!node.has_input(i)) return absent;
  if (node.constant(i) == nullptr) return absl::nullopt;
  const Shape shape = OnnxShape(*node.constant(i));
  if (shape.num_elements() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "input ", i, " has shape ", shape.ToString(), ": expected one number"));
  }
  ASSIGN_OR_RETURN(const Tensor number,
                   node.graph().ConstantFloats(node.input(i)));
  const float limit = number.data<float>()[0];
  if (!std::isnan(limit)) return limit;
  return absl::InvalidArgumentError(absl::StrCat("input ", i, " is NaN"));
}

// Where the limits are no numbers of which the lower is below the upper.
absl::Status ClipByValues(OnnxNodeReader& node, Value x) {
  for (const int i : {1, 2}) {
    if (!node.has_input(i)) continue;
    ASSIGN_OR_RETURN(Value limit, node.value(i));
    const Shape shape = limit.shape();
    if (shape.has_symbolic_batch() || shape.num_elements() != 1) {
      return absl::UnimplementedError(
          absl::StrCat("input ", i, " has shape ", shape.ToString(),
                       ": expected one number for all samples"));
    }
    if (shape.rank() > 0) limit = Reshape(limit, Shape({}));
    const bool last = i == 2 || !node.has_input(2);
    x = i == 1 ? espalier::Max(x, limit, last ? node.Name() : "")
               : espalier::Min(x, limit, node.Name());
  }
  return node.SetResult(x);
}

// As that of opset 6 has it: one number, or one a channel, which is axis 1.
absl::StatusOr<Value> OldSlope(const Value& x, const Value& slope) {
  const Shape shape = slope.shape();
  if (!shape.has_symbolic_batch() && shape.num_elements() == 1) {
    return shape.rank() == 0 ? slope : Reshape(slope, Shape({}));
  }
  if (x.shape().rank() < 2 || shape.rank() != 1 ||
      shape.dim(0) != x.shape().dim(1)) {
    return absl::UnimplementedError(absl::StrCat(
        "the slope has shape ", shape.ToString(),
        ": expected one number, or one a channel of ", x.shape().ToString()));
  }
  std::vector<int64_t> dims(static_cast<size_t>(x.shape().rank()) - 1, 1);
  dims[0] = shape.dim(0);
  return Reshape(slope, Shape(dims));
}

}  // namespace

absl::Status Celu(OnnxNodeReader& node) {
  const float alpha = node.Float("alpha", 1);
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  return node.SetResult(espalier::Celu(x, alpha, node.Name()));
}

// Limits were attributes before opset 11.
absl::Status Clip(OnnxNodeReader& node) {
  const bool attributes = node.opset() < 11;
  RETURN_IF_ERROR(node.CheckArity(1, attributes ? 1 : 3));
  absl::optional<float> lower;
  absl::optional<float> upper;
  if (attributes) {
    ASSIGN_OR_RETURN(lower, Limit(node, "min", -kInfinity));
    ASSIGN_OR_RETURN(upper, Limit(node, "max", kInfinity));
  } else {
    ASSIGN_OR_RETURN(lower, LimitInput(node, 1, -kInfinity));
    ASSIGN_OR_RETURN(upper, LimitInput(node, 2, kInfinity));
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  const bool numbers = lower.has_value() && upper.has_value();
  if (!attributes && (!numbers || *lower > *upper)) {
    return ClipByValues(node, x);
  }
  return node.SetResult(espalier::Clip(x, *lower, *upper, node.Name()));
}

absl::Status Elu(OnnxNodeReader& node) {
  const float alpha = node.Float("alpha", 1);
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  return node.SetResult(espalier::Elu(x, alpha, node.Name()));
}

// erf(x) = 2 Phi(sqrt(2) x) - 1: Abramowitz and Stegun, Handbook of
// Mathematical Functions, 26.2.29. Within 2^-23 of it, as 1 + erf(x), which is
// what GELU needs, is in float32 anyway.
absl::Status Erf(OnnxNodeReader& node) {
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  const Value cdf = NormalCdf(Scale(x, std::sqrt(2.0f)));
  return node.SetResult(
      Sub(Scale(cdf, 2), x.builder()->Constant(1.0f), node.Name()));
}

absl::Status Gelu(OnnxNodeReader& node) {
  const std::string form = node.String("approximate", "none");
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  if (form == "none") return node.SetResult(espalier::Gelu(x, node.Name()));
  if (form == "tanh") return node.SetResult(GeluTanh(x, node.Name()));
  return absl::InvalidArgumentError(
      "attribute 'approximate': expected 'none' or 'tanh'");
}

absl::Status HardSigmoid(OnnxNodeReader& node) {
  const float alpha = node.Float("alpha", 0.2f);
  const float beta = node.Float("beta", 0.5f);
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  return node.SetResult(espalier::HardSigmoid(x, alpha, beta, node.Name()));
}

absl::Status LeakyRelu(OnnxNodeReader& node) {
  const float slope = node.Float("alpha", 0.01f);
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  return node.SetResult(espalier::LeakyRelu(x, slope, node.Name()));
}

absl::Status PRelu(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  ASSIGN_OR_RETURN(Value slope, node.value(1));
  if (node.opset() < 7) {
    if (RankInFile(node, x) < x.shape().rank()) {
      return absl::UnimplementedError("axis 1 with a batch in front");
    }
    ASSIGN_OR_RETURN(slope, OldSlope(x, slope));
  }
  RETURN_IF_ERROR(CheckRanks(node, x, slope));
  return node.SetResult(Prelu(x, slope, node.Name()));
}

absl::Status Selu(OnnxNodeReader& node) {
  const bool first = node.opset() < 6;  // which had fewer digits
  const float alpha = node.Float("alpha", first ? 1.6732f : kSeluAlpha);
  const float gamma = node.Float("gamma", first ? 1.0507f : kSeluGamma);
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  if (alpha == kSeluAlpha && gamma == kSeluGamma) {
    return node.SetResult(espalier::Selu(x, node.Name()));
  }
  return node.SetResult(
      Scale(espalier::Elu(x, alpha), gamma, false, node.Name()));
}

// Of opset 10; converters wrote it before, when it was an experiment of
// opset 1.
absl::Status ThresholdedRelu(OnnxNodeReader& node) {
  const float alpha = node.Float("alpha", 1);
  ASSIGN_OR_RETURN(const Value x, OnlyInput(node));
  GraphBuilder& builder = node.graph().builder();
  return node.SetResult(SelectGreater(x, builder.Constant(alpha), x,
                                      builder.Constant(0), node.Name()));
}

}  // namespace onnx_import
}  // namespace espalier
