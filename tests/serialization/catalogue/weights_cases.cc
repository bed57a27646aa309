// Format version 2: weights in a file beside the model. What the tests of
// weights_file_test.cc and external_file_test.cc show is not here again.
#include <sys/stat.h>

#include <filesystem>

#include "serialization/crc32c.h"
#include "tests/serialization/catalogue/catalogue.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

v1::Tensor* Steps(v1::Model* model) { return ValueOf(model, "steps"); }

// Other weights, of which the model knows.
void Replace(const ScratchFolder& folder, const std::string& weights,
             v1::Model* model) {
  folder.Write(model->weights().name(), weights);
  model->mutable_weights()->set_bytes(weights.size());
  model->mutable_weights()->set_checksum(Crc32c(weights));
}

void Places(HostileCases* cases) {
  const auto bytes = [cases](int number, uint64_t count,
                             const std::string& message) {
    cases->Beside(
        number,
        [count](const ScratchFolder&, v1::Model* m) {
          m->mutable_weights()->set_bytes(count);
        },
        kLoss, message);
  };
  bytes(7, 69, "has 68 bytes: the model says 69");
  bytes(7, 0, "has 68 bytes: the model says 0");
  bytes(8, ~uint64_t{0}, "has 68 bytes: the model says 18446744073709551615");
  bytes(8, (uint64_t{1} << 63) + 68,
        "has 68 bytes: the model says 9223372036854775876");
  cases->Beside(
      9, [](const ScratchFolder&, v1::Model* m) { Steps(m)->set_offset(0); },
      kInvalid,
      "value of 'steps': begins at byte 0 of the file of weights: expected 64");
  cases->Beside(
      10,
      [](const ScratchFolder& folder, v1::Model* m) {
        Replace(folder, std::string(132, '\0'), m);
        Steps(m)->set_offset(128);
      },
      kInvalid, "begins at byte 128 of the file of weights: expected 64");
  cases->Beside(
      11,
      [](const ScratchFolder&, v1::Model* m) {
        m->mutable_weights()->set_checksum(0);
      },
      kLoss, "the model says that its checksum is 00000000");
  cases->Beside(
      16,
      [](const ScratchFolder& folder, v1::Model* m) {
        const std::string path = folder.File(m->weights().name());
        std::filesystem::remove(path);
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
      },
      kInvalid, "is no file: expected a regular file");
  // Room for what no tensor has.
  cases->Beside(
      94,
      [](const ScratchFolder& folder, v1::Model* m) {
        Replace(folder, "", m);
        m->clear_values();
      },
      kInvalid, "node 'w' (parameter) has no value");
  // The model itself as its weights.
  cases->Beside(
      101,
      [](const ScratchFolder&, v1::Model* m) {
        m->mutable_weights()->set_name("m.pb");
        m->mutable_weights()->set_bytes(m->ByteSizeLong());
        m->mutable_weights()->set_bytes(m->ByteSizeLong() + 6);
      },
      kLoss, "between two tensors, is not 0");
  cases->Beside(
      101,
      [](const ScratchFolder&, v1::Model* m) {
        m->mutable_weights()->set_name("\x1B[2J");
      },
      kInvalid, "holds a control character");
}

void Fields(HostileCases* cases) {
  const auto model = [cases](int number, const std::string& fields,
                             const std::string& message) {
    cases->Pb(number, Seal(BeginOfModel() + fields), kInvalid, message);
  };
  const auto tensor = [](const std::string& fields) {
    return Field(5, Field(2, fields));
  };
  model(26, Field(9, "") + Field(9, ""), "(weights) of Model stands twice");
  model(26, Field(9, Number(2, 1) + Number(2, 2)),
        "(bytes) of Weights stands twice");
  model(26, tensor(Number(4, 0) + Number(4, 0)),
        "(offset) of Tensor stands twice");
  model(28, Number(9, 1), "(weights) of Model has wire type 0");
  model(28, Field(9, Number(3, 1)), "(checksum) of Weights has wire type 0");
  model(32, Field(9, Field(1, "\xFF")), "(name) of Weights is not UTF-8");
  model(91, Field(9, Number(4, 1)), "field 4 of Weights is unknown");
  model(91, tensor(Number(5, 0)), "field 5 of Tensor is unknown");
  // Of a later version than the file says, and none of the version that it
  // says.
  cases->Sample(
      91, [](v1::Model* m) { ValueOf(m, "w")->set_offset(0); }, kInvalid,
      "value of 'w': a tensor names a place in a file of weights");
  cases->Sample(
      91, [](v1::Model* m) { m->set_format_version(2); }, kInvalid,
      "has format version 2 and no file of weights: expected version 1");
}

}  // namespace

HostileCases WeightsCases() {
  HostileCases cases;
  // Unchanged it loads.
  cases.Beside(
      49, [](const ScratchFolder&, v1::Model*) {}, kGood, "");
  Places(&cases);
  Fields(&cases);
  return cases;
}

}  // namespace espalier
