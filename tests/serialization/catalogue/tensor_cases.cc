// Tensors whose shapes, types or bytes lie.
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/serialization/catalogue/catalogue.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

constexpr int64_t kOne = 1;

// Parameter w, f32[2], with other dimensions.
void Dims(HostileCases* cases, int number, const std::vector<int64_t>& dims,
          absl::StatusCode code, const std::string& message) {
  cases->Sample(
      number, [dims](v1::Model* m) { SetDims(ValueOf(m, "w"), dims); }, code,
      message);
}

onnx::TensorProto* Weight(OnnxFile* file) {
  return file->model.mutable_graph()->mutable_initializer(0);
}

// Initializer w, f32[2, 3], with other dimensions.
void OnnxDims(HostileCases* cases, int number, const std::vector<int64_t>& dims,
              const std::string& message) {
  cases->Network(
      number,
      [dims](OnnxFile* file) {
        Weight(file)->clear_dims();
        for (const int64_t dim : dims) Weight(file)->add_dims(dim);
      },
      kInvalid, absl::StrCat("initializer 'w': ", message));
}

void Shapes(HostileCases* cases) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  Dims(cases, 36, {kOne << 31, kOne << 31}, kInvalid,
       "value of 'w': dimension 0 of the shape is 2147483648");
  Dims(cases, 36, {0, 2147483647, 2147483647}, kInvalid, "elements");
  OnnxDims(cases, 36, {kOne << 31, kOne << 31}, "dimension 0");
  Dims(cases, 37, {(kOne << 62) + 1, 4}, kInvalid, "dimension 0");
  Dims(cases, 37, {65536, 65536, 65536}, kInvalid, "elements");
  OnnxDims(cases, 37, {65536, 65536, 65536}, "");
  Dims(cases, 38, {kOne << 39}, kInvalid, "dimension 0");
  Dims(cases, 38, {1 << 20, 1 << 20}, kInvalid,
       "has 8 bytes: expected 4398046511104");
  OnnxDims(cases, 38, {1 << 20, 1 << 20},
           "a tensor of shape [1048576, 1048576] has 24 bytes: expected "
           "1099511627776 elements of 4 bytes");
  Dims(cases, 39, {-1}, kInvalid, "dimension 0 of a tensor is -1");
  Dims(cases, 39, {-2}, kInvalid, "dimension 0");
  Dims(cases, 39, {2, -1}, kInvalid, "dimension 1");
  OnnxDims(cases, 39, {-1, 3}, "dimension 0 is -1");
  OnnxDims(cases, 39, {-2, -3}, "dimension 0");
  OnnxDims(cases, 39, {3, -2}, "dimension 1");
  Dims(cases, 40, {kLeast}, kInvalid, "dimension 0");
  OnnxDims(cases, 40, {kLeast, 3}, "dimension 0");
  Dims(cases, 41, {0}, kInvalid, "has 8 bytes: expected 0");
  cases->Sample(
      41,
      [](v1::Model* m) {
        m->set_tensor_data(static_cast<int>(ValueOf(m, "w")->data()), "");
      },
      kInvalid, "a tensor of shape [2] has 0 bytes: expected 8");
  OnnxDims(cases, 41, {0, 3}, "a tensor of shape [0, 3] has 24 bytes");
  cases->Network(
      41, [](OnnxFile* f) { Weight(f)->clear_raw_data(); }, kInvalid,
      "initializer 'w': a tensor of shape [2, 3] has 0 elements");
  // A scalar is a tensor: the sample has two.
  cases->Sample(
      42, [](v1::Model*) {}, kGood, "");
  Dims(cases, 42, {}, kInvalid, "has 8 bytes: expected 4");
  Dims(cases, 42, std::vector<int64_t>(13, 1), kInvalid,
       "more than 12 dimensions");
  Dims(cases, 42, std::vector<int64_t>(1000000, 1), kInvalid,
       "more than 12 dimensions");
  OnnxDims(cases, 42, {}, "a tensor of shape [] has 24 bytes");
  OnnxDims(cases, 42, std::vector<int64_t>(13, 1),
           "shape has more than 12 dimensions");
  cases->Sample(
      42,
      [](v1::Model* m) {
        SetDims(AttributeOf(NodeOf(m, "y"), "table")->mutable_tensor(), {1});
      },
      kInvalid, "node 'y' (mix): attribute 'table': a tensor of shape [1]");
  Dims(cases, 43, {3}, kInvalid, "has 8 bytes: expected 12");
  cases->Network(
      43, [](OnnxFile* f) { Weight(f)->mutable_raw_data()->pop_back(); },
      kInvalid, "has 23 bytes: expected 6 elements of 4 bytes");
  OnnxDims(cases, 43, {2, 4},
           "a tensor of shape [2, 4] has 24 bytes: expected 8 elements");
  Dims(cases, 44, {1}, kInvalid, "has 8 bytes: expected 4");
  OnnxDims(cases, 44, {2},
           "a tensor of shape [2] has 24 bytes: expected 2 elements");
  cases->Network(
      44, [](OnnxFile* f) { Weight(f)->mutable_raw_data()->push_back(1); },
      kInvalid, "has 25 bytes: expected 6 elements of 4 bytes");
}

