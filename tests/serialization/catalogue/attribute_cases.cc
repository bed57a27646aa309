// Operators and their attributes.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dropout.h"
#include "ops/gates.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "tests/serialization/catalogue/catalogue.h"

namespace espalier {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

using Change = std::function<void(v1::Node*)>;

Change SetInts(const std::string& name, const std::vector<int64_t>& values) {
  return [name, values](v1::Node* node) {
    AttributeOf(node, name)
        ->mutable_int_list()
        ->mutable_values()
        ->Assign(values.begin(), values.end());
  };
}
Change SetInt(const std::string& name, int64_t value) {
  return [name, value](v1::Node* node) {
    AttributeOf(node, name)->set_int_value(value);
  };
}
Change SetFloat(const std::string& name, float value) {
  return [name, value](v1::Node* node) {
    AttributeOf(node, name)->set_float_value(value);
  };
}

void Kinds(HostileCases* cases) {
  const auto kind = [cases](const std::string& kind,
                            const std::string& message) {
    cases->SampleNode(
        71, "y", [kind](v1::Node* y) { y->set_kind(kind); }, kUnimplemented,
        message);
  };
  kind("conv2d", "node 'y' (conv2d): op kind 'conv2d' is unknown");
  kind("", "op kind '' is unknown");
  kind("\x1B[2J", "node 'y' (\\033[2J): op kind '\\033[2J' is unknown");
  cases->SampleNode(
      71, "y", [](v1::Node* y) { y->set_kind("input"); }, kInvalid,
      "node 'y' (input): ");
  for (const std::string type : {"Conv", "Loop", "nothing", ""}) {
    cases->Network(
        71, [type](OnnxFile* f) { f->last_node().set_op_type(type); },
        kUnimplemented, absl::StrCat("'", type, "'"));
  }
  cases->Network(
      72, [](OnnxFile* f) { f->last_node().set_domain("com.microsoft"); },
      kUnimplemented, "'com.microsoft'");
}

void Names(HostileCases* cases) {
  cases->SampleNode(
      73, "y", [](v1::Node* y) { y->mutable_attributes()->RemoveLast(); },
      kInvalid, "node 'y' (mix): attribute 'table' is missing");
  cases->SampleNode(
      73, "y", [](v1::Node* y) { y->mutable_attributes(1)->set_name("size"); },
      kInvalid, "attribute 'count' is missing");
  cases->SampleNode(
      73, "y", [](v1::Node* y) { y->mutable_attributes(2)->clear_value(); },
      kInvalid, "attribute 'factor': has no value");
  cases->SampleNode(
      74, "y", [](v1::Node* y) { y->mutable_attributes(0)->set_int_value(1); },
      kInvalid, "attribute 'flag' is of type int64: expected bool");
  cases->Network(
      74,
      [](OnnxFile* f) {
        f->last_node().mutable_attribute(0)->set_type(
            onnx::AttributeProto::INT);
      },
      kInvalid, "attribute 'alpha' has type 2: expected 1");
  cases->SampleNode(
      75, "y", [](v1::Node* y) { *y->add_attributes() = y->attributes(0); },
      kInvalid, "attribute 'flag' is unknown or repeated");
  cases->Network(
      75, [](OnnxFile* f) { f->SetFloat("alpha", 1); }, kInvalid,
      "attribute 'alpha' stands twice");
  cases->SampleNode(
      76, "y",
      [](v1::Node* y) {
        *y->add_attributes() = y->attributes(0);
        y->mutable_attributes(6)->set_name("more");
      },
      kInvalid, "attribute 'more' is unknown or repeated");
  cases->Network(
      76, [](OnnxFile* f) { f->SetFloat("beta", 1); }, kUnimplemented,
      "attribute 'beta' is not understood");
}

void Axes(HostileCases* cases) {
  const auto sum = [](Value x) { return Sum(x, {1}, false, "y"); };
  const auto concat = [](Value x) { return Concat({x, x}, 1, "y"); };
  for (const int64_t axis : {int64_t{3}, int64_t{-4}, kLeast}) {
    cases->Op(77, sum, SetInts("axes", {axis}), kInvalid, "node 'y' (sum): ");
    cases->Op(77, concat, SetInt("axis", axis), kInvalid,
              absl::StrCat("node 'y' (concat): axis ", axis,
                           " is not one of the 3 axes"));
    cases->Network(
        77,
        [axis](OnnxFile* f) {
          f->Node("Flatten", {"y"}, "z").Set("axis", axis).Output("z");
        },
        kInvalid, "'Flatten'");
  }
  const auto transpose = [](Value x) { return Transpose(x, {0, 2, 1}, "y"); };
  cases->Op(82, transpose, SetInts("permutation", {0, 1, 1}), kInvalid,
            "[0, 1, 1] is no permutation of the 3 axes of x");
  cases->Op(82, transpose, SetInts("permutation", {0, 1, kLeast}), kInvalid,
            "is no permutation of the 3 axes of x");
  cases->Op(82, transpose, SetInts("permutation", {0, 1}), kInvalid,
            "the permutation names 2 axes");
}

void Shapes(HostileCases* cases) {
  const auto pad = [](Value x) {
    return Pad(x, {0, 0, 1}, {0, 0, 1}, {}, "y");
  };
  for (const int64_t count : {int64_t{1} << 62, int64_t{-1}, kLeast}) {
    cases->Op(80, pad, SetInts("before", {0, 0, count}), kInvalid,
              absl::StrCat("'before' of axis 2 is ", count));
  }
  cases->Op(80, pad, SetInts("after", {0}), kInvalid, "node 'y' (pad): ");
  const auto slice = [](Value x) { return Slice(x, {2}, {0}, {3}, {1}, "y"); };
  cases->Op(78, slice, SetInts("steps", {0}), kInvalid,
            "the step along axis 2 is 0");
  cases->Op(79, slice, SetInts("ends", {4}), kInvalid,
            "axis 2 of x has 3 elements: there is no slice from 0 to 4");
  cases->Op(79, slice, SetInts("starts", {kLeast}), kInvalid,
            "there is no slice from");
  cases->Op(84, slice, SetInts("ends", {2, 3}), kInvalid, "node 'y' (slice): ");
  const auto reshape = [](Value x) { return Reshape(x, {kBatch, 6}, "y"); };
  cases->Op(81, reshape, SetInts("shape", {-1, -1}), kInvalid,
            "node 'y' (reshape): attribute 'shape'");
  cases->Op(81, reshape, SetInts("shape", {kBatch, 0}), kInvalid,
            "has 6 elements a sample, the new shape [N, 0] has 0");
  cases->Op(81, reshape, SetInts("shape", {kBatch, 5}), kInvalid,
            "has 6 elements a sample, the new shape [N, 5] has 5");
  const auto onnx_reshape = [cases](const std::vector<int64_t>& shape,
                                    absl::StatusCode code) {
    cases->Network(
        81,
        [shape](OnnxFile* f) {
          onnx::TensorProto* s =
              f->model.mutable_graph()->mutable_initializer(2);
          s->clear_int64_data();
          s->set_dims(0, static_cast<int64_t>(shape.size()));
          for (const int64_t dim : shape) s->add_int64_data(dim);
        },
        code, "'Reshape'");
  };
  onnx_reshape({-1, -1}, kInvalid);
  onnx_reshape({0, -1, 0, 0}, kInvalid);
  onnx_reshape({0, 5}, kInvalid);
  onnx_reshape({kLeast, 3}, kInvalid);
  onnx_reshape({3, -2}, kInvalid);
  for (const int64_t axis : {int64_t{2}, int64_t{-3}, kLeast}) {
    cases->Network(
        77,
        [axis](OnnxFile* f) {
          f->Node("Softmax", {"y"}, "z").Set("axis", axis).Output("z");
        },
        kInvalid, "is not one of the 2 axes of x");
  }
}

void Numbers(HostileCases* cases) {
  const auto normalize = [](Value x) {
    const Value c = x.builder()->Constant(Tensor({2}, {1, 1}));
    return BatchNormalize(x, c, c, c, c, 1e-5f, "y");
  };
  for (const float epsilon : {-1.0f, 0.0f, NAN, INFINITY}) {
    cases->Op(86, normalize, SetFloat("epsilon", epsilon), kInvalid,
              "node 'y' (batch_normalize): epsilon is ");
  }
  const auto dropout = [](Value x) {
    const Value step =
        x.builder()->Constant(Tensor({}, std::vector<int32_t>{0}));
    return Dropout(x, step, 0.5f, 0, "y");
  };
  for (const float rate : {1.0f, -0.1f, NAN}) {
    cases->Op(86, dropout, SetFloat("rate", rate), kInvalid,
              "node 'y' (dropout): rate is ");
  }
  const auto clip = [](Value x) { return Clip(x, 0, 1, "y"); };
  cases->Op(86, clip, SetFloat("lower", 2), kInvalid,
            "node 'y' (clip): lower is 2, upper is 1");
  cases->Op(86, clip, SetFloat("upper", NAN), kInvalid, "upper is nan");
  cases->Network(
      86, [](OnnxFile* f) { f->last_node().mutable_attribute(0)->set_f(NAN); },
      kInvalid, "attribute 'alpha' is not finite");
}

}  // namespace

HostileCases AttributeCases() {
  HostileCases cases;
  Kinds(&cases);
  Names(&cases);
  Axes(&cases);
  Shapes(&cases);
  Numbers(&cases);
  return cases;
}

}  // namespace espalier
