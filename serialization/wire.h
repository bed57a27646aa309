// Protobuf's wire format, looked at before protobuf parses it: what it lets
// pass in silence is refused here, and what a hostile file would make it
// allocate is counted first.
#ifndef ESPALIER_SERIALIZATION_WIRE_H_
#define ESPALIER_SERIALIZATION_WIRE_H_

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "serialization/memory_budget.h"

namespace espalier {

enum class WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireTag {
  uint32_t field = 0;
  WireType type = WireType::kVarint;
};

// Takes a message apart, field by field. Errors say at which byte.
class WireReader {
 public:
  // `offset` is added to the places that errors name.
  explicit WireReader(absl::string_view bytes, size_t offset = 0)
      : begin_(bytes.data()), rest_(bytes), offset_(offset) {}

  bool done() const { return rest_.empty(); }
  size_t place() const {
    return offset_ + static_cast<size_t>(rest_.data() - begin_);
  }

  // Refuses groups, field number 0 and numbers past protobuf's range.
  absl::StatusOr<WireTag> Tag();
  absl::StatusOr<uint64_t> Varint();
  // Of kFixed32 (4) or kFixed64 (8), or of a length that is read first.
  absl::StatusOr<absl::string_view> Fixed(size_t size);
  absl::StatusOr<absl::string_view> Bytes();
  // Past a number: a value of any type but kBytes.
  absl::Status SkipNumber(WireType type);
  // InvalidArgument with the place in front.
  absl::Status Error(absl::string_view what) const;
  absl::Status LengthError(uint64_t length, int64_t left) const;

 private:
  const char* begin_;
  absl::string_view rest_;
  size_t offset_;
};

// The other way: a number, or a tag or length, as it stands on the wire.
void AppendVarint(uint64_t value, std::string* bytes);

// How much of a message one file may ask for.
struct WireLimits {
  int64_t fields;  // fields of all messages, so also messages and strings
  int64_t packed;  // elements of packed lists
};

// What becomes of fields that the schema does not know.
enum class UnknownFields { kRefuse, kSkip };

// Whether `bytes` is a `type` in which every field is known and of its own wire
// type, singular fields stand once, at most one of a oneof is set, integers,
// enums and bools fit their type, strings are UTF-8 and lengths add up. The
// schema must not be recursive. Allocates nothing that grows with the file.
// The memory that protobuf takes to parse it is charged to `memory`.
// Errors: InvalidArgument, ResourceExhausted past a limit.
absl::Status ScanWire(absl::string_view bytes,
                      const google::protobuf::Descriptor& type,
                      const WireLimits& limits, MemoryBudget* memory,
                      UnknownFields unknown = UnknownFields::kRefuse);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_WIRE_H_
