// Which ops make a NaN of finite operands only where something overflows.
#ifndef ESPALIER_OPS_NAN_BY_OVERFLOW_H_
#define ESPALIER_OPS_NAN_BY_OVERFLOW_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace espalier {

// Their kinds, sorted. Others may make one of finite operands as they are, as
// the logarithm does of a negative number, or nobody has said.
absl::Span<const absl::string_view> KindsWithNanByOverflowOnly();

}  // namespace espalier

#endif  // ESPALIER_OPS_NAN_BY_OVERFLOW_H_
