// Frame and bytes.
#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "tests/serialization/catalogue/catalogue.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

std::string Good() { return EncodeModel(SampleModel()).value(); }

std::string Reversed(std::string bytes) {
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    std::swap(bytes[i], bytes[i + 3]);
    std::swap(bytes[i + 1], bytes[i + 2]);
  }
  return bytes;
}

std::string Crlf(const std::string& bytes) {
  std::string result;
  for (const char c : bytes) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

// A file of `size` bytes, all of them a hole.
std::string Sparse(const ScratchFolder& folder, const std::string& name,
                   uint64_t size) {
  const std::string path = folder.Write(name, "");
  std::filesystem::resize_file(path, size);
  return path;
}

void Places(HostileCases* cases) {
  for (const std::string name : {"m.pb", "m.pbtxt", "m.onnx"}) {
    cases->Place(
        15,
        [name](const ScratchFolder& folder) {
          return Sparse(folder, name, uint64_t{1} << 40);
        },
        kExhausted, "has 1099511627776 bytes: expected at most ");
    cases->Place(
        16,
        [name](const ScratchFolder& folder) {
          std::filesystem::create_directory(folder.File(name));
          return folder.File(name);
        },
        kInvalid, "is a folder: expected a regular file");
    cases->Place(
        16,
        [name](const ScratchFolder& folder) {
          EXPECT_EQ(::mkfifo(folder.File(name).c_str(), 0600), 0);
          return folder.File(name);
        },
        kInvalid, "is no file: expected a regular file");
    for (const std::string device : {"/dev/zero", "/dev/null", "/dev/full"}) {
      cases->Place(
          16,
          [name, device](const ScratchFolder& folder) {
            std::filesystem::create_symlink(device, folder.File(name));
            return folder.File(name);
          },
          kInvalid, "is no file: expected a regular file");
    }
  }
  // One byte more than a message may have.
  cases->Place(
      31,
      [](const ScratchFolder& folder) {
        return Sparse(folder, "m.onnx", uint64_t{1} << 31);
      },
      kExhausted, "has 2147483648 bytes: expected at most 2147483647");
  cases->Place(
      31,
      [](const ScratchFolder& folder) {
        return Sparse(folder, "m.pb", uint64_t{1} << 31);
      },
      kExhausted, "has 2147483648 bytes: expected at most ");
}

}  // namespace

HostileCases FrameCases() {
  HostileCases cases;
  Places(&cases);
  cases.Pb(1, "", kLoss, "is empty");
  cases.Onnx(
      1, [] { return std::string(); }, kLoss, "is empty");
  cases.Pb(2, Field(1, "ESPALIER"), kLoss, "no checksum at its end");
  cases.Pb(2, Field(1, "ESPALIER").substr(0, 6), kLoss,
           "ends inside its first field");
  cases.Pb(2, Seal(Field(1, "ESPALIER")), kInvalid,
           "expected the format version after the magic");
  cases.Pb(2, Seal(Field(1, "ESPALIER") + Field(3, "p")), kInvalid,
           "expected the format version after the magic");
  cases.Pb(3, Seal(""), kInvalid, "is no Espalier model");
  cases.Pb(3, Seal("1234567890"), kInvalid, "it begins with '1234567890'");
  cases.Sample(
      3, [](v1::Model* m) { m->set_magic("ESPALIEN"); }, kInvalid, "ESPALIEN");
  cases.Pb(3, std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), kInvalid,
           "is no Espalier model: it begins with '\\211PNG");
  cases.Pb(3, SampleMessage().DebugString(), kInvalid,
           "it begins with 'magic: ");
  cases.Pb(3, std::string(1 << 20, '\0'), kInvalid, "is no Espalier model");
  cases.Pb(3, OnnxNetwork().bytes(), kInvalid, "is no Espalier model");
  cases.Onnx(3, Good, kInvalid, "byte 1: field 1 (ir_version)");
  cases.Onnx(
      3, [] { return SampleMessage().DebugString(); }, kInvalid, "byte ");

  const std::string zip("PK\x03\x04\x14\0\0\0", 8);
  cases.Pb(6, Good() + zip, kLoss, "no checksum at its end");
  cases.Pb(6, Good() + '\n', kLoss, "no checksum at its end");
  cases.Pb(6,
           "\x7F"
           "ELF\x02\x01\x01" +
               Good(),
           kLoss, "is damaged: its checksum is ");
  cases.Onnx(
      6,
      [] {
        return "\x7F"
               "ELF\x02\x01\x01" +
               OnnxNetwork().bytes();
      },
      kInvalid, "byte 0: no field begins here");
  // Lengths stand in the wire format; with the right checksum they are an
  // attacker's, not damage.
  cases.Pb(7,
           Seal(BeginOfModel() + Varint(2046 << 3 | 2) +
                "\x64"
                "abc"),
           kInvalid, "a length of 100 with 3 bytes left");
  cases.Onnx(
      7,
      [] {
        return std::string(
            "\x3A\x64"
            "abc",
            5);
      },
      kInvalid, "a length of 100 with 3 bytes left");
  cases.Pb(8,
           Seal(BeginOfModel() + Varint(2046 << 3 | 2) + Varint(~uint64_t{0}) +
                "abc"),
           kInvalid, "a length of 18446744073709551615 with 3 bytes left");
  cases.Onnx(
      8, [] { return "\x3A" + Varint(~uint64_t{0} - 1) + "abc"; }, kInvalid,
      "a length of 18446744073709551614 with 3 bytes left");
  // Tensors name entries, not places: they overlap when two name one, and leave
  // a hole when none names one.
  cases.Sample(
      9, [](v1::Model* m) { ValueOf(m, "w")->set_data(0); }, kInvalid,
      "two tensors name entry 0");
  cases.Sample(
      10, [](v1::Model* m) { m->add_tensor_data(""); }, kInvalid,
      "entry 7 of tensor_data belongs to no tensor");

  std::string zeroed = Good();
  zeroed.replace(zeroed.size() - 4, 4, 4, '\0');
  cases.Pb(11, zeroed, kLoss, "its checksum is 00000000");
  cases.Pb(12, Seal(BeginOfModel()), kInvalid, "graph: name '' is not");
  cases.Pb(13, Good() + Good(), kLoss, "is damaged: its checksum is ");
  cases.Pb(13, Seal(Good() + Good()), kInvalid, "a checksum stands before");
  cases.Pb(13, Seal(Seal(BeginOfModel())), kInvalid,
           "a checksum stands before the end");
  cases.Onnx(
      13, [] { return OnnxNetwork().bytes() + OnnxNetwork().bytes(); },
      kInvalid, "of ModelProto stands twice");
  cases.Pb(14, GzipMember(Good()), kInvalid, "is no Espalier model");
  cases.Pb(14, zip + Good(), kLoss, "is damaged");
  cases.Onnx(
      14, [] { return GzipMember(OnnxNetwork().bytes()); }, kInvalid,
      "byte 0: no field begins here");
  cases.Pb(19, Crlf(Good()), kLoss, "");
  cases.Pb(19, Reversed(Good()), kInvalid, "is no Espalier model");
  cases.Onnx(
      19, [] { return Reversed(OnnxNetwork().bytes()); }, kInvalid, "byte ");
  return cases;
}

}  // namespace espalier
