#include "runtime/finite.h"

#include "absl/strings/str_cat.h"
#include "runtime/elementwise/scan.h"
#include "runtime/onednn/isa.h"

namespace espalier {

absl::Status CheckFinite(const TensorView& values) {
  if (values.dtype() != DataType::kF32) return absl::OkStatus();
  const absl::Span<const float> floats = values.data<float>();
  const absl::optional<int64_t> at = FirstNonFinite(onednn::MaxIsa(), floats);
  if (!at.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("element ", *at, " is ", floats[static_cast<size_t>(*at)],
                   ": expected a finite number"));
}

}  // namespace espalier
