#include "serialization/onnx/fold.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "serialization/onnx/array.h"

namespace espalier {
namespace {

using onnx::TensorProto;

using Arrays = std::vector<const OnnxArray*>;

absl::Status Overflow() {
  return absl::InvalidArgumentError("an integer overflows");
}

absl::Status BatchError() {
  return absl::UnimplementedError(
      "a size depends on the batch N and is no multiple of it");
}

absl::StatusOr<OnnxSize> Checked(bool overflow, int64_t factor, int64_t batch) {
  if (overflow) return Overflow();
  return OnnxSize{factor, factor == 0 ? 0 : batch};
}

absl::StatusOr<OnnxSize> AddSizes(const OnnxSize& a, const OnnxSize& b) {
  if (a.batch != b.batch && a.factor != 0 && b.factor != 0) return BatchError();
  int64_t sum = 0;
  const bool overflow = __builtin_add_overflow(a.factor, b.factor, &sum);
  return Checked(overflow, sum, std::max(a.batch, b.batch));
}

absl::StatusOr<OnnxSize> SubSizes(const OnnxSize& a, const OnnxSize& b) {
  if (a.batch != b.batch && a.factor != 0 && b.factor != 0) return BatchError();
  int64_t difference = 0;
  const bool overflow = __builtin_sub_overflow(a.factor, b.factor, &difference);
  return Checked(overflow, difference, std::max(a.batch, b.batch));
}

absl::StatusOr<OnnxSize> MulSizes(const OnnxSize& a, const OnnxSize& b) {
  if (a.batch + b.batch > 1) return BatchError();
  int64_t product = 0;
  const bool overflow = __builtin_mul_overflow(a.factor, b.factor, &product);
  return Checked(overflow, product, a.batch + b.batch);
}

// Toward zero.
absl::StatusOr<OnnxSize> DivSizes(const OnnxSize& a, const OnnxSize& b) {
  if (b.factor == 0) return absl::InvalidArgumentError("a division by 0");
  if (a.batch < b.batch) return BatchError();
  if (b.factor == -1) return SubSizes({0, 0}, {a.factor, a.batch - b.batch});
  if (a.batch > 0 && a.factor % b.factor != 0) return BatchError();
  return Checked(false, a.factor / b.factor, a.batch - b.batch);
}

absl::StatusOr<OnnxSize> MaxSize(const OnnxSize& a, const OnnxSize& b) {
  if (a.batch != b.batch) return BatchError();
  return OnnxSize{std::max(a.factor, b.factor), a.batch};
}

absl::StatusOr<OnnxSize> MinSize(const OnnxSize& a, const OnnxSize& b) {
  if (a.batch != b.batch) return BatchError();
  return OnnxSize{std::min(a.factor, b.factor), a.batch};
}

// N is at least 0: a positive multiple of it is no negative number.
absl::StatusOr<OnnxSize> EqualSizes(const OnnxSize& a, const OnnxSize& b) {
  if (a == b) return OnnxSize{1, 0};
  const OnnxSize& multiple = a.batch > 0 ? a : b;
  const OnnxSize& number = a.batch > 0 ? b : a;
  if (multiple.batch == 0) return OnnxSize{0, 0};
  if (number.batch == 0 && number.factor != 0 &&
      (multiple.factor > 0) == (number.factor < 0)) {
    return OnnxSize{0, 0};
  }
  return BatchError();
}

absl::StatusOr<OnnxSize> LessSizes(const OnnxSize& a, const OnnxSize& b) {
  if (a.batch != b.batch) return BatchError();
  // Of an empty batch all multiples are equal.
  if (a.batch > 0 && a.factor < b.factor) return BatchError();
  return OnnxSize{a.factor < b.factor ? 1 : 0, 0};
}

absl::StatusOr<OnnxSize> GreaterSizes(const OnnxSize& a, const OnnxSize& b) {
  return LessSizes(b, a);
}

absl::StatusOr<OnnxSize> AndBools(const OnnxSize& a, const OnnxSize& b) {
  return OnnxSize{a.factor & b.factor, 0};
}

absl::StatusOr<OnnxSize> OrBools(const OnnxSize& a, const OnnxSize& b) {
  return OnnxSize{a.factor | b.factor, 0};
}

float AddFloats(float a, float b) { return a + b; }
float SubFloats(float a, float b) { return a - b; }
float MulFloats(float a, float b) { return a * b; }
float DivFloats(float a, float b) { return a / b; }

struct BinaryRow {
  absl::string_view op_type;
  absl::StatusOr<OnnxSize> (*sizes)(const OnnxSize& a, const OnnxSize& b);
  float (*floats)(float a, float b);  // null: of integers only
  bool of_bools;                      // takes BOOL, and only that
  bool to_bool;
};

constexpr BinaryRow kBinaryRows[] = {
    {"Add", AddSizes, AddFloats, false, false},
    {"And", AndBools, nullptr, true, true},
    {"Div", DivSizes, DivFloats, false, false},
    {"Equal", EqualSizes, nullptr, false, true},
    {"Greater", GreaterSizes, nullptr, false, true},
    {"Less", LessSizes, nullptr, false, true},
    {"Max", MaxSize, nullptr, false, false},
    {"Min", MinSize, nullptr, false, false},
    {"Mul", MulSizes, MulFloats, false, false},
    {"Or", OrBools, nullptr, true, true},
    {"Sub", SubSizes, SubFloats, false, false},
};

// Calls visit(i, places in each of the arrays) for the elements of all arrays
// stretched to `shape`; stops at an error.
template <typename Visit>
absl::Status ForEachStretched(const Arrays& arrays, const Shape& shape,
                              const Visit& visit) {
  std::vector<std::vector<int64_t>> strides;
  for (const OnnxArray* array : arrays) {
    strides.push_back(BroadcastStrides(array->shape(), shape));
  }
  std::vector<int64_t> at(static_cast<size_t>(shape.rank()), 0);
  std::vector<int64_t> places(arrays.size(), 0);
  const int64_t elements = shape.num_elements();
  for (int64_t i = 0; i < elements; ++i) {
    RETURN_IF_ERROR(visit(i, absl::MakeConstSpan(places)));
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const auto a = static_cast<size_t>(axis);
      const bool more = ++at[a] < shape.dim(axis);
      for (size_t k = 0; k < arrays.size(); ++k) {
        places[k] += strides[k][a] * (more ? 1 : 1 - shape.dim(axis));
      }
      if (more) break;
      at[a] = 0;
    }
  }
  return absl::OkStatus();
}

// The shape of all stretched together; bytes for it, and for reading the
// arrays, are charged.
absl::StatusOr<Shape> Stretched(OnnxNodeReader& node, const Arrays& arrays,
                                bool floats) {
  Shape shape;
  int64_t read = 0;
  for (const OnnxArray* array : arrays) {
    ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, array->shape()));
    read = std::max(read, array->num_elements());
  }
  RETURN_IF_ERROR(shape.Validate());
  RETURN_IF_ERROR(node.graph().Charge(
      std::max(read, shape.num_elements()) *
      static_cast<int64_t>(floats ? sizeof(float) : sizeof(OnnxSize))));
  return shape;
}

