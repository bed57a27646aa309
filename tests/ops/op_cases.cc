#include "tests/ops/op_cases.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/registry.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

constexpr const OpFamily* kFamilies[] = {
    &kActivationCases, &kBinaryCases,   &kElementwiseCases,   &kGateCases,
    &kIntegerCases,    &kMovementCases, &kNormalizationCases, &kProductCases,
    &kReduceCases,     &kShapeCases,    &kSoftmaxCases,       &kTrainingCases};

}  // namespace

TensorType F32(std::initializer_list<int64_t> dims) {
  return {DataType::kF32, Shape(dims)};
}

TensorType I32(std::initializer_list<int64_t> dims) {
  return {DataType::kI32, Shape(dims)};
}

std::function<Value(Inputs)> ByKind(absl::string_view kind,
                                    Attributes attributes) {
  return [kind = std::string(kind),
          attributes = std::move(attributes)](Inputs inputs) {
    absl::StatusOr<OpPtr> op = StandardOps().Make(kind, attributes);
    if (!op.ok()) return inputs[0].builder()->Fail(op.status());
    return Apply(*std::move(op), inputs);
  };
}

OpCase UnaryCase(const CaseSizes& sizes, const std::string& kind,
                 Value (*f)(Value, absl::string_view), double ulps) {
  OpCase c;
  c.name = c.kind = kind;
  c.inputs = {F32({kBatch, sizes.columns})};
  c.build = [f](Inputs in) { return f(in[0], ""); };
  c.relative = 2 * ulps * kRounding;
  return c;
}

void PrintTo(const OpCase& op_case, std::ostream* os) { *os << op_case.name; }

std::vector<OpCase> OpCasesOf(const CaseSizes& sizes) {
  std::vector<OpCase> cases;
  for (const OpFamily* family : kFamilies) family->add(sizes, cases);
  return cases;
}

std::vector<OpCase> OpCases() {
  std::vector<OpCase> cases = OpCasesOf(CaseSizes());
  for (const OpFamily* family : kFamilies) {
    if (family->add_extra != nullptr) family->add_extra(cases);
  }
  return cases;
}

std::string InputName(size_t i) { return absl::StrCat("x", i); }

absl::StatusOr<Graph> BuildCase(const OpCase& op_case, Operands operands) {
  GraphBuilder g(op_case.name);
  std::vector<Value> inputs;
  bool batched = false;
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const auto& [dtype, shape] = op_case.inputs[i];
    const bool parameter = operands == Operands::kParameters &&
                           dtype == DataType::kF32 &&
                           !shape.has_symbolic_batch();
    inputs.push_back(
        parameter ? g.Parameter(InputName(i), shape, Initializer::Normal(1))
                  : g.Input(InputName(i), shape, dtype));
    batched = batched || shape.has_symbolic_batch();
  }
  if (!batched) g.Input("batch", {kBatch});
  g.Output("y", op_case.build(inputs));
  return g.Build();
}

}  // namespace espalier
