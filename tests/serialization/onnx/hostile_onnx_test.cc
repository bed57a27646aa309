// Files that want to do harm: what the catalogue (../catalogue/) does not list.
#include <functional>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serialization/onnx/import.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

std::string Refusal(const std::function<void(OnnxFile&)>& change) {
  OnnxFile file = OnnxNetwork();
  change(file);
  return ImportOnnx(file.bytes()).status().ToString();
}

onnx::TensorProto& Weight(OnnxFile& file) {
  return *file.model.mutable_graph()->mutable_initializer(0);
}

TEST(HostileOnnxTest, TheNetworkItselfIsFine) {
  EXPECT_OK(ImportOnnx(OnnxNetwork().bytes()));
}

TEST(HostileOnnxTest, OtherFilesAreNeverOpened) {
  for (const std::string location : {"weights.bin", "/etc/passwd", "../w"}) {
    EXPECT_THAT(
        Refusal([&](OnnxFile& file) {
          Weight(file).clear_raw_data();
          Weight(file).set_data_location(onnx::TensorProto::EXTERNAL);
          auto* entry = Weight(file).add_external_data();
          entry->set_key("location");
          entry->set_value(location);
        }),
        HasSubstr("in another file (external data), and none is opened here"));
  }
}

TEST(HostileOnnxTest, GraphsThatAreNone) {
  const auto node = [](OnnxFile& file, int i) {
    return file.model.mutable_graph()->mutable_node(i);
  };
  EXPECT_THAT(Refusal([&](OnnxFile& f) { node(f, 1)->set_output(0, "m"); }),
              HasSubstr("value 'm' is given twice"));
  EXPECT_THAT(Refusal([&](OnnxFile& f) { node(f, 0)->set_input(0, "y"); }),
              HasSubstr("reads 'y', which nothing before it gives"));
  EXPECT_THAT(Refusal([&](OnnxFile& f) { node(f, 0)->set_input(0, ""); }),
              HasSubstr("has no input 0"));
  EXPECT_THAT(Refusal([&](OnnxFile& f) { node(f, 0)->clear_output(); }),
              HasSubstr("has no result"));
  EXPECT_THAT(Refusal([&](OnnxFile& f) { node(f, 3)->add_input("x"); }),
              HasSubstr("expected at most 1"));
  EXPECT_THAT(Refusal([&](OnnxFile& f) { node(f, 3)->add_output("z"); }),
              HasSubstr("has 2 results: expected at most 1"));
  EXPECT_THAT(Refusal([](OnnxFile& f) { f.SetFloat("alpha", 1); }),
              HasSubstr("attribute 'alpha'"));
  EXPECT_THAT(Refusal([](OnnxFile& f) { f.model.clear_opset_import(); }),
              HasSubstr("names no opset"));
  EXPECT_THAT(Refusal([](OnnxFile& f) {
                *f.model.add_opset_import() = f.model.opset_import(0);
              }),
              HasSubstr("names two opsets of domain 'ai.onnx'"));
  EXPECT_THAT(Refusal([](OnnxFile& f) {
                for (int i = 0; i < 2; ++i) {
                  f.model.add_opset_import()->set_domain("com.example");
                }
              }),
              HasSubstr("names two opsets of domain 'com.example'"));
  for (const int64_t version : {int64_t{0}, int64_t{-1}, int64_t{1000000000}}) {
    EXPECT_EQ(Refusal([&](OnnxFile& f) { f.model.set_ir_version(version); }),
              absl::StrCat("UNIMPLEMENTED: IR version ", version,
                           ": this program reads 1 to 10"));
  }
  EXPECT_THAT(Refusal([](OnnxFile& f) {
                f.Input("x", {-1, 2});
              }),
              HasSubstr("input 'x' is given twice"));
  EXPECT_THAT(Refusal([](OnnxFile& f) {
                f.Input("w", {2, 3}).Input("w", {});
              }),
              HasSubstr("input 'w' is given twice"));
  EXPECT_THAT(Refusal([](OnnxFile& f) { f.Output("y"); }),
              HasSubstr("output 'y' is given twice"));
  EXPECT_THAT(Refusal([](OnnxFile& f) { f.model.clear_graph(); }),
              HasSubstr("has no outputs"));
  EXPECT_THAT(Refusal([](OnnxFile& f) {
                f.model.mutable_graph()->mutable_output(0)->set_name("none");
              }),
              HasSubstr("output 'none': reads 'none'"));
  EXPECT_THAT(Refusal([](OnnxFile& f) {
                f.model.mutable_graph()
                    ->mutable_input(0)
                    ->mutable_type()
                    ->mutable_tensor_type()
                    ->mutable_shape()
                    ->mutable_dim(1)
                    ->set_dim_value(int64_t{1} << 50);
              }),
              HasSubstr("input 'x'"));
}

// As of a model file: what comes of them is the run's to tell.
TEST(HostileOnnxTest, WeightsThatAreNoNumbersStayAsTheyAre) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  OnnxFile file = OnnxFile()
                      .Input("x", {-1, 1})
                      .Floats("w", {1, 2}, {kNaN, -kInfinity})
                      .Node("MatMul", {"x", "w"}, "y")
                      .Output("y");
  const absl::StatusOr<Model> model = ImportOnnx(file.bytes());
  ASSERT_OK(model);
  EXPECT_EQ(model->values.at("w"), Tensor(Shape({1, 2}), {kNaN, -kInfinity}));
}

