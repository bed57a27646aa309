// Twice the file costs twice the loading: what it reads, how often it asks for
// memory and for how much, counted for n of something and for 2n. Work that
// does none of the three is not seen here; hostile_memory_test.cc has the
// absolute bounds.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "graph/builder.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/gates.h"
#include "ops/registry.h"
#include "serialization/byte_source.h"
#include "serialization/model_codec.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/import.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/counted_memory.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kCount = 1000;
constexpr double kMostGrowth = 2.1;
// Of each count: what stands in one block takes no more of them for more of it.
constexpr double kFew = 16;

struct Cost {
  int64_t read = 0;
  int64_t allocations = 0;
  int64_t allocated = 0;  // bytes
};

// Counts what is read from a source.
class CountingSource : public ByteSource {
 public:
  explicit CountingSource(absl::string_view bytes) : source_(bytes) {}

  int64_t read() const { return read_; }

  int64_t size() const override { return source_.size(); }
  absl::Status Read(char* buffer, size_t size) override {
    read_ += static_cast<int64_t>(size);
    return source_.Read(buffer, size);
  }
  absl::Status ReadAt(int64_t place, char* buffer, size_t size) override {
    read_ += static_cast<int64_t>(size);
    return source_.ReadAt(place, buffer, size);
  }
  absl::Status Finish() override { return source_.Finish(); }

 private:
  MemorySource source_;
  int64_t read_ = 0;
};

Cost CostOf(const std::function<int64_t()>& load) {
  const int64_t allocations = Allocations();
  const int64_t allocated = AllocatedBytes();
  Cost cost;
  cost.read = load();
  cost.allocations = Allocations() - allocations;
  cost.allocated = AllocatedBytes() - allocated;
  return cost;
}

Cost CostOfPb(absl::string_view bytes, const std::string& folder) {
  CountingSource source(bytes);
  return CostOf([&source, &folder] {
    EXPECT_OK(DecodeModelFile(&source, folder, true, StandardOps()).status());
    return source.read();
  });
}

// The bytes are in memory already: Load reads them once, as a whole.
Cost CostOfOnnx(std::string bytes) {
  return CostOf([&bytes] {
    const auto size = static_cast<int64_t>(bytes.size());
    EXPECT_OK(ImportOnnx(std::move(bytes)).status());
    return size;
  });
}

// What grows faster than the number, "" if nothing does. What a file with one
// of it costs is taken off, and tables that are made at first use are made
// before.
std::string NotLinear(const std::function<Cost(int)>& cost) {
  cost(1);
  const Cost one = cost(1);
  const Cost once = cost(kCount);
  const Cost twice = cost(2 * kCount);
  std::string wrong;
  const auto check = [&](const char* what, int64_t Cost::*count) {
    const int64_t before = once.*count - one.*count;
    const int64_t after = twice.*count - one.*count;
    const auto most = kMostGrowth * static_cast<double>(before) + kFew;
    if (static_cast<double>(after) <= most) return;
    absl::StrAppend(&wrong, what, ": ", one.*count, ", ", once.*count,
                    ", then ", twice.*count, "\n");
  };
  check("bytes read", &Cost::read);
  check("allocations", &Cost::allocations);
  check("bytes allocated", &Cost::allocated);
  // Otherwise nothing grew and nothing was measured.
  EXPECT_GE(twice.read - one.read, (once.read - one.read) * 19 / 10);
  EXPECT_GT(once.read, one.read);
  return wrong;
}

// Names of the same length, however many there are.
std::string Name(const std::string& prefix, int i) {
  return absl::StrCat(prefix, 100000 + i);
}

Model ModelOf(GraphBuilder& g) {
  Model model;
  model.graph = g.Build().value();
  for (const NodeId id : model.graph.parameters()) {
    const Node& node = model.graph.node(id);
    model.values.emplace(node.name, Tensor(node.type.dtype, node.type.shape));
  }
  return model;
}

Model Chain(int count) {
  GraphBuilder g("chain");
  Value y = g.Input("x", {kBatch, 2});
  for (int i = 0; i < count; ++i) y = Relu(y, Name("r", i));
  g.Output("y", y);
  return ModelOf(g);
}

Model Parameters(int count) {
  GraphBuilder g("parameters");
  Value y = g.Input("x", {kBatch, 2});
  for (int i = 0; i < count; ++i) {
    const Value p = g.Parameter(Name("p", i), {2}, Initializer::Zeros());
    y = Add(y, p, Name("a", i));
  }
  g.Output("y", y);
  return ModelOf(g);
}

Model Constants(int count) {
  GraphBuilder g("constants");
  Value y = g.Input("x", {kBatch, 2});
  for (int i = 0; i < count; ++i) {
    const Tensor value({2}, std::vector<float>{1, static_cast<float>(i)});
    y = Mul(y, g.Constant(value, Name("c", i)), Name("m", i));
  }
  g.Output("y", y);
  return ModelOf(g);
}

// All nodes read one, and one reads them all.
Model Fan(int count) {
  GraphBuilder g("fan");
  const Value x = g.Input("x", {kBatch, 2});
  std::vector<Value> all;
  for (int i = 0; i < count; ++i) all.push_back(Relu(x, Name("r", i)));
  g.Output("y", Concat(all, 1));
  return ModelOf(g);
}

Model Outputs(int count) {
  GraphBuilder g("outputs");
  const Value x = g.Input("x", {kBatch, 2});
  for (int i = 0; i < count; ++i) {
    g.Output(Name("y", i), Relu(x, Name("r", i)));
  }
  return ModelOf(g);
}

