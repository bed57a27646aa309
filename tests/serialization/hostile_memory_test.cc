// Files that are made to take far more memory than they have bytes. Whatever
// becomes of them, loading one takes at most three times its bytes and 16 MiB.
#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ops/activations.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "ops/registry.h"
#include "serialization/memory_budget.h"
#include "serialization/model_codec.h"
#include "serialization/model_file.h"
#include "tests/serialization/hostile_helpers.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/serialization/wire_bytes.h"
#include "tests/testing/counted_memory.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;
using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;

// Loads `bytes` as a file of this name, its structure alone as well, and
// returns what came of it.
absl::StatusCode ExpectWithinMemory(const std::string& name,
                                    const std::string& bytes,
                                    const std::string& what) {
  const ScratchFolder folder;
  const std::string path = folder.Write(name, bytes);
  const auto size = static_cast<int64_t>(bytes.size());
  const auto load = [&](auto as) {
    absl::Status status;
    const int64_t peak =
        PeakOf([&] { status = as(path, StandardOps()).status(); });
    EXPECT_LE(peak, 3 * size + (int64_t{16} << 20))
        << what << ", " << size
        << " bytes: " << status.ToString().substr(0, 200);
    return status.code();
  };
  load(LoadStructure);
  return load(Load);
}

// So many of something load, and take at least this share of what they may:
// what is charged is what is taken. More and more of it, until it is refused,
// take no more either.
void GrowUntilRefused(const std::string& name, const std::string& what,
                      int least, double share,
                      const std::function<std::string(int)>& make) {
  constexpr int kMost = 400000;
  {
    const std::string bytes = make(least);
    EXPECT_EQ(ExpectWithinMemory(name, bytes, what), absl::StatusCode::kOk)
        << least << " " << what;
    const auto size = static_cast<int64_t>(bytes.size());
    EXPECT_GE(static_cast<double>(PeakBytes() - LiveBytes()),
              share * static_cast<double>(MemoryBudget(size).allowed()))
        << least << " " << what;
  }
  for (int count = least * 5 / 4; count < kMost; count += count / 4) {
    const absl::StatusCode code =
        ExpectWithinMemory(name, make(count), absl::StrCat(count, " ", what));
    if (code == absl::StatusCode::kResourceExhausted) return;
  }
  ADD_FAILURE() << what << " are never refused";
}

std::string Scalar(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
      return std::string(4, '\0');
    case FieldDescriptor::TYPE_DOUBLE:
      return std::string(8, '\0');
    default:
      return std::string(1, '\1');
  }
}

bool IsScalar(const FieldDescriptor& field) {
  return field.type() != FieldDescriptor::TYPE_STRING &&
         field.type() != FieldDescriptor::TYPE_BYTES &&
         field.type() != FieldDescriptor::TYPE_MESSAGE;
}

std::string TagOf(const FieldDescriptor& field) {
  const uint32_t type = Scalar(field).size() == 4   ? 5
                        : Scalar(field).size() == 8 ? 1
                                                    : 0;
  return Varint(static_cast<uint32_t>(field.number()) << 3 | type);
}

std::string Full(const Descriptor& type);

// The field once, with as little in it as there can be, or a bit of all.
std::string OneOf(const FieldDescriptor& field, bool full) {
  if (IsScalar(field)) return TagOf(field) + Scalar(field);
  const auto number = static_cast<uint32_t>(field.number());
  if (!full) return Field(number, "");
  if (field.type() != FieldDescriptor::TYPE_MESSAGE) return Field(number, "a");
  return Field(number, Full(*field.message_type()));
}

// Every field once, one of each oneof.
std::string Full(const Descriptor& type) {
  std::string bytes;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const auto* const oneof = field.real_containing_oneof();
    if (oneof != nullptr && oneof->field(0) != &field) continue;
    bytes += OneOf(field, true);
  }
  return bytes;
}

std::string Times(int count, const std::string& bytes) {
  std::string all;
  all.reserve(static_cast<size_t>(count) * bytes.size());
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

// Every list of a schema, wherever it is, far too long. `wrap` makes a file of
// what stands in a message.
void GrowLists(const std::string& name, const Descriptor& type,
               const std::function<std::string(std::string)>& wrap) {
  constexpr size_t kMost = size_t{1} << 20;  // bytes
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const auto number = static_cast<uint32_t>(field.number());
    if (field.is_repeated()) {
      for (const int count : {60000, 300000}) {
        const std::string what = absl::StrCat(count, " ", field.full_name());
        for (const bool full : {false, true}) {
          const std::string one = OneOf(field, full);
          if (count * one.size() > kMost) continue;
          ExpectWithinMemory(name, wrap(Times(count, one)), what);
        }
        if (IsScalar(field)) {
          const std::string list = Times(count, Scalar(field));
          const std::string packed = Field(number, list);
          ExpectWithinMemory(name, wrap(packed), what);
          ExpectWithinMemory(name, wrap(packed + packed), what);
          ExpectWithinMemory(name, wrap(Field(number, Scalar(field)) + packed),
                             what);
        }
      }
    }
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      GrowLists(name, *field.message_type(),
                [&](std::string bytes) { return wrap(Field(number, bytes)); });
    }
  }
}

