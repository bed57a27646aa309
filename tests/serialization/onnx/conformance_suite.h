// ONNX's own tests of its ops (Debian's libonnx-testdata): models, each with
// inputs and the outputs that are right.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_CONFORMANCE_SUITE_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_CONFORMANCE_SUITE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "espalier/onnx/onnx.pb.h"

namespace espalier {

struct ConformanceTest {
  std::string name;    // "node/test_abs"
  std::string folder;  // with model.onnx and test_data_set_*
  // A network as we mean it: float32 results only, inputs too (indices of a
  // Gather aside), and nothing in training mode.
  bool plain = false;
};

// Sorted: those of the node, pytorch-converted and pytorch-operator tests below
// `root` of which every node is in the list of ops that dense networks consist
// of, in the default domain, and every input and output is of float32, int32,
// int64 or bool, one of them of float32. NotFound if there are none.
absl::StatusOr<std::vector<ConformanceTest>> SelectConformanceTests(
    absl::string_view root);

struct ConformanceData {
  std::vector<onnx::TensorProto> inputs;  // as the graph's, less initializers
  std::vector<onnx::TensorProto> outputs;
};

absl::StatusOr<std::string> ReadConformanceModel(const ConformanceTest& test);
// The data sets, at least one.
absl::StatusOr<std::vector<ConformanceData>> ReadConformanceData(
    const ConformanceTest& test);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_CONFORMANCE_SUITE_H_
