#include "graph/domain.h"

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

const float* Sample(const TensorView& samples, int64_t index,
                    int64_t elements) {
  return samples.data<float>().data() + index * elements;
}

// The number of samples and of those outside, and the first of these.
struct Count {
  int64_t samples = 0;
  int64_t outside = 0;
  int64_t first = 0;
};

Count CountSamples(const InputDomain& domain, const TensorView& samples) {
  const auto elements = static_cast<int64_t>(domain.lower.size());
  const int64_t all = samples.shape().num_elements();
  Count count;
  if (elements > 0) count.samples = all / elements;
  ESPALIER_CHECK(count.samples * elements == all);
  for (int64_t i = 0; i < count.samples; ++i) {
    if (Inside(domain, Sample(samples, i, elements))) continue;
    if (count.outside++ == 0) count.first = i;
  }
  return count;
}

}  // namespace

int64_t CountOutside(const InputDomain& domain, const TensorView& samples) {
  return CountSamples(domain, samples).outside;
}

absl::Status CheckInside(const InputDomain& domain, const TensorView& samples) {
  const Count count = CountSamples(domain, samples);
  if (count.outside == 0) return absl::OkStatus();
  const float* sample =
      Sample(samples, count.first, static_cast<int64_t>(domain.lower.size()));
  size_t i = 0;
  while (sample[i] >= domain.lower[i] && sample[i] <= domain.upper[i]) ++i;
  return absl::OutOfRangeError(absl::StrCat(
      "sample ", count.first, ", element ", i, " is ", sample[i],
      ": outside the domain [", domain.lower[i], ", ", domain.upper[i], "]",
      count.outside == 1 ? ""
                         : absl::StrCat(", as ", count.outside - 1, " more of ",
                                        count.samples, " samples are")));
}

}  // namespace espalier
