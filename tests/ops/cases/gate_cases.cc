#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/gates.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void AddSelections(const CaseSizes& s, std::vector<OpCase>& cases) {
  const TensorType full = F32({kBatch, s.columns});
  struct Operands {
    std::string name;
    std::vector<TensorType> types;
  };
  for (const Operands& o :
       {Operands{"same", {full, full, full, full}},
        Operands{"zero", {full, F32({}), full, F32({})}},
        Operands{"rows", {F32({s.columns}), full, F32({1}), full}},
        Operands{"columns", {F32({kBatch, 1}), full, full, F32({s.columns})}},
        Operands{"grown",
                 {F32({s.inner}), F32({}), F32({s.middle, 1}),
                  F32({s.rows, 1, s.inner})}}}) {
    OpCase c;
    c.name = absl::StrCat("select_greater_", o.name);
    c.kind = "select_greater";
    c.inputs = o.types;
    c.build = [](Inputs in) {
      return SelectGreater(in[0], in[1], in[2], in[3]);
    };
    cases.push_back(c);
  }
}

void AddRelus(const CaseSizes& s, std::vector<OpCase>& cases) {
  const TensorType full = F32({kBatch, s.columns});
  OpCase relu = UnaryCase(s, "relu", Relu, 0);
  relu.kink = 0;
  cases.push_back(relu);

  OpCase c = relu;
  c.relative = kRounding;
  c.kind = "leaky_relu";
  const std::vector<std::pair<std::string, float>> slopes = {
      {"leaky_relu", 0.01f},
      {"leaky_relu_zero", 0.0f},
      {"leaky_relu_negative", -0.5f}};
  for (const auto& [name, slope] : slopes) {
    c.name = name;
    c.build = [slope = slope](Inputs in) { return LeakyRelu(in[0], slope); };
    cases.push_back(c);
  }

  c.kind = "prelu";
  c.build = [](Inputs in) { return Prelu(in[0], in[1]); };
  const std::vector<std::pair<std::string, std::vector<TensorType>>> operands =
      {{"prelu", {full, F32({s.columns})}},
       {"prelu_one", {full, F32({})}},
       {"prelu_each", {full, full}},
       {"prelu_rows", {F32({s.rows, s.middle, s.inner}), F32({s.middle, 1})}}};
  for (const auto& [name, types] : operands) {
    c.name = name;
    c.inputs = types;
    cases.push_back(c);
  }
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  AddSelections(s, cases);
  AddRelus(s, cases);
  struct Limits {
    std::string name;
    float lower;
    float upper;
  };
  for (const Limits& limits :
       {Limits{"clip", -0.75f, 1}, Limits{"clip_above", -0.75f, kInfinity},
        Limits{"clip_below", -kInfinity, 1},
        Limits{"clip_nothing", -kInfinity, kInfinity}}) {
    OpCase c;
    c.name = limits.name;
    c.kind = "clip";
    c.inputs = {F32({kBatch, s.columns})};
    c.build = [limits](Inputs in) {
      return Clip(in[0], limits.lower, limits.upper);
    };
    c.kink = -0.75;
    c.second_kink = 1;
    cases.push_back(c);
  }
}

}  // namespace

const OpFamily kGateCases = {Add, nullptr};

}  // namespace espalier
