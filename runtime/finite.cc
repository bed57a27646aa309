#include "runtime/finite.h"

#include "absl/strings/str_cat.h"
#include "runtime/elementwise/scan.h"
#include "runtime/onednn/isa.h"

namespace espalier {

absl::optional<int64_t> FirstNonFinite(const TensorView& values) {
  if (values.dtype() != DataType::kF32) return absl::nullopt;
  return FirstNonFinite(onednn::MaxIsa(), values.data<float>());
}

absl::Status CheckFinite(const TensorView& values) {
  const absl::optional<int64_t> at = FirstNonFinite(values);
  if (!at.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "element ", *at, " is ", values.data<float>()[static_cast<size_t>(*at)],
      ": expected a finite number"));
}

}  // namespace espalier
