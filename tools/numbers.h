// Numbers that people type, read strictly: the whole text is one number within
// the stated range, or the answer is an error that states the range.
#ifndef ESPALIER_TOOLS_NUMBERS_H_
#define ESPALIER_TOOLS_NUMBERS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace espalier {
namespace tools {

struct IntegerRange {
  int64_t least;
  int64_t most;

  std::string ToString() const;  // "a whole number from 1 to 64"
};

// Numbers that, rounded to float32, lie from `least` to `most`, without the
// ends that are said to be open.
struct NumberRange {
  static NumberRange Positive() {
    return {0, std::numeric_limits<float>::max(), true, false};
  }
  static NumberRange NotNegative() {
    return {0, std::numeric_limits<float>::max(), false, false};
  }

  double least;
  double most;
  bool least_open = false;
  bool most_open = false;

  std::string ToString() const;  // "a number above 0 and below 1"
};

absl::StatusOr<int64_t> ParseInteger(absl::string_view text,
                                     const IntegerRange& range);
absl::StatusOr<double> ParseNumber(absl::string_view text,
                                   const NumberRange& range);

// "512,512": from 1 to `max_entries` numbers.
absl::StatusOr<std::vector<int64_t>> ParseIntegerList(absl::string_view text,
                                                      const IntegerRange& range,
                                                      int64_t max_entries);

// The decimal number as float32, rounded to the nearest not above (below) it,
// so that an interval of such ends contains the one that was typed. Errors:
// not a number, not finite, beyond float32.
absl::StatusOr<float> ParseFloatRoundedDown(absl::string_view text);
absl::StatusOr<float> ParseFloatRoundedUp(absl::string_view text);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_NUMBERS_H_
