#include "serialization/header_cursor.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graph/shape.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {

void HeaderCursor::SkipSpace() {
  Pass(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
}

bool HeaderCursor::Accept(absl::string_view token) {
  SkipSpace();
  return AcceptHere(token);
}

bool HeaderCursor::AcceptHere(absl::string_view token) {
  return absl::ConsumePrefix(&rest_, token);
}

absl::Status HeaderCursor::Expect(absl::string_view token) {
  if (Accept(token)) return absl::OkStatus();
  return Unexpected(absl::StrCat("'", token, "'"));
}

absl::Status HeaderCursor::ExpectEnd() {
  SkipSpace();
  return rest_.empty() ? absl::OkStatus() : Unexpected("the end of the header");
}

absl::StatusOr<uint64_t> HeaderCursor::Number(absl::string_view what) {
  SkipSpace();
  const absl::string_view digits =
      rest_.substr(0, rest_.find_first_not_of("0123456789"));
  uint64_t number = 0;
  if ((digits.size() > 1 && digits.front() == '0') ||
      !absl::SimpleAtoi(digits, &number)) {
    return Unexpected(absl::StrCat(
        what, ", a whole number below 2^64 without zeros in front"));
  }
  Pass(digits.size());
  return number;
}

absl::Status HeaderCursor::Dimension(std::vector<int64_t>* dims) {
  if (dims->size() == static_cast<size_t>(kMaxRank)) {
    return absl::InvalidArgumentError(
        absl::StrCat("has more than ", kMaxRank, " dimensions"));
  }
  ASSIGN_OR_RETURN(const uint64_t dim, Number("a dimension"));
  if (dim > static_cast<uint64_t>(kMaxDimension)) {
    return absl::InvalidArgumentError(
        absl::StrCat("dimension ", dims->size(), " is ", dim,
                     ": expected at most ", kMaxDimension));
  }
  dims->push_back(static_cast<int64_t>(dim));
  return absl::OkStatus();
}

absl::Status HeaderCursor::Unexpected(absl::string_view expected) const {
  return absl::InvalidArgumentError(absl::StrCat(
      "byte ", text_.size() - rest_.size(), " of the header: found ",
      Quoted(rest_.substr(0, 12)), ": expected ", expected));
}

}  // namespace espalier