float Float32At(const OnnxArray& array, int64_t i) {
  return static_cast<float>(array.FloatAt(i));
}

void SetFloat(OnnxArray& array, int64_t i, float value) {
  std::memcpy(array.mutable_bytes() + static_cast<size_t>(i) * sizeof(value),
              &value, sizeof(value));
}

// `sizes` as the elements of the type, in whose range they must be.
absl::Status SetIntegers(OnnxNodeReader& node, OnnxArray sizes, int type) {
  if (type == TensorProto::INT64 || type == TensorProto::INT32) {
    for (int64_t i = 0; type == TensorProto::INT32 && i < sizes.num_elements();
         ++i) {
      const int64_t factor = sizes.SizeAt(i).factor;
      if (factor != static_cast<int32_t>(factor)) return Overflow();
    }
    return node.SetResult(std::move(sizes));
  }
  OnnxArray bools(TensorProto::BOOL, sizes.shape());
  for (int64_t i = 0; i < sizes.num_elements(); ++i) {
    bools.mutable_bytes()[i] = static_cast<char>(sizes.SizeAt(i).factor);
  }
  return node.SetResult(std::move(bools));
}

absl::Status CheckOneType(const Arrays& arrays) {
  for (const OnnxArray* array : arrays) {
    if (array->type() == arrays[0]->type()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("inputs are ", OnnxTypeName(arrays[0]->type()), " and ",
                     OnnxTypeName(array->type()), ": expected one type"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> FoldBinary(OnnxNodeReader& node, const BinaryRow& row,
                                const Arrays& arrays) {
  RETURN_IF_ERROR(CheckOneType(arrays));
  const int type = arrays[0]->type();
  const bool floats = type == TensorProto::FLOAT;
  if (floats && row.floats == nullptr) return false;
  if (arrays.size() != 2 || node.opset() < 7) return false;
  if ((type == TensorProto::BOOL) != row.of_bools && row.op_type != "Equal") {
    return absl::InvalidArgumentError(
        absl::StrCat("input 0 is ", OnnxTypeName(type)));
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Shape shape, Stretched(node, arrays, floats));
  if (floats) {
    OnnxArray y(TensorProto::FLOAT, shape);
    RETURN_IF_ERROR(ForEachStretched(
        arrays, shape, [&](int64_t i, absl::Span<const int64_t> at) {
          SetFloat(y, i,
                   row.floats(Float32At(*arrays[0], at[0]),
                              Float32At(*arrays[1], at[1])));
          return absl::OkStatus();
        }));
    RETURN_IF_ERROR(node.SetResult(std::move(y)));
    return true;
  }
  OnnxArray y = OnnxArray::OfSizes(
      shape, type == TensorProto::INT32 ? type : TensorProto::INT64);
  RETURN_IF_ERROR(ForEachStretched(
      arrays, shape,
      [&](int64_t i, absl::Span<const int64_t> at) -> absl::Status {
        ASSIGN_OR_RETURN(
            const OnnxSize size,
            row.sizes(arrays[0]->SizeAt(at[0]), arrays[1]->SizeAt(at[1])));
        y.SetSize(i, size);
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(
      SetIntegers(node, std::move(y), row.to_bool ? TensorProto::BOOL : type));
  return true;
}

absl::StatusOr<bool> FoldWhere(OnnxNodeReader& node, const Arrays& arrays) {
  if (arrays.size() != 3 || arrays[0]->type() != TensorProto::BOOL) {
    return absl::InvalidArgumentError("expected a condition of BOOL");
  }
  RETURN_IF_ERROR(CheckOneType({arrays[1], arrays[2]}));
  RETURN_IF_ERROR(node.FinishAttributes());
  const int type = arrays[1]->type();
  const bool floats = type == TensorProto::FLOAT;
  ASSIGN_OR_RETURN(const Shape shape, Stretched(node, arrays, floats));
  OnnxArray y = floats ? OnnxArray(type, shape)
                       : OnnxArray::OfSizes(shape, type == TensorProto::INT32
                                                       ? type
                                                       : TensorProto::INT64);
  RETURN_IF_ERROR(ForEachStretched(
      arrays, shape, [&](int64_t i, absl::Span<const int64_t> at) {
        const size_t from = arrays[0]->IntAt(at[0]) != 0 ? 1 : 2;
        if (floats) {
          SetFloat(y, i, Float32At(*arrays[from], at[from]));
        } else {
          y.SetSize(i, arrays[from]->SizeAt(at[from]));
        }
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(floats ? node.SetResult(std::move(y))
                         : SetIntegers(node, std::move(y), type));
  return true;
}

absl::StatusOr<bool> FoldUnary(OnnxNodeReader& node, const Arrays& arrays) {
  const absl::string_view op = node.op_type();
  const OnnxArray& x = *arrays[0];
  const int type = x.type();
  const bool floats = type == TensorProto::FLOAT;
  const bool rounds = op == "Ceil" || op == "Floor";
  if (arrays.size() != 1 || (op == "Not") != (type == TensorProto::BOOL) ||
      (rounds && !floats)) {
    return absl::InvalidArgumentError(
        absl::StrCat("input 0 is ", OnnxTypeName(type)));
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Shape shape, Stretched(node, arrays, floats));
  if (floats) {
    OnnxArray y(type, shape);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const float value = Float32At(x, i);
      SetFloat(y, i,
               !rounds        ? -value
               : op == "Ceil" ? std::ceil(value)
                              : std::floor(value));
    }
    RETURN_IF_ERROR(node.SetResult(std::move(y)));
    return true;
  }
  OnnxArray y = OnnxArray::OfSizes(
      shape, type == TensorProto::INT32 ? type : TensorProto::INT64);
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    const absl::StatusOr<OnnxSize> size = op == "Not"
                                              ? OnnxSize{1 - x.IntAt(i), 0}
                                              : SubSizes({0, 0}, x.SizeAt(i));
    RETURN_IF_ERROR(size.status());
    y.SetSize(i, *size);
  }
  RETURN_IF_ERROR(SetIntegers(node, std::move(y), type));
  return true;
}

// start, start + step, ... before the limit.
absl::StatusOr<bool> FoldRange(OnnxNodeReader& node, const Arrays& arrays) {
  RETURN_IF_ERROR(CheckOneType(arrays));
  const int type = arrays[0]->type();
  if (arrays.size() != 3 || type == TensorProto::FLOAT ||
      type == TensorProto::BOOL) {
    return absl::UnimplementedError(
        absl::StrCat("input 0 is ", OnnxTypeName(type),
                     ": expected start, limit and step of integers"));
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  int64_t numbers[3];
  for (size_t i = 0; i < 3; ++i) {
    if (arrays[i]->num_elements() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " is no number"));
    }
    const OnnxSize size = arrays[i]->SizeAt(0);
    if (size.batch != 0) return BatchError();
    numbers[i] = size.factor;
  }
  const int64_t step = numbers[2];
  if (step == 0) return absl::InvalidArgumentError("the step is 0");
  int64_t length = 0;
  // The least number has no positive one to be divided into.
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  if (__builtin_sub_overflow(numbers[1], numbers[0], &length) ||
      length == kLeast || step == kLeast) {
    return Overflow();
  }
  int64_t count = length / step + (length % step != 0 ? 1 : 0);
  if (length == 0 || (length > 0) != (step > 0)) count = 0;
  const Shape shape({count});
  RETURN_IF_ERROR(shape.Validate());
  const absl::optional<int64_t> bytes = CheckedMul(count, sizeof(OnnxSize));
  RETURN_IF_ERROR(node.graph().Charge(*bytes));
  OnnxArray y = OnnxArray::OfSizes(shape, type);
  for (int64_t i = 0; i < count; ++i) y.SetSize(i, {numbers[0] + i * step, 0});
  RETURN_IF_ERROR(SetIntegers(node, std::move(y), type));
  return true;
}

// The product of all elements.
absl::StatusOr<bool> FoldReduceProd(OnnxNodeReader& node,
                                    const Arrays& arrays) {
  const OnnxArray& x = *arrays[0];
  const bool keep = node.Int("keepdims", 1) != 0;
  std::vector<int64_t> axes;
  if (node.opset() < 18) {
    axes = node.Ints("axes").value_or(std::vector<int64_t>());
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  if (node.has_input(1)) {
    ASSIGN_OR_RETURN(axes, node.ConstantInts(1));
  }
  ASSIGN_OR_RETURN(axes, NormalizedAxes(axes, x.shape().rank()));
  if (!x.is_integral() || x.type() == TensorProto::BOOL ||
      static_cast<int>(axes.size()) != x.shape().rank()) {
    return absl::UnimplementedError(
        "expected integers, and a product over all axes");
  }
  RETURN_IF_ERROR(
      node.graph().Charge(x.num_elements() * static_cast<int64_t>(x.width())));
  OnnxSize product = {1, 0};
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    ASSIGN_OR_RETURN(product, MulSizes(product, x.SizeAt(i)));
  }
  OnnxArray y =
      OnnxArray::OfSizes(ReducedShape(x.shape(), axes, keep), x.type());
  y.SetSize(0, product);
  RETURN_IF_ERROR(SetIntegers(node, std::move(y), x.type()));
  return true;
}

struct OtherRow {
  absl::string_view op_type;
  absl::StatusOr<bool> (*fold)(OnnxNodeReader& node, const Arrays& arrays);
  int since = 1;  // the first opset that has it
};

constexpr OtherRow kOtherRows[] = {
    {"Ceil", FoldUnary},      {"Floor", FoldUnary},
    {"Neg", FoldUnary},       {"Not", FoldUnary},
    {"Range", FoldRange, 11}, {"ReduceProd", FoldReduceProd},
    {"Where", FoldWhere, 9},
};

template <typename Row, size_t kCount>
const Row* FindRow(const Row (&rows)[kCount], absl::string_view op_type) {
  for (const Row& row : rows) {
    if (row.op_type == op_type) return &row;
  }
  return nullptr;
}

bool IsFolded(int type) {
  return type == TensorProto::FLOAT || type == TensorProto::INT32 ||
         type == TensorProto::INT64 || type == TensorProto::BOOL;
}

}  // namespace

absl::optional<int> OnnxFoldSince(absl::string_view op_type) {
  if (FindRow(kBinaryRows, op_type) != nullptr) return 1;
  const OtherRow* other = FindRow(kOtherRows, op_type);
  if (other == nullptr) return absl::nullopt;
  return other->since;
}

absl::StatusOr<bool> FoldOnnxNode(OnnxNodeReader& node) {
  const BinaryRow* binary = FindRow(kBinaryRows, node.op_type());
  const OtherRow* other = FindRow(kOtherRows, node.op_type());
  if (binary == nullptr && other == nullptr) return false;
  Arrays arrays;
  for (int i = 0; i < node.num_inputs(); ++i) {
    ASSIGN_OR_RETURN(const OnnxArray* const array, node.array(i));
    if (array == nullptr || !IsFolded(array->type())) return false;
    arrays.push_back(array);
  }
  if (arrays.empty()) return false;
  RETURN_IF_ERROR(node.CheckArity(1, 3));
  return binary != nullptr ? FoldBinary(node, *binary, arrays)
                           : other->fold(node, arrays);
}

}  // namespace espalier
