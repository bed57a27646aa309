// Files whose checksum is right and whose fields are wrong on purpose, before
// any of them is parsed.
#include <string>

#include "tests/serialization/hostile_helpers.h"

namespace espalier {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
constexpr auto kLoss = absl::StatusCode::kDataLoss;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes.push_back(static_cast<char>(value | 0x80));
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

// A field of wire type 2.
std::string Field(uint32_t number, const std::string& bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + bytes;
}

// A field of wire type 0.
std::string Number(uint32_t number, uint64_t value) {
  return Varint(number << 3) + Varint(value);
}

const std::string& Begin() {
  static const auto* const begin =
      new std::string(Field(1, "ESPALIER") + Number(2, 1));
  return *begin;
}

TEST(HostileWireTest, Frame) {
  ExpectRefused(Seal(""), kInvalid, "is no Espalier model");
  ExpectRefused(Seal("1234567890"), kInvalid, "is no Espalier model");
  ExpectRefused(Seal(Field(1, "ESPALIER")), kInvalid,
                "expected the format version after the magic");
  ExpectRefused(Seal(Field(1, "ESPALIER") + Field(3, "p")), kInvalid,
                "expected the format version after the magic");
  ExpectRefused(Seal(Field(1, "ESPALIER") + Number(2, 0)), kInvalid,
                "format version 0");
  ExpectRefused(Seal(Field(1, "ESPALIER") + Number(2, 3)), kUnimplemented,
                "has format version 3: this program reads 1 to 2");
  ExpectRefused(Seal(Field(1, "ESPALIER") + Number(2, ~uint64_t{0})),
                kUnimplemented, "format version");
  ExpectRefused(Seal(Begin()), kInvalid, "graph: name '' is not");
  // Zero where the checksum belongs.
  std::string zeroed = EncodeModel(SampleModel()).value();
  zeroed.replace(zeroed.size() - 4, 4, 4, '\0');
  ExpectRefused(zeroed, kLoss, "its checksum is 00000000");
  ExpectRefused(Seal(Seal(Begin())), kInvalid,
                "a checksum stands before the end");
  const std::string good = EncodeModel(SampleModel()).value();
  ExpectRefused(Seal(good + good), kInvalid, "a checksum stands before");
}

TEST(HostileWireTest, WireFormat) {
  const struct {
    std::string bytes;
    std::string what;
  } cases[] = {
      {Varint(3 << 3 | 3), "no field begins here (number 3, wire type 3)"},
      {Varint(99 << 3 | 4), "wire type 4"},
      {Varint(3 << 3 | 6), "wire type 6"},
      {Varint(3 << 3 | 7), "wire type 7"},
      {Varint(2), "number 0"},
      {Varint(uint64_t{1} << 33), "number 1073741824"},
      {std::string(100000, '\x1B'), "wire type 3"},
      {std::string(11, '\xFF'), "a number does not end"},
      {Varint(3 << 3 | 2) + "\x05"
                            "abc",
       "a length of 5 with 3 bytes left"},
      {Varint(3 << 3 | 2) + Varint(~uint64_t{0}) + "abc",
       "a length of 18446744073709551615"},
      {Varint(3 << 3 | 2), "a number does not end"},
      {Varint(3 << 3 | 5) + "abc", "a value does not end"},
      {Varint(3 << 3 | 1) + "abcdefg", "a value does not end"},
      {Varint(3 << 3 | 5) + "abcd", "(producer) of Model has wire type 5"},
      {Varint(3 << 3 | 1) + "abcdefgh", "has wire type 1: expected 2"},
      {Number(4, 1), "(graph) of Model has wire type 0"},
      {Number(10, 1), "field 10 of Model is unknown"},
      {Field(2045, "x"), "field 2045 of Model is unknown"},
      {Field(4, Field(9, "")), "field 9 of Graph is unknown"},
      {Field(1, "ESPALIER"), "field 1 (magic) of Model stands twice"},
      {Number(2, 1), "(format_version) of Model stands twice"},
      {Field(4, "") + Field(4, ""), "(graph) of Model stands twice"},
      {Field(3, "\xFF"), "(producer) of Model is not UTF-8"},
      {Field(3, "\xED\xA0\x80"), "is not UTF-8"},
      {Field(4, Varint(1 << 3 | 2) + "\x05"
                                     "ab"),
       "a length of 5"},
      // Variable.value is a Tensor: a data type that is none, one beyond 32
      // bits, an index beyond 32 bits.
      {Field(5, Field(2, Number(1, 3))), "(dtype) of Tensor is 3"},
      {Field(5, Field(2, Number(1, ~uint64_t{0}))), "(dtype) of Tensor is -1"},
      {Field(5, Field(2, Number(1, (uint64_t{1} << 32) + 1))),
       "(dtype) of Tensor is 4294967297"},
      {Field(5, Field(2, Number(3, uint64_t{1} << 32))),
       "(data) of Tensor is 4294967296: expected a value of type uint32"},
      {Field(5, Field(2, Field(2, "\x80"))), "a number does not end"},
      {Field(6, Field(2, "abc")), "a value does not end"},
      // Node inputs and an Attribute.
      {Field(4, Field(2, Field(3, Varint(uint64_t{1} << 31)))),
       "(inputs) of Node is 2147483648: expected a value of type int32"},
      {Field(4, Field(2, Field(4, Number(2, 2)))),
       "(bool_value) of Attribute is 2"},
      {Field(4, Field(2, Field(4, Number(2, 1) + Number(3, 1)))),
       "(int_value) of Attribute: another member of its oneof"},
      {Field(2046, "") + Field(3, "p"), "field 3 stands after tensor_data"},
      {Number(2046, 1), "(tensor_data) of Model has wire type 0"},
  };
  for (const auto& c : cases) {
    ExpectRefused(Seal(Begin() + c.bytes), kInvalid, c.what);
  }
}

}  // namespace
}  // namespace espalier
