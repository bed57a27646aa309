// The text of a file's header, token by token: what the headers of NPY (a
// dictionary of Python) and of safetensors (JSON) have in common.
#ifndef ESPALIER_SERIALIZATION_HEADER_CURSOR_H_
#define ESPALIER_SERIALIZATION_HEADER_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace espalier {

// Blanks, tabs and ends of lines before a token are passed over. Errors are
// InvalidArgument: the byte of the header, what is there and what was expected;
// of a dimension out of range, which one.
class HeaderCursor {
 public:
  // The text must outlive this.
  explicit HeaderCursor(absl::string_view text) : text_(text), rest_(text) {}

  // Whether the token is next; then it is passed.
  bool Accept(absl::string_view token);
  absl::Status Expect(absl::string_view token);
  absl::Status ExpectEnd();
  // A whole number below 2^64, without zeros in front; errors call it `what`.
  absl::StatusOr<uint64_t> Number(absl::string_view what);
  // The same, one more of at most kMaxRank dimensions, at most kMaxDimension.
  absl::Status Dimension(std::vector<int64_t>* dims);

  // The same as Accept, but without space before it.
  bool AcceptHere(absl::string_view token);

  // What is not passed yet, for tokens of one format alone.
  absl::string_view rest() const { return rest_; }
  void Pass(size_t bytes) { rest_.remove_prefix(bytes); }
  absl::Status Unexpected(absl::string_view expected) const;

 private:
  void SkipSpace();

  const absl::string_view text_;
  absl::string_view rest_;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_HEADER_CURSOR_H_
