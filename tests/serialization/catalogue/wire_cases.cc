// Protobuf's wire format and what it lets pass in silence.
#include <limits>

#include "tests/serialization/catalogue/catalogue.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

// A model file that goes on so.
std::string Then(const std::string& bytes) {
  return Seal(BeginOfModel() + bytes);
}

std::string Repeated(int count, const std::string& bytes) {
  std::string all;
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

// Messages inside each other, all of this field.
std::string Nested(uint32_t field, int depth) {
  std::string bytes;
  for (int i = 0; i < depth; ++i) bytes = Field(field, bytes);
  return bytes;
}

// The graph of the network ("y" last) with more fields.
std::string OnnxThen(const std::string& bytes) {
  return OnnxNetwork().bytes() + bytes;
}

void Limits(HostileCases* cases) {
  constexpr int kMany = 1000000;
  cases->PbMade(
      29, [] { return Then(Field(4, Repeated(kMany, Field(2, "")))); },
      kExhausted, kTooMuch);
  cases->PbMade(
      29, [] { return Then(Repeated(kMany + 1, Field(7, ""))); }, kExhausted,
      kTooMuch);
  cases->PbMade(
      29,
      [] {
        return Then(Field(4, Field(2, Field(3, std::string(5 * kMany, '\1')))));
      },
      kExhausted, kTooMuch);
  cases->PbMade(
      29, [] { return Then(Repeated(kMany + 1, Field(2046, ""))); }, kExhausted,
      "holds too many tensors");
  cases->PbMade(
      29, [] { return Then(Field(3, std::string(65 << 20, 'a'))); }, kExhausted,
      "bytes beside its tensors");
  cases->Onnx(
      29, [] { return Field(7, Repeated(kMany, Field(1, ""))); }, kExhausted,
      kTooMuch);
  // Unknown fields are refused at the first one in our own format, and skipped
  // in ONNX's, where every file has some.
  cases->PbMade(
      30, [] { return Then(Repeated(kMany, Number(99, 1))); }, kInvalid,
      "field 99 of Model is unknown");
  cases->Onnx(
      30, [] { return OnnxThen(Repeated(kMany, Number(99, 1))); }, kExhausted,
      "holds too many fields");
}

}  // namespace

