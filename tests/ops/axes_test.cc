// Reductions over every set of axes, and broadcasting of every pair of shapes,
// forward and backward: execution gives what the interpreter gives.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/ops/cases/families.h"
#include "tests/ops/check_gradients.h"
#include "tests/ops/check_op.h"
#include "tests/ops/op_cases.h"

namespace espalier {
namespace {

void Check(const OpCase& op_case) {
  SCOPED_TRACE(op_case.name);
  CheckType(op_case);
  CheckGradientExecution(op_case);
}

// The kinds that have these attributes.
std::vector<std::string> Reductions() {
  std::vector<std::string> kinds;
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    const Attributes attributes = {{"axes", std::vector<int64_t>{0}},
                                   {"keep_axes", false}};
    const auto op = StandardOps().Make(entry.kind, attributes);
    if (op.ok()) kinds.emplace_back(entry.kind);
  }
  return kinds;
}

TEST(AxesTest, ReductionsTakeAnyAxes) {
  const std::vector<std::string> kinds = Reductions();
  EXPECT_GE(kinds.size(), 2);  // sum and mean at least
  const std::vector<TensorType> types = {
      F32({kBatch, 3, 2, 5}), F32({3, 1, 5, 2}), F32({kBatch, 1, 1, 7})};
  for (const std::string& kind : kinds) {
    for (const TensorType& type : types) {
      for (unsigned set = 0; set < 16 && !HasFailure(); ++set) {
        std::vector<int64_t> axes;
        for (unsigned axis = 0; axis < 4; ++axis) {
          if ((set >> axis & 1) != 0) axes.push_back(axis);
        }
        for (bool keep : {false, true}) {
          OpCase c;
          c.kind = kind;
          c.inputs = {type};
          c.build = ByKind(kind, {{"axes", axes}, {"keep_axes", keep}});
          c.name = absl::StrCat(kind, "_", set, keep ? "_keep" : "");
          Check(c);
        }
      }
    }
  }
}

// Every shape of rank up to 3 of which each dimension is 1 or that of [N, 3,
// 2].
std::vector<TensorType> Shapes() {
  std::vector<TensorType> types;
  const std::vector<int64_t> full = {kBatch, 3, 2};
  for (size_t rank = 0; rank <= full.size(); ++rank) {
    for (unsigned set = 0; set < 1U << rank; ++set) {
      std::vector<int64_t> dims(full.end() - static_cast<int64_t>(rank),
                                full.end());
      for (size_t i = 0; i < rank; ++i) {
        if ((set >> i & 1) != 0) dims[i] = 1;
      }
      types.push_back({DataType::kF32, Shape(dims)});
    }
  }
  return types;
}

TEST(AxesTest, AnyTwoShapesBroadcast) {
  for (const char* kind : {"sub", "div"}) {
    for (const TensorType& a : Shapes()) {
      for (const TensorType& b : Shapes()) {
        if (HasFailure()) return;
        OpCase c;
        c.kind = kind;
        c.name = absl::StrCat(kind, "_", a.shape.rank(), b.shape.rank());
        SCOPED_TRACE(absl::StrCat(a.ToString(), " and ", b.ToString()));
        c.inputs = {a, b};
        c.build = ByKind(kind);
        c.low = 0.5;
        Check(c);
      }
    }
  }
}

}  // namespace
}  // namespace espalier
