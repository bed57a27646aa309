// Runs ONNX's own tests of what dense networks consist of, as they are. Each
// passes or is refused with the reason that conformance_refused.txt records;
// `serialization_onnx_conformance_test --write` writes that list.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/status_macros.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "serialization/byte_source.h"
#include "serialization/onnx/import.h"
#include "serialization/onnx/import_structure.h"
#include "serialization/onnx/tensor_reader.h"
#include "tests/serialization/onnx/conformance_suite.h"
#include "tests/testing/execution.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr char kRefused[] =
    ESPALIER_SOURCE_DIR "/tests/serialization/onnx/conformance_refused.txt";

// ONNX's own runner allows 1e-3 and 1e-7.
constexpr double kRelative = 1e-5;
constexpr double kAbsolute = 1e-7;

// How many tests there are in the suite of libonnx-testdata 1.12.
constexpr int kSelected = 335;
constexpr int kPlain = 265;
constexpr int kPlainPassing = 259;

absl::StatusOr<DoubleTensor> Read(const onnx::TensorProto& tensor) {
  RETURN_IF_ERROR(CheckOnnxTensor(tensor));
  if (IsOnnxFloat(tensor)) {
    ASSIGN_OR_RETURN(const Tensor floats, ReadOnnxFloats(tensor));
    return DoubleTensor(floats);
  }
  ASSIGN_OR_RETURN(const Tensor integers, ReadOnnxIntegers(tensor));
  return DoubleTensor(integers);
}

// Where they differ by more than is allowed, else nothing; the largest share of
// it that is used goes into `worst`.
std::string Difference(const DoubleTensor& found, const DoubleTensor& expected,
                       double* worst) {
  if (found.shape() != expected.shape()) {
    return absl::StrCat("shape ", found.shape().ToString(), ": expected ",
                        expected.shape().ToString());
  }
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const double a = found[i];
    const double b = expected[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double share =
        std::fabs(a - b) / (kAbsolute + kRelative * std::fabs(b));
    if (!(share <= 1)) {
      return absl::StrCat("element ", i, " is ", a, ": expected ", b);
    }
    *worst = std::max(*worst, share);
  }
  return "";
}

// Runs the model on one data set. Says what is wrong, else nothing.
absl::StatusOr<std::string> RunOne(const Model& model,
                                   const ConformanceData& data, double* worst) {
  const std::vector<NodeId>& inputs = model.graph.inputs();
  const std::vector<GraphOutput>& outputs = model.graph.outputs();
  if (inputs.size() != data.inputs.size() ||
      outputs.size() != data.outputs.size()) {
    return std::string("another number of inputs or outputs");
  }
  LeafValues leaves;
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSIGN_OR_RETURN(leaves[model.graph.node(inputs[i]).name],
                     Read(data.inputs[i]));
  }
  ASSIGN_OR_RETURN(Execution execution, Execution::Create(model.graph, leaves));
  ASSIGN_OR_RETURN(const LeafValues found, execution.Run(leaves));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const DataType dtype = model.graph.node(outputs[i].node).type.dtype;
    if (IsOnnxFloat(data.outputs[i]) != (dtype == DataType::kF32)) {
      return absl::StrCat("output ", i, " is ", DataTypeName(dtype));
    }
    ASSIGN_OR_RETURN(const DoubleTensor expected, Read(data.outputs[i]));
    const std::string difference =
        Difference(found.at(outputs[i].name), expected, worst);
    if (!difference.empty()) {
      return absl::StrCat("output ", i, ": ", difference);
    }
  }
  return std::string();
}

struct Outcome {
  absl::Status refusal;  // of the import, or an input in the run; OK: it ran
  std::string wrong;     // empty: it passed
  double worst = 0;      // share of the tolerance that was used
};

