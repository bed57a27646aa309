#include "ops/type_checks.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace espalier {

absl::Status CheckDataType(absl::string_view what, const TensorType& type,
                           DataType expected) {
  if (type.dtype == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what, " is ", type.ToString(), ": expected ", DataTypeName(expected)));
}

absl::Status CheckF32(absl::string_view what, const TensorType& type) {
  return CheckDataType(what, type, DataType::kF32);
}

absl::Status CheckF32Rank(absl::string_view what, const TensorType& type,
                          int rank) {
  if (type.dtype == DataType::kF32 && type.shape.rank() == rank) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      what, " is ", type.ToString(), ": expected f32 of rank ", rank));
}

absl::Status CheckSameShape(absl::string_view what_a, const Shape& a,
                            absl::string_view what_b, const Shape& b) {
  if (a == b) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what_a, " has shape ", a.ToString(), ", ", what_b, " has ",
                   b.ToString(), ": expected equal shapes"));
}

absl::Status CheckEpsilon(float epsilon) {
  if (epsilon >= std::numeric_limits<float>::min() && std::isfinite(epsilon)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "epsilon is ", epsilon, ": expected a finite number of at least 2^-126"));
}

std::string DimName(int64_t dim) {
  return dim == kBatch ? "N" : absl::StrCat(dim);
}

}  // namespace espalier
