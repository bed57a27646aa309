// What the files of this folder share. Each adds the cases of one family of
// ops; op_cases.cc lists the families.
#ifndef ESPALIER_TESTS_OPS_CASES_FAMILIES_H_
#define ESPALIER_TESTS_OPS_CASES_FAMILIES_H_

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tests/ops/op_cases.h"

namespace espalier {

using Inputs = absl::Span<const Value>;

// Half a unit in the last place of a float32, relative to its value.
inline constexpr double kRounding = 0x1p-24;

TensorType F32(std::initializer_list<int64_t> dims);
TensorType I32(std::initializer_list<int64_t> dims);

// Builds an op by its kind: for those that only gradients make.
std::function<Value(Inputs)> ByKind(absl::string_view kind,
                                    Attributes attributes = {});

// An elementwise op of one input without attributes, [N, columns]; float32
// results are so many units in the last place off (half of one: correctly
// rounded).
OpCase UnaryCase(const CaseSizes& sizes, const std::string& kind,
                 Value (*f)(Value, absl::string_view), double ulps);

// A family adds its cases in the given sizes. Every dimension comes from the
// sizes; what has to be tried in a certain size goes to the extra cases.
struct OpFamily {
  void (*add)(const CaseSizes& sizes, std::vector<OpCase>& cases);
  void (*add_extra)(std::vector<OpCase>& cases);  // null: none
};

extern const OpFamily kActivationCases;
extern const OpFamily kBinaryCases;
extern const OpFamily kElementwiseCases;
extern const OpFamily kGateCases;
extern const OpFamily kIntegerCases;
extern const OpFamily kMovementCases;
extern const OpFamily kNormalizationCases;
extern const OpFamily kProductCases;
extern const OpFamily kReduceCases;
extern const OpFamily kShapeCases;
extern const OpFamily kSoftmaxCases;
extern const OpFamily kTrainingCases;

}  // namespace espalier

#endif  // ESPALIER_TESTS_OPS_CASES_FAMILIES_H_
