#include "training/domain.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "graph/check.h"

namespace espalier {
namespace {

// Without a branch in the loop, so that it runs at the speed of memory.
bool Inside(const InputDomain& domain, const float* sample) {
  const size_t elements = domain.lower.size();
  const float* lower = domain.lower.data();
  const float* upper = domain.upper.data();
  int inside = 1;
  for (size_t i = 0; i < elements; ++i) {
    inside &= static_cast<int>(sample[i] >= lower[i]) &
              static_cast<int>(sample[i] <= upper[i]);
  }
  return inside != 0;
}

}  // namespace

absl::Status CheckInside(const InputDomain& domain, const TensorView& samples) {
  const auto elements = static_cast<int64_t>(domain.lower.size());
  ESPALIER_CHECK(samples.shape().rank() > 0);
  const int64_t count = samples.shape().dim(0);
  ESPALIER_CHECK(samples.shape().num_elements() == count * elements);
  const float* values = samples.data<float>().data();
  int64_t outside = 0;
  int64_t first = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (Inside(domain, values + i * elements)) continue;
    if (outside++ == 0) first = i;
  }
  if (outside == 0) return absl::OkStatus();
  const float* sample = values + first * elements;
  size_t i = 0;
  while (sample[i] >= domain.lower[i] && sample[i] <= domain.upper[i]) ++i;
  return absl::OutOfRangeError(absl::StrCat(
      "sample ", first, ", element ", i, " is ", sample[i],
      ": outside the declared domain [", domain.lower[i], ", ", domain.upper[i],
      "]",
      outside == 1 ? ""
                   : absl::StrCat(", as ", outside - 1, " more of ", count,
                                  " samples are")));
}

}  // namespace espalier
