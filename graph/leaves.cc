#include "graph/leaves.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

class LeafOp : public Op {
 public:
  LeafOp(LeafKind leaf, const TensorType& type) : leaf_(leaf), type_(type) {}

  LeafKind leaf() const { return leaf_; }
  const TensorType& type() const { return type_; }
  int arity() const override { return 0; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> /*inputs*/) const override {
    RETURN_IF_ERROR(type_.shape.Validate());
    if (leaf_ != LeafKind::kInput && type_.shape.has_symbolic_batch()) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", type_.shape.ToString(),
                       " has the batch N: only inputs may"));
    }
    return type_;
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> /*inputs*/,
                        const Shape& /*output*/) const override {
    ESPALIER_CHECK(false);  // values of leaves come from outside
    return DoubleTensor();
  }

 private:
  LeafKind leaf_;
  TensorType type_;
};

class InputOp : public LeafOp {
 public:
  explicit InputOp(const TensorType& type) : LeafOp(LeafKind::kInput, type) {}
  absl::string_view kind() const override { return "input"; }
  Attributes attributes() const override {
    return {{"dtype", std::string(DataTypeName(type().dtype))},
            {"shape", DimsOf(type().shape)}};
  }
};

class VariableOp : public LeafOp {
 public:
  VariableOp(LeafKind leaf, const TensorType& type,
             const Initializer& initializer)
      : LeafOp(leaf, type), initializer_(initializer) {}

  const Initializer& initializer() const { return initializer_; }
  absl::string_view kind() const override {
    return leaf() == LeafKind::kParameter ? "parameter" : "state";
  }
  Attributes attributes() const override {
    return {
        {"dtype", std::string(DataTypeName(type().dtype))},
        {"shape", DimsOf(type().shape)},
        {"initializer", std::string(InitializerKindName(initializer_.kind))},
        {"initializer_value", initializer_.value}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    if (!std::isfinite(initializer_.value)) {
      return absl::InvalidArgumentError(
          "the initializer's value is not finite");
    }
    if (type().dtype == DataType::kI32) {
      if (leaf() == LeafKind::kParameter) {
        return absl::InvalidArgumentError(
            "a parameter is trained and must be f32, not i32");
      }
      if (initializer_.kind != Initializer::Kind::kConstant ||
          initializer_.value != std::trunc(initializer_.value) ||
          std::fabs(initializer_.value) > 0x1p24f) {
        return absl::InvalidArgumentError(
            "an i32 state starts from a constant integer of at most 2^24");
      }
    }
    return LeafOp::InferType(inputs);
  }

 private:
  Initializer initializer_;
};

class ConstantOp : public LeafOp {
 public:
  explicit ConstantOp(const Tensor& value)
      : LeafOp(LeafKind::kConstant, value.type()), value_(value) {}

  const Tensor& value() const { return value_; }
  absl::string_view kind() const override { return "constant"; }
  Attributes attributes() const override { return {{"value", value_}}; }
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> /*inputs*/,
                        const Shape& /*output*/) const override {
    return DoubleTensor(value_);
  }
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> /*inputs*/,
                        const Shape& /*output*/) const override {
    return IntervalTensor::Exactly(value_);
  }

 private:
  Tensor value_;
};

absl::StatusOr<TensorType> ReadType(AttributeReader& reader) {
  ASSIGN_OR_RETURN(DataType dtype, ParseDataType(reader.String("dtype")));
  return TensorType{dtype, reader.ShapeValue("shape")};
}

absl::StatusOr<OpPtr> ReadInput(AttributeReader& reader) {
  ASSIGN_OR_RETURN(TensorType type, ReadType(reader));
  return MakeInput(type);
}

template <OpPtr (*Make)(const TensorType&, const Initializer&)>
absl::StatusOr<OpPtr> ReadVariable(AttributeReader& reader) {
  ASSIGN_OR_RETURN(TensorType type, ReadType(reader));
  ASSIGN_OR_RETURN(Initializer::Kind kind,
                   ParseInitializerKind(reader.String("initializer")));
  return Make(type, Initializer{kind, reader.Float("initializer_value")});
}

absl::StatusOr<OpPtr> ReadConstant(AttributeReader& reader) {
  return MakeConstant(reader.TensorValue("value"));
}

constexpr OpTable::Entry kLeafEntries[] = {
    {"constant", ReadConstant},
    {"input", ReadInput},
    {"parameter", ReadVariable<MakeParameter>},
    {"state", ReadVariable<MakeState>},
};

}  // namespace

OpPtr MakeInput(const TensorType& type) {
  return std::make_shared<InputOp>(type);
}
OpPtr MakeParameter(const TensorType& type, const Initializer& initializer) {
  return std::make_shared<VariableOp>(LeafKind::kParameter, type, initializer);
}
OpPtr MakeState(const TensorType& type, const Initializer& initializer) {
  return std::make_shared<VariableOp>(LeafKind::kState, type, initializer);
}
OpPtr MakeConstant(const Tensor& value) {
  return std::make_shared<ConstantOp>(value);
}

absl::optional<LeafKind> AsLeaf(const Op& op) {
  const auto* leaf = dynamic_cast<const LeafOp*>(&op);
  if (leaf == nullptr) return absl::nullopt;
  return leaf->leaf();
}

const Tensor* ConstantValue(const Op& op) {
  const auto* constant = dynamic_cast<const ConstantOp*>(&op);
  return constant == nullptr ? nullptr : &constant->value();
}

const Initializer* LeafInitializer(const Op& op) {
  const auto* variable = dynamic_cast<const VariableOp*>(&op);
  return variable == nullptr ? nullptr : &variable->initializer();
}

bool IsLeafKind(absl::string_view kind) {
  for (const OpTable::Entry& entry : kLeafEntries) {
    if (entry.kind == kind) return true;
  }
  return false;
}

absl::Span<const OpTable::Entry> LeafEntries() { return kLeafEntries; }

}  // namespace espalier
