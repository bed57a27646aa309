#include "tests/fuzz/onnx_seeds.h"

#include <google/protobuf/text_format.h>

#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/check.h"
#include "serialization/onnx/external_data.h"
#include "tests/fuzz/folder_input.h"
#include "tests/serialization/onnx/onnx_file.h"

namespace espalier {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

constexpr char kForeignOnnx[] = R"(
ir_version: 8
producer_name: "other"
opset_import { version: 14 }
metadata_props { key: "espalier.domain.x" value: "0:1" }
metadata_props { key: "espalier.class_names" value: "[\"a\", \"b\"]" }
graph {
  name: "foreign"
  input { name: "x" type { tensor_type { elem_type: 1
    shape { dim { dim_param: "batch" } dim { dim_value: 2 } } } } }
  initializer { name: "w" dims: 2 dims: 2 data_type: 1
    float_data: 1 float_data: 2 float_data: 3 float_data: 4 }
  initializer { name: "c" dims: 2 data_type: 11 double_data: 1 double_data: 2 }
  initializer { name: "h" dims: 2 data_type: 10
    int32_data: 15360 int32_data: 16384 }
  initializer { name: "shape" dims: 2 data_type: 7
    int64_data: -1 int64_data: 2 }
  initializer { name: "low" data_type: 1 float_data: -1 }
  node { op_type: "Gemm" input: "x" input: "w" input: "c" output: "g"
    attribute { name: "alpha" type: FLOAT f: 0.5 }
    attribute { name: "beta" type: FLOAT f: 2 }
    attribute { name: "transB" type: INT i: 1 } }
  node { op_type: "Reshape" input: "g" input: "shape" output: "r"
    attribute { name: "allowzero" type: INT i: 1 } }
  node { op_type: "Flatten" input: "r" output: "f"
    attribute { name: "axis" type: INT i: -1 } }
  node { op_type: "Constant" output: "k"
    attribute { name: "value_floats" type: FLOATS floats: 3 floats: 4 } }
  node { op_type: "Mul" input: "f" input: "k" output: "m" }
  node { op_type: "Add" input: "m" input: "h" output: "a" }
  node { op_type: "Clip" input: "a" input: "low" output: "y" }
  output { name: "y" }
})";

void AddGemmAndClip(std::vector<FuzzSeed>* seeds) {
  onnx::ModelProto model;
  ESPALIER_CHECK(
      google::protobuf::TextFormat::ParseFromString(kForeignOnnx, &model));
  seeds->push_back({"onnx", "foreign", model.SerializeAsString()});
  // Before opset 11 limits were attributes.
  model.mutable_opset_import(0)->set_version(9);
  onnx::NodeProto* clip = model.mutable_graph()->mutable_node(6);
  clip->mutable_input()->RemoveLast();
  onnx::AttributeProto* limit = clip->add_attribute();
  limit->set_name("max");
  limit->set_type(onnx::AttributeProto::FLOAT);
  limit->set_f(6);
  // And an initializer an input as well.
  *model.mutable_graph()->add_input() = model.graph().input(0);
  model.mutable_graph()->mutable_input(1)->set_name("w");
  seeds->push_back({"onnx", "foreign_old", model.SerializeAsString()});
}

// The sizes of a shape are computed, with the batch among them.
OnnxFile Sizes() {
  OnnxFile file;
  file.Input("x", {-1, 2, 3})
      .Ints("zero", {0})
      .Ints("rest", {-1})
      .Ints("six", {6})
      .Ints("two", {2})
      .Node("Shape", {"x"}, "shape")
      .Node("Gather", {"shape", "zero"}, "batch")
      .Node("Concat", {"batch", "rest"}, "flat")
      .Set("axis", 0)
      .Node("Reshape", {"x", "flat"}, "r")
      .Node("Mul", {"batch", "six"}, "all")
      .Node("Div", {"all", "two"}, "half")
      .Node("Sub", {"half", "batch"}, "difference")
      .Node("Less", {"two", "six"}, "less")
      .Node("Where", {"less", "batch", "all"}, "least")
      .Node("Concat", {"least", "six"}, "again")
      .Set("axis", 0)
      .Node("Reshape", {"r", "again"}, "y")
      .Output("y");
  return file;
}

OnnxFile Slices() {
  OnnxFile file;
  file.Input("x", {-1, 6})
      .Ints("starts", {-1})
      .Ints("ends", {-kLargest})
      .Ints("axes", {1})
      .Ints("steps", {-2})
      .Ints("begin", {1})
      .Ints("end", {kLargest})
      .Ints("parts", {2, 4})
      .Node("Slice", {"x", "starts", "ends", "axes", "steps"}, "odd")
      .Node("Slice", {"x", "begin", "end", "axes"}, "tail")
      .Node("Split", {"x", "parts"}, "a")
      .Set("axis", 1)
      .AddResult("b")
      .Node("Concat", {"odd", "tail", "a", "b"}, "y")
      .Set("axis", -1)
      .Output("y");
  return file;
}

