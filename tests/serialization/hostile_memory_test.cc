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
#include "espalier/onnx/onnx.pb.h"
#include "gtest/gtest.h"
#include "ops/activations.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "ops/registry.h"
#include "serialization/model_codec.h"
#include "serialization/model_file.h"
#include "tests/serialization/hostile_helpers.h"
#include "tests/serialization/memory_promise.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;
using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;

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