Outcome RunTest(const ConformanceTest& test) {
  Outcome outcome;
  const auto run = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::string bytes, ReadConformanceModel(test));
    OnnxImportOptions options;
    options.keep_leading_dimension = true;
    MemorySource source(bytes);
    const absl::StatusOr<Model> structure =
        ImportOnnxStructure(&source, options, /*least_left=*/1);
    const absl::StatusOr<Model> model = ImportOnnx(bytes, options);
    outcome.refusal = model.status();
    if (!model.ok()) return absl::OkStatus();
    RETURN_IF_ERROR(structure.status());
    if (PrintGraph(structure->graph) != PrintGraph(model->graph)) {
      outcome.wrong = "the structure has another graph";
    }
    ASSIGN_OR_RETURN(const std::vector<ConformanceData> sets,
                     ReadConformanceData(test));
    for (const ConformanceData& data : sets) {
      if (!outcome.wrong.empty()) break;
      const absl::StatusOr<std::string> wrong =
          RunOne(*model, data, &outcome.worst);
      outcome.refusal.Update(wrong.status());
      if (!wrong.ok()) break;
      outcome.wrong = *wrong;
    }
    return absl::OkStatus();
  };
  const absl::Status status = run();
  if (!status.ok()) outcome.wrong = status.ToString();
  return outcome;
}

std::string RefusalLine(const ConformanceTest& test, const Outcome& outcome) {
  return absl::StrCat(test.name, test.plain ? "" : " (not plain)", ": ",
                      outcome.refusal.ToString(), "\n");
}

// A refusal that tells a user what to look at.
testing::Matcher<const absl::Status&> IsClearRefusal() {
  const auto says_where = testing::AnyOf(
      testing::ContainsRegex(
          "node '.+' \\('[A-Za-z]+' of domain 'ai\\.onnx', opset [0-9]+\\): ."),
      testing::ContainsRegex("input '.+': ."),
      testing::ContainsRegex("^run: node '.+': ."));
  return testing::AnyOf(
      StatusIs(absl::StatusCode::kUnimplemented, says_where),
      StatusIs(absl::StatusCode::kInvalidArgument, says_where));
}

TEST(OnnxConformanceTest, EachPassesOrIsRefused) {
  ASSERT_OK_AND_ASSIGN(const std::vector<ConformanceTest> tests,
                       SelectConformanceTests(ESPALIER_ONNX_TESTS));
  int plain = 0;
  int passing = 0;
  int plain_passing = 0;
  double worst = 0;
  std::string worst_name;
  std::string refused;
  for (const ConformanceTest& test : tests) {
    plain += test.plain ? 1 : 0;
    const Outcome outcome = RunTest(test);
    if (!outcome.refusal.ok()) {
      EXPECT_THAT(outcome.refusal, IsClearRefusal()) << test.name;
      std::cout << "refused " << RefusalLine(test, outcome);
      refused += RefusalLine(test, outcome);
      continue;
    }
    EXPECT_EQ(outcome.wrong, "") << test.name;
    if (!outcome.wrong.empty()) continue;
    std::cout << "passes  " << test.name << "\n";
    ++passing;
    plain_passing += test.plain ? 1 : 0;
    if (outcome.worst > worst) {
      worst = outcome.worst;
      worst_name = test.name;
    }
  }
  std::cout << "of " << tests.size() << " tests " << passing << " pass; of "
            << plain << " plain ones " << plain_passing << " pass; the worst, "
            << worst_name << ", uses " << worst << " of the tolerance\n";
  EXPECT_EQ(tests.size(), kSelected);
  EXPECT_EQ(plain, kPlain);
  EXPECT_GE(plain_passing, kPlainPassing);
  std::ifstream stream(kRefused);
  const std::string recorded{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(recorded, refused)
      << "write it with: serialization_onnx_conformance_test --write";
}

int Write() {
  const absl::StatusOr<std::vector<ConformanceTest>> tests =
      SelectConformanceTests(ESPALIER_ONNX_TESTS);
  if (!tests.ok()) {
    std::cerr << tests.status() << "\n";
    return 1;
  }
  std::ofstream stream(kRefused);
  for (const ConformanceTest& test : *tests) {
    const Outcome outcome = RunTest(test);
    if (!outcome.refusal.ok()) stream << RefusalLine(test, outcome);
  }
  return stream.flush().good() ? 0 : 1;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 2 && absl::string_view(argv[1]) == "--write") {
    return espalier::Write();
  }
  return RUN_ALL_TESTS();
}
