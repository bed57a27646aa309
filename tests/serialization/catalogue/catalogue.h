// The catalogue of hostile files, H1 to H103: what somebody who wants to do
// harm, or a broken disk, could give the loader as a model. Each case is a
// file, made by the test, with the status and a part of the message that
// loading it gives. Cases of one number are in one of the groups below.
//
// Numbers and wording are those of the review of other systems' holes from
// which the catalogue was made; a number without a case is listed with the test
// that stands for it, or the reason why it does not apply, in
// catalogue_test.cc.
#ifndef ESPALIER_TESTS_SERIALIZATION_CATALOGUE_CATALOGUE_H_
#define ESPALIER_TESTS_SERIALIZATION_CATALOGUE_CATALOGUE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "graph/builder.h"
#include "graph/op.h"
#include "tests/serialization/hostile_helpers.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {

struct HostileCase {
  int number;          // in the catalogue
  std::string name;    // of the file
  const OpTable* ops;  // with which it is loaded
  // Either makes the file's bytes, or the file itself and returns its path.
  std::function<std::string()> bytes;
  std::function<std::string(const ScratchFolder&)> place;
  absl::StatusCode code;  // kOk: it loads
  std::string message;    // part of it
};

// Codes, in short.
constexpr auto kGood = absl::StatusCode::kOk;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kLoss = absl::StatusCode::kDataLoss;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

// Part of the message where a file would amplify.
inline constexpr char kTooMuch[] = "bytes of memory to load";

class HostileCases {
 public:
  // A binary model file, or another file, of these bytes.
  void Pb(int number, const std::string& bytes, absl::StatusCode code,
          const std::string& message);
  void PbMade(int number, const std::function<std::string()>& bytes,
              absl::StatusCode code, const std::string& message);
  void Onnx(int number, const std::function<std::string()>& bytes,
            absl::StatusCode code, const std::string& message);
  void Place(int number,
             const std::function<std::string(const ScratchFolder&)>& place,
             absl::StatusCode code, const std::string& message);

  // The sample model (sample_model.h) changed, its checksum mended: as a binary
  // file and as text.
  void Sample(int number, const std::function<void(v1::Model*)>& change,
              absl::StatusCode code, const std::string& message);
  // A node of the sample.
  void SampleNode(int number, const std::string& node,
                  const std::function<void(v1::Node*)>& change,
                  absl::StatusCode code, const std::string& message);
  // The sample in format version 2: `change` gets its message and the folder
  // with the file of weights.
  void Beside(
      int number,
      const std::function<void(const ScratchFolder&, v1::Model*)>& change,
      absl::StatusCode code, const std::string& message);
  // A graph of one op "y" over the input "x", f32[N, 2, 3], the op's node
  // changed.
  void Op(int number, const std::function<Value(Value)>& build,
          const std::function<void(v1::Node*)>& change, absl::StatusCode code,
          const std::string& message);
  // The network of OnnxNetwork(), changed.
  void Network(int number, const std::function<void(OnnxFile*)>& change,
               absl::StatusCode code, const std::string& message);

  const std::vector<HostileCase>& all() const { return cases_; }

 private:
  std::vector<HostileCase> cases_;
};

// Parts of the messages; null when there is none of this name.
v1::Node* NodeOf(v1::Model* model, const std::string& name);
v1::Tensor* ValueOf(v1::Model* model, const std::string& leaf);
v1::Attribute* AttributeOf(v1::Node* node, const std::string& name);
void SetDims(v1::Tensor* tensor, const std::vector<int64_t>& dims);

HostileCases FrameCases();      // H1 to H19, H31
HostileCases WireCases();       // H20 to H35
HostileCases TensorCases();     // H36 to H52
HostileCases GraphCases();      // H53 to H70
HostileCases AttributeCases();  // H71 to H88
HostileCases VersionCases();    // H89 to H103
HostileCases WeightsCases();    // of a model with its weights beside it

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_CATALOGUE_CATALOGUE_H_