void Elements(HostileCases* cases) {
  constexpr float kNumbers[] = {
      std::numeric_limits<float>::quiet_NaN(),
      std::numeric_limits<float>::signaling_NaN(),
      std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(),
      std::numeric_limits<float>::denorm_min(),
      -0.0f,
  };
  for (const float number : kNumbers) {
    std::string bytes;
    AppendLittle(&bytes, number);
    bytes += bytes;
    cases->Sample(
        49,
        [bytes](v1::Model* m) {
          m->set_tensor_data(static_cast<int>(ValueOf(m, "w")->data()), bytes);
        },
        kGood, "");
    cases->Network(
        49,
        [bytes](OnnxFile* f) {
          Weight(f)->mutable_raw_data()->replace(0, 8, bytes);
        },
        kGood, "");
  }
  for (int length = 0; length < 8; ++length) {
    cases->Sample(
        50,
        [length](v1::Model* m) { m->set_producer(std::string(length, 'p')); },
        kGood, "");
    cases->Network(
        50,
        [length](OnnxFile* f) {
          f->model.set_producer_name(std::string(length, 'p'));
        },
        kGood, "");
  }
}

void Types(HostileCases* cases) {
  cases->Network(
      45, [](OnnxFile* f) { Weight(f)->add_float_data(1); }, kInvalid,
      "elements in two places");
  cases->Network(
      45,
      [](OnnxFile* f) {
        Weight(f)->clear_raw_data();
        for (int i = 0; i < 6; ++i) Weight(f)->add_int32_data(i);
      },
      kInvalid, "elements of another type");
  cases->Sample(
      46,
      [](v1::Model* m) {
        ValueOf(m, "w")->set_dtype(v1::DATA_TYPE_UNSPECIFIED);
      },
      kInvalid, "data type 0 of a tensor");
  cases->SampleNode(
      46, "x",
      [](v1::Node* x) { x->mutable_attributes(0)->set_string_value("f64"); },
      kInvalid, "node 'x' (input): unknown data type 'f64'");
  for (const int type : {0, 8, 12345, -1}) {
    cases->Network(
        46, [type](OnnxFile* f) { Weight(f)->set_data_type(type); },
        kUnimplemented,
        absl::StrCat("elements of type ", type, " are not read"));
  }
  cases->Sample(
      47, [](v1::Model* m) { ValueOf(m, "w")->set_dtype(v1::I32); }, kInvalid,
      "node 'w' (parameter) has type f32[2], its value has i32[2]");
  cases->SampleNode(
      47, "steps",
      [](v1::Node* node) {
        node->mutable_attributes(0)->set_string_value("f32");
      },
      kInvalid,
      "update of node 'steps' (state): expected a value of type f32[], found "
      "i32[]");
  Dims(cases, 47, {1, 2}, kInvalid,
       "node 'w' (parameter) has type f32[2], its value has f32[1, 2]");
  cases->Network(
      47, [](OnnxFile* f) { Weight(f)->set_data_type(6); }, kInvalid,
      "elements are INT32: expected numbers of floating point");
}

}  // namespace

HostileCases TensorCases() {
  HostileCases cases;
  Shapes(&cases);
  Types(&cases);
  Elements(&cases);
  // An input has no bytes: what it may be is limited, and a plan over it is
  // refused for its memory.
  cases.SampleNode(
      51, "x",
      [](v1::Node* x) {
        auto* shape = AttributeOf(x, "shape")->mutable_int_list();
        shape->set_values(1, kOne << 40);
      },
      kInvalid, "node 'x' (input): attribute 'shape'");
  cases.SampleNode(
      51, "w",
      [](v1::Node* w) {
        auto* shape = AttributeOf(w, "shape")->mutable_int_list();
        shape->set_values(0, kOne << 40);
      },
      kInvalid, "node 'w' (parameter): attribute 'shape'");
  const auto columns = [](int64_t count) {
    return [count](OnnxFile* f) {
      f->model.mutable_graph()
          ->mutable_input(0)
          ->mutable_type()
          ->mutable_tensor_type()
          ->mutable_shape()
          ->mutable_dim(1)
          ->set_dim_value(count);
    };
  };
  cases.Network(51, columns(kOne << 50), kInvalid, "input 'x'");
  cases.Network(51, columns(-3), kUnimplemented,
                "input 'x': dimension 1 is not fixed");
  // Sparse initializers are a field of the graph that is not read, so that what
  // reads one finds none.
  cases.Network(
      52,
      [](OnnxFile* f) {
        onnx::GraphProto* graph = f->model.mutable_graph();
        const std::string sparse = Field(1, Weight(f)->SerializeAsString());
        graph->mutable_initializer()->DeleteSubrange(0, 1);
        graph->GetReflection()->MutableUnknownFields(graph)->AddLengthDelimited(
            15, sparse);
      },
      kInvalid, "reads 'w', which nothing before it gives");
  cases.Network(
      52, [](OnnxFile* f) { f->last_node().set_op_type("QuantizeLinear"); },
      kUnimplemented, "QuantizeLinear");
  return cases;
}

}  // namespace espalier
