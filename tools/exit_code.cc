#include "tools/exit_code.h"

#include <string>

#include "absl/strings/cord.h"

namespace espalier {
namespace tools {
namespace {

constexpr absl::string_view kUsageMark = "espalier.tools/usage";
constexpr absl::string_view kBadInputMark = "espalier.tools/bad-input";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status error = absl::InvalidArgumentError(message);
  error.SetPayload(kUsageMark, absl::Cord());
  return error;
}

absl::Status BadInputError(const absl::Status& error) {
  absl::Status marked = error;
  marked.SetPayload(kBadInputMark, absl::Cord());
  return marked;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kDone;
  if (status.GetPayload(kUsageMark).has_value()) return kUsage;
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return status.GetPayload(kBadInputMark).has_value() ? kBadInput : kLimit;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return kBadInput;
    default:
      return kOurFault;
  }
}

}  // namespace tools
}  // namespace espalier