HostileCases WireCases() {
  HostileCases cases;
  // The schema nests six messages deep and no deeper; ours refuses a field that
  // would, ONNX's skips it unread.
  cases.PbMade(
      20, [] { return Then(Nested(99, 100)); }, kInvalid,
      "field 99 of Model is unknown");
  cases.Onnx(
      20, [] { return Number(1, 7) + Nested(7, 2000); }, kInvalid,
      "names no opset");
  cases.Pb(21, Then(std::string(100000, '\x1B')), kInvalid, "wire type 3");
  cases.Onnx(
      21, [] { return std::string(100000, '\x1B'); }, kInvalid, "wire type 3");
  cases.Pb(22, Then(Varint(99 << 3 | 4)), kInvalid, "wire type 4");
  cases.Onnx(
      22, [] { return OnnxThen(Varint(99 << 3 | 4)); }, kInvalid,
      "wire type 4");
  cases.Pb(23, Then(std::string(11, '\xFF')), kInvalid,
           "a number does not end");
  cases.Onnx(
      23, [] { return std::string(11, '\xFF'); }, kInvalid,
      "a number does not end");
  cases.Pb(24, Then(Varint(2)), kInvalid, "number 0");
  cases.Pb(24, Then(Varint(uint64_t{1} << 33)), kInvalid, "number 1073741824");
  cases.Pb(24, Then(Varint(3 << 3 | 3)), kInvalid,
           "no field begins here (number 3, wire type 3)");
  cases.Onnx(
      24, [] { return OnnxThen(Varint(2)); }, kInvalid, "number 0");
  for (const int type : {6, 7}) {
    const std::string tag = Varint(3 << 3 | type);
    const std::string what = "wire type " + std::to_string(type);
    cases.Pb(24, Then(tag), kInvalid, what);
    cases.Onnx(
        24, [tag] { return OnnxThen(tag); }, kInvalid, what);
  }
  cases.Pb(25,
           Then(Varint(3 << 3 | 2) + "\x05"
                                     "abc"),
           kInvalid, "a length of 5 with 3 bytes left");
  cases.Pb(25,
           Then(Field(4, Varint(1 << 3 | 2) + "\x05"
                                              "ab")),
           kInvalid, "a length of 5 with 2 bytes left");
  cases.Pb(25, Then(Varint(3 << 3 | 2)), kInvalid, "a number does not end");
  cases.Pb(25, Then(Varint(3 << 3 | 5) + "abc"), kInvalid,
           "a value does not end");
  cases.Pb(25, Then(Varint(3 << 3 | 1) + "abcdefg"), kInvalid,
           "a value does not end");
  cases.Onnx(
      25,
      [] {
        return OnnxThen(Field(8,
                              "\x0A\x05"
                              "ab"));
      },
      kInvalid, "a length of 5 with 2 bytes left");
  cases.Pb(26, Then(Field(1, "ESPALIER")), kInvalid,
           "field 1 (magic) of Model stands twice");
  cases.Pb(26, Then(Number(2, 1)), kInvalid,
           "(format_version) of Model stands twice");
  cases.Pb(26, Then(Field(4, "") + Field(4, "")), kInvalid,
           "(graph) of Model stands twice");
  cases.Onnx(
      26, [] { return OnnxThen(Field(7, "")); }, kInvalid,
      "(graph) of ModelProto stands twice");
  cases.Pb(27, Then(Field(4, Field(2, Field(4, Number(2, 1) + Number(3, 1))))),
           kInvalid, "(int_value) of Attribute: another member of its oneof");
  // A dimension with a value and a symbol.
  cases.Onnx(
      27,
      [] {
        return Field(
            7,
            Field(11,
                  Field(2, Field(1, Field(2, Field(1, Number(1, 3) +
                                                          Field(2, "N")))))));
      },
      kInvalid, "(dim_param) of Dimension: another member of its oneof");
  cases.Pb(28, Then(Varint(3 << 3 | 5) + "abcd"), kInvalid,
           "(producer) of Model has wire type 5");
  cases.Pb(28, Then(Varint(3 << 3 | 1) + "abcdefgh"), kInvalid,
           "has wire type 1: expected 2");
  cases.Pb(28, Then(Number(4, 1)), kInvalid,
           "(graph) of Model has wire type 0");
  cases.Pb(28, Then(Number(2046, 1)), kInvalid,
           "(tensor_data) of Model has wire type 0");
  cases.Onnx(
      28, [] { return OnnxThen(Number(14, 1)); }, kInvalid,
      "(metadata_props) of ModelProto has wire type 0");
  Limits(&cases);

  // Text.
  cases.Pb(32, Then(Field(3, "\xFF")), kInvalid,
           "(producer) of Model is not UTF-8");
  cases.Pb(32, Then(Field(3, "\xED\xA0\x80")), kInvalid, "is not UTF-8");
  cases.Onnx(
      32, [] { return OnnxThen(Field(3, "\xFF")); }, kInvalid, "is not UTF-8");
  const auto named = [&cases](const std::string& name,
                              const std::string& message) {
    cases.SampleNode(
        32, "y", [name](v1::Node* y) { y->set_name(name); }, kInvalid, message);
  };
  named("../../etc/x y", "is not 1 to 255 letters");
  named(std::string("y\0z", 3), "name 'y\\000z' is not");
  named(std::string(1 << 20, 'a'), "is not 1 to 255 letters");
  // ONNX names are any text: ours are made from them.
  for (const std::string& name :
       {std::string("../../etc/x y"), std::string("y\0z", 3),
        std::string(1 << 20, 'a')}) {
    cases.Network(
        32, [name](OnnxFile* f) { f->last_node().set_name(name); }, kGood, "");
  }
  cases.Pb(33, Then(Field(5, Field(2, Field(2, "\x80")))), kInvalid,
           "a number does not end");
  cases.Pb(33, Then(Field(6, Field(2, "abc"))), kInvalid,
           "a value does not end");
  cases.Onnx(
      33, [] { return Field(7, Field(5, Field(4, "abc"))); }, kInvalid,
      "a value does not end");
  cases.Pb(34, Then(Field(5, Field(2, Number(1, 3)))), kInvalid,
           "(dtype) of Tensor is 3");
  cases.Pb(34, Then(Field(5, Field(2, Number(1, ~uint64_t{0})))), kInvalid,
           "(dtype) of Tensor is -1");
  cases.Pb(34, Then(Field(5, Field(2, Number(1, (uint64_t{1} << 32) + 1)))),
           kInvalid, "(dtype) of Tensor is 4294967297");
  cases.Onnx(
      34, [] { return Field(7, Field(5, Number(14, 7))); }, kInvalid,
      "(data_location) of TensorProto is 7");
  // A bool is one bit; there are no tensors of them.
  cases.Pb(48, Then(Field(4, Field(2, Field(4, Number(2, 2))))), kInvalid,
           "(bool_value) of Attribute is 2");
  cases.Pb(35, Then(Field(5, Field(2, Number(3, uint64_t{1} << 32)))), kInvalid,
           "(data) of Tensor is 4294967296: expected a value of type uint32");
  cases.Pb(35, Then(Field(4, Field(2, Field(3, Varint(uint64_t{1} << 31))))),
           kInvalid,
           "(inputs) of Node is 2147483648: expected a value of type int32");
  cases.Onnx(
      35, [] { return Field(7, Field(5, Number(2, uint64_t{1} << 32))); },
      kInvalid, "(data_type) of TensorProto is 4294967296");
  return cases;
}

}  // namespace espalier