TEST(HostileMemoryTest, ListsOfModels) {
  GrowLists("m.pb", *v1::Model::descriptor(), [](const std::string& bytes) {
    return Seal(BeginOfModel() + bytes);
  });
}

TEST(HostileMemoryTest, ListsOfOnnx) {
  GrowLists("m.onnx", *onnx::ModelProto::descriptor(),
            [](const std::string& bytes) { return bytes; });
}

TEST(HostileMemoryTest, FieldsThatAreUnknown) {
  for (const std::string& field :
       {Number(99, 1), Field(99, ""), Field(99, "0123456789abcdef")}) {
    for (const int count : {3500, 30000, 60000, 120000}) {
      ExpectWithinMemory("m.onnx", Times(count, field), "unknown fields");
      ExpectWithinMemory("m.onnx", Field(7, Times(count, Field(1, field))),
                         "unknown fields of nodes");
    }
  }
}

// Valid files of many small things: `least` of them have to load.
struct Growing {
  std::string what;
  int least;
  double share;
  std::function<void(int, OnnxFile*)> add;
};

TEST(HostileMemoryTest, NetworksOfOnnx) {
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
TEST(HostileMemoryTest, TypedHalves) {
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

TEST(HostileMemoryTest, RawHalvesOfAVector) {
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
TEST(HostileMemoryTest, CastHalvesOfSeveralLayers) {
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

TEST(HostileMemoryTest, MetadataOfOnnx) {
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

TEST(HostileMemoryTest, Models) {
  const auto bytes_of = [](const std::function<void(v1::Model*)>& change) {
    GraphBuilder g("g");
    g.Output("y", Relu(g.Input("x", {kBatch, 2}), "y"));
    Model model;
    model.graph = g.Build().value();
    v1::Model message;
    EXPECT_TRUE(message.ParseFromString(EncodeModel(model).value()));
    message.clear_checksum();
    change(&message);
    return Seal(message.SerializeAsString());
  };
  // One more ReLU behind the others.
  const auto chain = [](const std::string& names) {
    return [names](int i, v1::Model* m) {
      v1::Node* node = m->mutable_graph()->add_nodes();
      node->set_name(absl::StrCat(names, i));
      node->set_kind("relu");
      node->add_inputs(i + 1);
    };
  };
  const struct {
    std::string what;
    int least;
    double share;
    std::function<void(int, v1::Model*)> add;
  } cases[] = {
      {"nodes", 26000, 0.7, chain("n")},
      {"long names", 16500, 0.7, chain(std::string(200, 'n'))},
      {"nodes with lists", 17000, 0.7,
       [](int i, v1::Model* m) {
         v1::Node* node = m->mutable_graph()->add_nodes();
         node->set_name(absl::StrCat("n", i));
         node->set_kind("reshape");
         node->add_inputs(0);
         v1::Attribute* shape = node->add_attributes();
         shape->set_name("shape");
         shape->mutable_int_list()->add_values(-1);
         shape->mutable_int_list()->add_values(2);
       }},
      {"constants", 14500, 0.7,
       [](int i, v1::Model* m) {
         v1::Node* node = m->mutable_graph()->add_nodes();
         node->set_name(absl::StrCat("n", i));
         node->set_kind("constant");
         v1::Attribute* value = node->add_attributes();
         value->set_name("value");
         v1::Tensor* tensor = value->mutable_tensor();
         tensor->set_dtype(v1::F32);
         tensor->add_dims(0);
         tensor->set_data(static_cast<uint32_t>(i));
         m->add_tensor_data("");
       }},
      {"parameters", 11000, 0.7,
       [](int i, v1::Model* m) {
         const std::string name = absl::StrCat("p", i);
         v1::Node* node = m->mutable_graph()->add_nodes();
         node->set_name(name);
         node->set_kind("state");
         v1::Attribute* type = node->add_attributes();
         type->set_name("dtype");
         type->set_string_value("f32");
         type = node->add_attributes();
         type->set_name("shape");
         type->mutable_int_list()->add_values(1);
         type = node->add_attributes();
         type->set_name("initializer");
         type->set_string_value("constant");
         type = node->add_attributes();
         type->set_name("initializer_value");
         type->set_float_value(0);
         v1::Variable* variable = m->add_values();
         variable->set_leaf(name);
         v1::Tensor* tensor = variable->mutable_value();
         tensor->set_dtype(v1::F32);
         tensor->add_dims(1);
         tensor->set_data(static_cast<uint32_t>(i));
         m->add_tensor_data(std::string(4, '\0'));
       }},
      {"outputs", 37000, 0.5,
       [](int i, v1::Model* m) {
         v1::Output* output = m->mutable_graph()->add_outputs();
         output->set_name(absl::StrCat("o", i));
         output->set_node(1);
       }},
      {"entries of history", 30000, 0.5,
       [](int, v1::Model* m) { m->add_history()->set_action("a"); }},
      {"layers of history", 42000, 0.7,
       [](int i, v1::Model* m) {
         if (i == 0) m->add_history();
         m->mutable_history(0)->add_layers()->set_node("a");
       }},
      {"class names", 30000, 0.25,
       [](int i, v1::Model* m) {
         m->add_class_names(absl::StrCat("c", i));
         for (v1::Attribute& attribute :
              *m->mutable_graph()->mutable_nodes(0)->mutable_attributes()) {
           if (attribute.name() != "shape") continue;
           attribute.mutable_int_list()->set_values(1, i + 1);
         }
       }},
      {"operands", 30000, 0.3,
       [](int i, v1::Model* m) {
         if (i == 0) {
           v1::Node* node = m->mutable_graph()->add_nodes();
           node->set_name("n");
           node->set_kind("concat");
           v1::Attribute* axis = node->add_attributes();
           axis->set_name("axis");
           axis->set_int_value(1);
           axis = node->add_attributes();
           axis->set_name("count");
         }
         v1::Node* node = m->mutable_graph()->mutable_nodes(2);
         node->add_inputs(0);
         node->mutable_attributes(1)->set_int_value(i + 1);
       }},
  };
  for (const auto& c : cases) {
    GrowUntilRefused("m.pb", c.what, c.least, c.share, [&](int count) {
      return bytes_of([&](v1::Model* m) {
        for (int i = 0; i < count; ++i) c.add(i, m);
      });
    });
  }
}

// Deep networks that somebody may well have are saved and load again.
TEST(HostileMemoryTest, DeepModelsAreSaved) {
  const ScratchFolder folder;
  const auto expect = [&](GraphBuilder* g, const Value& y, const char* what) {
    g->Output("y", y);
    Model model;
    model.graph = g->Build().value();
    for (const NodeId id : model.graph.parameters()) {
      const Node& node = model.graph.node(id);
      model.values.emplace(node.name, Tensor(node.type.dtype, node.type.shape));
    }
    const std::string path = folder.File(absl::StrCat(what, ".pb"));
    const absl::Status saved = Save(model, path);
    ASSERT_TRUE(saved.ok()) << what << ": " << saved;
    const absl::Status loaded = Load(path, StandardOps()).status();
    EXPECT_TRUE(loaded.ok()) << what << ": " << loaded;
    EXPECT_TRUE(EncodeModelText(model).ok()) << what;
  };
  {
    GraphBuilder g("g");
    Value y = g.Input("x", {kBatch, 2});
    for (int i = 0; i < 20000; ++i) y = Tanh(y);
    expect(&g, y, "tanh");
  }
  {
    GraphBuilder g("g");
    Value y = g.Input("x", {kBatch, 2});
    for (int i = 0; i < 2000; ++i) {
      const Initializer zeros = Initializer::Zeros();
      y = Relu(Dense(y, g.Parameter(absl::StrCat("w", i), {2, 2}, zeros),
                     g.Parameter(absl::StrCat("b", i), {2}, zeros)));
    }
    expect(&g, y, "dense");
  }
}

// What the fuzzers start from and have found.
TEST(HostileMemoryTest, TheCorpusOfTheFuzzers) {
  const struct {
    std::string folder;
    std::string name;
  } folders[] = {{"model", "m.pb"}, {"onnx", "m.onnx"}};
  for (const auto& row : folders) {
    int files = 0;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(fs::path(ESPALIER_SOURCE_DIR) /
                                "tests/fuzz/corpus" / row.folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::ostringstream bytes;
      bytes << file.rdbuf();
      ExpectWithinMemory(row.name, bytes.str(), entry.path().filename());
      ++files;
    }
    EXPECT_GT(files, 10);
  }
}

}  // namespace
}  // namespace espalier
