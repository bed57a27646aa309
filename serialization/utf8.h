// Text in files and reports is UTF-8; protobuf complains on stderr about any
// other, so it is checked before.
#ifndef ESPALIER_SERIALIZATION_UTF8_H_
#define ESPALIER_SERIALIZATION_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace espalier {

// Whether `text` is well-formed: no cut or overlong sequence, no surrogate,
// nothing past U+10FFFF (RFC 3629, section 4).
bool IsUtf8(absl::string_view text);

// Whether UTF-8 text holds one of U+0000 to U+001F and U+007F to U+009F, with
// which a terminal can be steered.
bool HasControlCharacter(absl::string_view text);

// `text` with each byte that does not belong to a sequence replaced by '?'.
std::string ToUtf8(absl::string_view text);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_UTF8_H_