Model Inputs(int count) {
  GraphBuilder g("inputs");
  std::vector<Value> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(g.Input(Name("x", i), {kBatch, 2}));
  }
  g.Output("y", Concat(all, 1));
  Model model = ModelOf(g);
  for (int i = 0; i < count; ++i) {
    model.domains[Name("x", i)] = {{0, 0}, {1, 1}};
  }
  return model;
}

Model LargeTensor(int count) {
  GraphBuilder g("large");
  const Value x = g.Input("x", {kBatch, 1000 * count});
  const Value p = g.Parameter("p", {1000 * count}, Initializer::Zeros());
  g.Output("y", Add(x, p));
  return ModelOf(g);
}

// What is known of a model beside its graph.
Model Facts(int count) {
  GraphBuilder g("facts");
  const Value x = g.Input("x", {kBatch, count});
  g.Output("y", Relu(x, "y"));
  Model model = ModelOf(g);
  const auto size = static_cast<size_t>(count);
  model.domains["x"] = {std::vector<float>(size, -1),
                        std::vector<float>(size, 1)};
  for (int i = 0; i < count; ++i) {
    model.class_names.push_back(Name("class", i));
    model.history.push_back({"prune", "data", "", {{"y", count, {i}}}});
  }
  std::vector<int64_t> removed;
  for (int i = 0; i < count; ++i) removed.push_back(i);
  model.history.push_back({"prune", "data", "", {{"y", count, removed}}});
  return model;
}

const struct {
  const char* name;
  Model (*make)(int count);
} kModels[] = {
    {"chain", Chain},
    {"parameters", Parameters},
    {"constants", Constants},
    {"fan", Fan},
    {"outputs", Outputs},
    {"inputs", Inputs},
    {"large tensor", LargeTensor},
    {"facts", Facts},
};

TEST(LinearLoadingTest, ModelFiles) {
  for (const auto& row : kModels) {
    SCOPED_TRACE(row.name);
    const auto cost = [&row](int count) {
      return CostOfPb(EncodeModel(row.make(count)).value(), "");
    };
    EXPECT_EQ(NotLinear(cost), "");
  }
}

TEST(LinearLoadingTest, WeightsBesideTheModel) {
  const auto cost = [](int count) {
    const ScratchFolder folder;
    const Model model = Parameters(count);
    const EncodedModel encoded = EncodeModelFile(model, "m.pb", true).value();
    folder.Write(encoded.weights->name,
                 absl::StrJoin(encoded.weights->contents, ""));
    return CostOfPb(absl::StrJoin(encoded.pieces, ""), folder.path());
  };
  EXPECT_EQ(NotLinear(cost), "");
}

TEST(LinearLoadingTest, OnnxFilesOfOurs) {
  for (const auto& row : kModels) {
    SCOPED_TRACE(row.name);
    const auto cost = [&row](int count) {
      return CostOfOnnx(ExportOnnx(row.make(count)).value());
    };
    EXPECT_EQ(NotLinear(cost), "");
  }
}

// What our own files do not have.
OnnxFile ConstantNodes(int count) {
  OnnxFile file;
  file.Input("x", {-1, 2});
  std::string y = "x";
  for (int i = 0; i < count; ++i) {
    onnx::TensorProto value;
    value.set_data_type(onnx::TensorProto::FLOAT);
    value.add_float_data(1);
    file.Node("Constant", {}, Name("c", i)).SetTensor("value", value);
    file.Node("Add", {y, Name("c", i)}, Name("a", i));
    y = Name("a", i);
  }
  return file.Output(y);
}

// One result of many shapes that fold to constants.
OnnxFile FoldedShapes(int count) {
  OnnxFile file;
  file.Input("x", {-1, 2}).Ints("one", {1}).Ints("shape", {0, 2});
  std::string shape = "shape";
  for (int i = 0; i < count; ++i) {
    file.Node("Mul", {shape, "one"}, Name("s", i));
    shape = Name("s", i);
  }
  return file.Node("Reshape", {"x", shape}, "y").Output("y");
}

OnnxFile UnreadInitializers(int count) {
  OnnxFile file;
  file.Input("x", {-1, 2});
  for (int i = 0; i < count; ++i) file.Floats(Name("w", i), {2});
  return file.Node("Relu", {"x"}, "y").Output("y");
}

OnnxFile ListedElements(int count) {
  OnnxFile file;
  file.Input("x", {-1, count});
  file.Listed(6, "i", std::vector<int32_t>(static_cast<size_t>(count), 7));
  file.Node("Cast", {"i"}, "f").Set("to", 1);
  return file.Node("Add", {"x", "f"}, "y").Output("y");
}

TEST(LinearLoadingTest, OnnxFilesOfOthers) {
  const struct {
    const char* name;
    OnnxFile (*make)(int count);
  } files[] = {
      {"constant nodes", ConstantNodes},
      {"folded shapes", FoldedShapes},
      {"unread initializers", UnreadInitializers},
      {"listed elements", ListedElements},
  };
  for (const auto& row : files) {
    SCOPED_TRACE(row.name);
    const auto cost = [&row](int count) {
      return CostOfOnnx(row.make(count).bytes());
    };
    EXPECT_EQ(NotLinear(cost), "");
  }
}

// So that the measure is seen to measure.
TEST(LinearLoadingTest, QuadraticWorkIsSeen) {
  const auto cost = [](int count) {
    return CostOf([count] {
      int64_t read = 0;
      for (int i = 1; i <= count; ++i) {
        const std::vector<char> copy(static_cast<size_t>(i));
        read += static_cast<int64_t>(copy.size());
      }
      return read;
    });
  };
  const std::string wrong = NotLinear(cost);
  EXPECT_THAT(wrong, HasSubstr("bytes read: "));
  EXPECT_THAT(wrong, HasSubstr("bytes allocated: "));
  EXPECT_THAT(wrong, Not(HasSubstr("allocations: ")));
}

}  // namespace
}  // namespace espalier
