// ONNX files that are made to take far more memory than they have bytes, and
// sound ones that take much.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/serialization/memory_promise.h"
#include "tests/serialization/onnx/onnx_file.h"

namespace espalier {
namespace {

// Valid files of many small things: `least` of them have to load.
struct Growing {
  std::string what;
  int least;
  double share;
  std::function<void(int, OnnxFile*)> add;
};

TEST(OnnxMemoryTest, NetworksOfOnnx) {
  // A chain of nodes of one op; its further inputs are `rest`.
  const auto chain = [](const std::string& op_type,
                        const std::vector<std::string>& rest = {}) {
    return [op_type, rest](int count, OnnxFile* file) {
      std::string last = "x";
      for (int i = 0; i < count; ++i) {
        const std::string next = absl::StrCat("y", i);
        std::vector<std::string> inputs = {last};
        inputs.insert(inputs.end(), rest.begin(), rest.end());
        file->Node(op_type, inputs, next);
        last = next;
      }
      file->Output(last);
    };
  };
  const Growing cases[] = {
      {"Relu", 13800, 0.65, chain("Relu")},
      {"Identity", 21000, 0.65, chain("Identity")},
      {"Add", 13800, 0.65, chain("Add", {"v"})},
      {"Pow", 17000, 0.65, chain("Pow", {"c"})},
      {"PRelu", 13800, 0.65, chain("PRelu", {"c"})},
      {"MatMul", 13000, 0.65, chain("MatMul", {"w"})},
      {"Gemm", 13800, 0.65, chain("Gemm", {"w", "v"})},
      {"BatchNormalization", 11500, 0.65,
       chain("BatchNormalization", {"v", "v", "v", "v"})},
      {"LayerNormalization", 4600, 0.65,
       chain("LayerNormalization", {"v", "v"})},
      {"initializers", 20000, 0.6,
       [](int count, OnnxFile* file) {
         for (int i = 0; i < count; ++i) {
           file->Floats(absl::StrCat("f", i), {1});
         }
         file->Output("x");
       }},
      {"empty initializers", 25000, 0.6,
       [](int count, OnnxFile* file) {
         for (int i = 0; i < count; ++i) {
           file->Floats(absl::StrCat("f", i), {0});
         }
         file->Output("x");
       }},
      {"weights", 5400, 0.65,
       [](int count, OnnxFile* file) {
         std::string last = "x";
         for (int i = 0; i < count; ++i) {
           const std::string next = absl::StrCat("y", i);
           file->Node("Gemm", {last, "w"}, next).SetFloat("alpha", 1.0f + i);
           last = next;
         }
         file->Output(last);
       }},
      {"constants", 8400, 0.5,
       [](int count, OnnxFile* file) {
         for (int i = 0; i < count; ++i) {
           file->Node("Constant", {}, absl::StrCat("k", i))
               .SetTensor("value", file->model.graph().initializer(1));
         }
         file->Output("x");
       }},
      {"shapes", 13500, 0.5,
       [](int count, OnnxFile* file) {
         for (int i = 0; i < count; ++i) {
           file->Node("Shape", {"x"}, absl::StrCat("s", i));
         }
         file->Output("x");
       }},
      {"results", 12000, 0.55,
       [](int count, OnnxFile* file) {
         file->Floats("wide", {1, count}).Node("MatMul", {"one", "wide"}, "q");
         file->Node("Split", {"q"}, "p").Set("axis", 1);
         file->Set("num_outputs", count);
         for (int i = 1; i < count; ++i) file->AddResult(absl::StrCat("p", i));
         file->Output("p");
       }},
      {"operands", 21000, 0.5,
       [](int count, OnnxFile* file) {
         file->Node("Concat", std::vector<std::string>(count, "x"), "y");
         file->Set("axis", 1).Output("y");
       }},
      {"summands", 22000, 0.65,
       [](int count, OnnxFile* file) {
         file->Node("Sum", std::vector<std::string>(count, "x"), "y");
         file->Output("y");
       }},
      {"inputs", 9800, 0.65,
       [](int count, OnnxFile* file) {
         for (int i = 0; i < count; ++i) {
           file->Input(absl::StrCat("i", i), {-1, 1});
         }
         file->Output("x");
       }},
      {"outputs", 14800, 0.65,
       [](int count, OnnxFile* file) {
         for (int i = 0; i < count; ++i) {
           file->Node("Identity", {"x"}, absl::StrCat("o", i));
           file->Output(absl::StrCat("o", i));
         }
       }},
      {"infos", 9800, 0.3,
       [](int count, OnnxFile* file) {
         file->Output("x");
         for (int i = 0; i < count; ++i) {
           *file->model.mutable_graph()->add_value_info() =
               file->model.graph().input(0);
         }
       }},
      {"names that clash", 11000, 0.65,
       [](int count, OnnxFile* file) {
         const std::string text(180, 'n');
         std::string last = "x";
         for (int i = 0; i < count; ++i) {
           const std::string next =
               absl::StrCat(text, i / 2, i % 2 == 0 ? "?" : "!");
           file->Node("Relu", {last}, next);
           last = next;
         }
         file->Output(last);
       }},
      {"long names", 18500, 0.65,
       [](int count, OnnxFile* file) {
         const std::string text(180, 'n');
         std::string last = "x";
         for (int i = 0; i < count; ++i) {
           const std::string next = absl::StrCat(text, i);
           file->Node("Relu", {last}, next);
           last = next;
         }
         file->Output(last);
       }},
  };
  for (const Growing& c : cases) {
    const auto make = [&](int count) {
      OnnxFile file(20);
      file.Input("x", {-1, 2}).Floats("one", {1, 1}).Floats("c", {1});
      file.Floats("v", {2}).Floats("w", {2, 2});
      c.add(count, &file);
      return file.bytes();
    };
    GrowUntilRefused("m.onnx", c.what, c.least, c.share, make);
  }
}

// Halves in a list of numbers of two or three bytes, as weights are.
TEST(OnnxMemoryTest, TypedHalves) {
  OnnxFile file;
  file.Input("x", {-1, 1500}).Node("MatMul", {"x", "w"}, "y").Output("y");
  onnx::TensorProto* tensor = file.model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(onnx::TensorProto::FLOAT16);
  tensor->add_dims(1500);
  tensor->add_dims(2000);
  for (int i = 0; i < 1500 * 2000; ++i) {
    tensor->add_int32_data((i % 2 == 0 ? 0x2000 : 0xA000) + i % 1000);
  }
  EXPECT_EQ(ExpectWithinMemory("m.onnx", file.bytes(), "halves"),
            absl::StatusCode::kOk);
}

TEST(OnnxMemoryTest, RawHalvesOfAVector) {
  constexpr int64_t kHalves = 12000000;
  OnnxFile file;
  file.Input("x", {-1, kHalves}).Node("MatMul", {"x", "w"}, "y").Output("y");
  onnx::TensorProto* tensor = file.model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(onnx::TensorProto::FLOAT16);
  tensor->add_dims(kHalves);
  tensor->set_raw_data(std::string(2 * kHalves, '\x11'));
  EXPECT_EQ(ExpectWithinMemory("m.onnx", file.bytes(), "halves"),
            absl::StatusCode::kOk);
}

// As valid files have them, since a product takes one type.
TEST(OnnxMemoryTest, CastHalvesOfSeveralLayers) {
  constexpr int64_t kUnits = 1000;
  OnnxFile file;
  file.Input("x0", {-1, kUnits});
  for (int layer = 0; layer < 12; ++layer) {
    const std::string weight = absl::StrCat("w", layer);
    onnx::TensorProto* tensor = file.model.mutable_graph()->add_initializer();
    tensor->set_name(weight);
    tensor->set_data_type(onnx::TensorProto::FLOAT16);
    tensor->add_dims(kUnits);
    tensor->add_dims(kUnits);
    tensor->set_raw_data(std::string(2 * kUnits * kUnits, '\x11'));
    file.Node("Cast", {weight}, weight + "f")
        .Set("to", onnx::TensorProto::FLOAT)
        .Node("MatMul", {absl::StrCat("x", layer), weight + "f"},
              absl::StrCat("x", layer + 1));
  }
  file.Output("x12");
  EXPECT_EQ(ExpectWithinMemory("m.onnx", file.bytes(), "cast halves"),
            absl::StatusCode::kOk);
}

TEST(OnnxMemoryTest, MetadataOfOnnx) {
  const struct {
    std::string key;
    std::string begin;
    std::string each;
    std::string end;
  } cases[] = {
      {"class_names", "[\"\"", ",\"\"", "]"},
      {"class_names", "[{}", ",{}", "]"},
      {"class_names", "[{}", ",{\"\":{}}", "]"},
      {"class_names", "[1", ",1", "]"},
      {"class_names", "[[]", ",[]", "]"},
      {"history", "{\"history\":[{}", ",{}", "]}"},
      {"history", "{\"history\":[{\"layers\":[{}", ",{}", "]}]}"},
      {"history", "{\"history\":[{\"layers\":[{\"removed\":[1", ",1", "]}]}]}"},
      {"history", "{\"domains\":[{\"lower\":[1", ",1", "]}]}"},
      {"history", "{\"values\":[{}", ",{}", "]}"},
      {"history", "{\"tensorData\":[\"\"", ",\"\"", "]}"},
      {"domain.x", "0:1", ",0:1", ""},
  };
  for (const auto& c : cases) {
    for (const int count : {3000, 30000, 150000}) {
      OnnxFile file;
      file.Input("x", {-1, 150001}).Output("x");
      auto* entry = file.model.add_metadata_props();
      entry->set_key("espalier." + c.key);
      entry->set_value(c.begin + Times(count, c.each) + c.end);
      ExpectWithinMemory("m.onnx", file.bytes(),
                         absl::StrCat(count, " ", c.each));
    }
  }
}

}  // namespace
}  // namespace espalier
