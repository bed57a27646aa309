// Checks that type rules of ops share; each error says what came and what was
// expected.
#ifndef ESPALIER_OPS_TYPE_CHECKS_H_
#define ESPALIER_OPS_TYPE_CHECKS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "graph/shape.h"

namespace espalier {

// "x is i32[N]: expected f32".
absl::Status CheckDataType(absl::string_view what, const TensorType& type,
                           DataType expected);
absl::Status CheckF32(absl::string_view what, const TensorType& type);

// Of f32 and of that rank: "weight is f32[3]: expected f32 of rank 2".
absl::Status CheckF32Rank(absl::string_view what, const TensorType& type,
                          int rank);

// "y has shape [N, 3], dy has [N, 4]: expected equal shapes".
absl::Status CheckSameShape(absl::string_view what_a, const Shape& a,
                            absl::string_view what_b, const Shape& b);

// What is added to a variance before its root is taken: finite, at least 2^-126
// (below it, runs take it for zero).
absl::Status CheckEpsilon(float epsilon);

// "12" or "N".
std::string DimName(int64_t dim);

}  // namespace espalier

#endif  // ESPALIER_OPS_TYPE_CHECKS_H_