// One weight, in a thousand sizes of it.
TEST(HostileOnnxTest, MemoryStaysInProportion) {
  OnnxFile file;
  file.Input("x", {-1, 512}).Floats("w", {512, 512});
  std::string last = "x";
  for (int i = 0; i < 1000; ++i) {
    const std::string next = absl::StrCat("y", i);
    file.Node("Gemm", {last, "w"}, next).SetFloat("alpha", 1.0f + i);
    last = next;
  }
  file.Output(last);
  EXPECT_THAT(ImportOnnx(file.bytes()),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("bytes of memory to load")));
  OnnxFile wide;
  wide.Input("x", {-1, (int64_t{1} << 31) - 1}).Node("Relu", {"x"}, "y");
  wide.Output("y");
  onnx::StringStringEntryProto* entry = wide.model.add_metadata_props();
  entry->set_key("espalier.domain.x");
  entry->set_value("0:1");
  EXPECT_THAT(ImportOnnx(wide.bytes()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("x")));
}

// Constants that grow from node to node, by every op that can make them larger.
TEST(HostileOnnxTest, FoldingStaysInProportion) {
  const auto grown = [](const std::string& op_type, int copies) {
    OnnxFile file = OnnxFile().Input("x", {-1, 2});
    file.Ints("row", std::vector<int64_t>(1000, 1)).last_tensor().add_dims(1);
    file.Ints("column", std::vector<int64_t>(1000, 1));
    file.Ints("zeros", std::vector<int64_t>(1000, 0));
    file.Ints("large", {1 << 10, 1 << 11});
    for (int i = 0; i < copies; ++i) {
      const std::string name = absl::StrCat("a", i);
      const std::string last = i == 0 ? "column" : absl::StrCat("a", i - 1);
      if (op_type == "Concat") {
        file.Node(op_type, {last, last}, name).Set("axis", 0);
      } else if (op_type == "ConstantOfShape") {
        file.Node(op_type, {"large"}, name);
      } else if (op_type == "Gather") {
        file.Node(op_type, {i == 0 ? "row" : last, "zeros"}, name);
        file.Set("axis", i == 0 ? 1 : 0);
      } else {
        file.Node(op_type, {"row", "column"}, name);
      }
    }
    return ImportOnnx(file.Output("x").bytes());
  };
  for (const std::string op_type :
       {"Add", "Concat", "ConstantOfShape", "Equal", "Gather", "Mul"}) {
    EXPECT_THAT(grown(op_type, 200),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr("bytes of memory to load")))
        << op_type;
  }
  EXPECT_OK(grown("Concat", 3));
}

// Arrays without elements, of a dimension of 0 or of as many rows of nothing as
// fit a file: there is nothing to read and nothing to go through.
TEST(HostileOnnxTest, EmptyArraysHoldNothing) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{0, 3}, {0, 300000}, {3, 0}}) {
    const int64_t axis = dims[0] == 0 ? 0 : 1;
    for (const int64_t step : {1, -1}) {
      EXPECT_THAT(
          ImportOnnx(
              OnnxFile()
                  .Input("x", {-1, 2})
                  .Floats("w", dims)
                  .Ints("from", {step > 0 ? 0 : -1})
                  .Ints("to", {step > 0 ? 100 : kLeast})
                  .Ints("axes", {axis})
                  .Ints("steps", {step})
                  .Node("Slice", {"w", "from", "to", "axes", "steps"}, "part")
                  .Node("Shape", {"part"}, "shape")
                  .Ints("two", {2})
                  .Node("Mul", {"shape", "two"}, "s")
                  .Output("x")
                  .bytes()),
          IsOk());
    }
  }
  OnnxFile rows = OnnxFile()
                      .Input("x", {-1, 2})
                      .Floats("w", {1 << 20, 1 << 18, 0})
                      .Floats("v", {1 << 30, 0, 1})
                      .Ints("none", {});
  rows.Node("Concat", {"w", "w"}, "joined").Set("axis", 2);
  rows.Node("Gather", {"v", "none"}, "picked").Set("axis", 1);
  EXPECT_OK(ImportOnnx(rows.Output("x").bytes()));
}

// A list that each of many nodes takes one element of: read once.
TEST(HostileOnnxTest, ListsAreReadOnce) {
  OnnxFile file = OnnxFile().Input("x", {-1, 2});
  file.Ints("list", std::vector<int64_t>(100000, 7)).Ints("i", {5});
  for (int i = 0; i < 5000; ++i) {
    file.Node("Gather", {"list", "i"}, absl::StrCat("a", i));
  }
  EXPECT_OK(ImportOnnx(file.Output("x").bytes()));
}

// There is no checksum: some of these are networks, none does harm.
TEST(HostileOnnxTest, DamagedFilesAreReadOrRefused) {
  const std::string good = OnnxNetwork().bytes();
  int refused = 0;
  int variants = 0;
  const auto import = [&](const std::string& bytes) {
    ++variants;
    if (!ImportOnnx(bytes).ok()) ++refused;
  };
  for (size_t size = 0; size < good.size(); ++size) {
    import(good.substr(0, size));
  }
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    for (int bit = 0; bit < 8; ++bit) {
      changed[i] = static_cast<char>(good[i] ^ (1 << bit));
      import(changed);
    }
    for (const int byte : {0x00, 0x7F, 0x80, 0xFF}) {
      changed[i] = static_cast<char>(byte);
      import(changed);
    }
  }
  EXPECT_GT(variants, 2500);
  EXPECT_GT(refused, variants / 2);
}

}  // namespace
}  // namespace espalier
