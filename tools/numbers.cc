#include "tools/numbers.h"

#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace tools {
namespace {

absl::Status Expected(absl::string_view what, absl::string_view found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", what, ", found ", Quoted(found)));
}

// Digits, one point, one exponent: no spaces, no hexadecimal, no words.
bool LooksDecimal(absl::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789+-.eE") == absl::string_view::npos;
}

absl::StatusOr<float> ParseFloat(absl::string_view text, int rounding) {
  constexpr absl::string_view kWhat = "a finite number within float32's range";
  double nearest = 0;
  if (!LooksDecimal(text) || !absl::SimpleAtod(text, &nearest) ||
      std::abs(nearest) > std::numeric_limits<float>::max()) {
    return Expected(kWhat, text);
  }
  // strtof rounds correctly in whichever direction is set.
  const int before = std::fegetround();
  std::fesetround(rounding);
  const float value = std::strtof(std::string(text).c_str(), nullptr);
  std::fesetround(before);
  if (!std::isfinite(value)) return Expected(kWhat, text);
  return value;
}

}  // namespace

std::string IntegerRange::ToString() const {
  return absl::StrCat("a whole number from ", least, " to ", most);
}

std::string NumberRange::ToString() const {
  std::string text =
      absl::StrCat("a number ", least_open ? "above " : "of at least ", least);
  if (most < std::numeric_limits<float>::max()) {
    absl::StrAppend(&text, " and ", most_open ? "below " : "at most ", most);
  }
  return text;
}

absl::StatusOr<int64_t> ParseInteger(absl::string_view text,
                                     const IntegerRange& range) {
  int64_t value = 0;
  if (!LooksDecimal(text) || !absl::SimpleAtoi(text, &value) ||
      value < range.least || value > range.most) {
    return Expected(range.ToString(), text);
  }
  return value;
}

absl::StatusOr<double> ParseNumber(absl::string_view text,
                                   const NumberRange& range) {
  double value = 0;
  if (!LooksDecimal(text) || !absl::SimpleAtod(text, &value) ||
      std::abs(value) > std::numeric_limits<float>::max()) {
    return Expected(range.ToString(), text);
  }
  // What is computed with: 1e-99 is above 0 and no float32 is.
  const double rounded = static_cast<float>(value);
  if (rounded < range.least || rounded > range.most ||
      (range.least_open && rounded == range.least) ||
      (range.most_open && rounded == range.most)) {
    return Expected(range.ToString(), text);
  }
  return value;
}

absl::StatusOr<std::vector<int64_t>> ParseIntegerList(absl::string_view text,
                                                      const IntegerRange& range,
                                                      int64_t max_entries) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  if (static_cast<int64_t>(parts.size()) > max_entries) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected at most ", max_entries, " numbers, found ", parts.size()));
  }
  std::vector<int64_t> values;
  for (absl::string_view part : parts) {
    ASSIGN_OR_RETURN(const int64_t value, ParseInteger(part, range));
    values.push_back(value);
  }
  return values;
}

absl::StatusOr<float> ParseFloatRoundedDown(absl::string_view text) {
  return ParseFloat(text, FE_DOWNWARD);
}

absl::StatusOr<float> ParseFloatRoundedUp(absl::string_view text) {
  return ParseFloat(text, FE_UPWARD);
}

}  // namespace tools
}  // namespace espalier