OnnxFile Arrays() {
  OnnxFile file;
  file.Input("x", {-1, 3})
      .Ints("dims", {1, 3})
      .Ints("none", {0})
      .Ints("nothing", {})
      .Ints("axis", {0})
      .Node("ConstantOfShape", {"dims"}, "zeros")
      .Node("ConstantOfShape", {"none"}, "empty")
      .Node("Size", {"empty"}, "size")
      .Node("Cast", {"size"}, "f")
      .Set("to", 1)
      .Node("Expand", {"f", "dims"}, "expanded")
      .Node("Concat", {"nothing", "dims"}, "joined")
      .Set("axis", 0)
      .Node("Slice", {"joined", "none", "none", "axis"}, "sliced")
      .Node("Add", {"x", "zeros"}, "a")
      .Node("Add", {"a", "expanded"}, "y")
      .Output("y");
  file.Ints("first", {0}).Ints("last", {6}).Ints("step", {2});
  for (onnx::TensorProto& tensor :
       *file.model.mutable_graph()->mutable_initializer()) {
    const std::string& name = tensor.name();
    if (name == "first" || name == "last" || name == "step") {
      tensor.clear_dims();  // scalars
    }
  }
  file.Node("Range", {"first", "last", "step"}, "range")
      .Node("Cast", {"range"}, "numbers")
      .Set("to", 1)
      .Node("Mul", {"x", "numbers"}, "z")
      .Output("z");
  return file;
}

// Axes as attributes, which they were before opset 13.
OnnxFile OldAxes() {
  OnnxFile file(11);
  file.Input("x", {-1, 3})
      .Node("Unsqueeze", {"x"}, "u")
      .SetInts("axes", {1})
      .Node("Transpose", {"u"}, "t")
      .SetInts("perm", {0, 2, 1})
      .Node("Squeeze", {"t"}, "s")
      .SetInts("axes", {2})
      .Node("ReduceMean", {"s"}, "m")
      .SetInts("axes", {1})
      .Set("keepdims", 1)
      .Node("LogSoftmax", {"s"}, "l")
      .Set("axis", 1)
      .Node("Sub", {"l", "m"}, "y")
      .Output("y");
  return file;
}

OnnxFile Numbers() {
  OnnxFile file;
  file.Input("x", {-1, 3})
      .Floats("slope", {1}, {0.25f})
      .Floats("two", {}, {2})
      .Node("Pow", {"x", "two"}, "p")
      .Node("Reciprocal", {"p"}, "r")
      .Node("Sum", {"x", "p", "r"}, "sum")
      .Node("Mean", {"x", "p"}, "mean")
      .Node("Max", {"sum", "mean", "two"}, "max")
      .Node("Min", {"max", "p"}, "min")
      .Node("ThresholdedRelu", {"min"}, "t")
      .SetFloat("alpha", 0.5f)
      .Node("PRelu", {"t", "slope"}, "y")
      .Output("y");
  return file;
}

void AddExternalData(std::vector<FuzzSeed>* seeds) {
  OnnxFile file;
  file.Input("x", {-1, 2})
      .Floats("w", {2, 2})
      .Floats("b", {2})
      .Node("Gemm", {"x", "w", "b"}, "y")
      .Output("y");
  std::string weights;
  for (onnx::TensorProto& tensor :
       *file.model.mutable_graph()->mutable_initializer()) {
    SetOnnxExternalData("below/weights", weights.size(),
                        tensor.raw_data().size(), &tensor);
    weights += tensor.raw_data();
    tensor.clear_raw_data();
  }
  seeds->push_back(
      {"onnx_folder", "gemm", JoinFolder({file.bytes(), weights})});
}

}  // namespace

void AddForeignOnnx(std::vector<FuzzSeed>* seeds) {
  AddGemmAndClip(seeds);
  seeds->push_back({"onnx", "sizes", Sizes().bytes()});
  seeds->push_back({"onnx", "slices", Slices().bytes()});
  seeds->push_back({"onnx", "arrays", Arrays().bytes()});
  seeds->push_back({"onnx", "old_axes", OldAxes().bytes()});
  seeds->push_back({"onnx", "numbers", Numbers().bytes()});
  AddExternalData(seeds);
}

}  // namespace espalier
