#include "graph/shape.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/check.h"
#include "graph/planted_bug.h"
#include "graph/status.h"

namespace espalier {

absl::string_view DataTypeName(DataType dtype) {
  return dtype == DataType::kF32 ? "f32" : "i32";
}

absl::StatusOr<DataType> ParseDataType(absl::string_view name) {
  if (name == "f32") return DataType::kF32;
  if (name == "i32") return DataType::kI32;
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown data type ", Quoted(name), ": expected f32 or i32"));
}

absl::optional<int64_t> CheckedMul(int64_t a, int64_t b) {
  int64_t product;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product)) {
    return absl::nullopt;
  }
  return product;
}

Shape::Shape(std::initializer_list<int64_t> dims)
    : Shape(absl::MakeConstSpan(dims.begin(), dims.size())) {}

Shape::Shape(absl::Span<const int64_t> dims)
    : rank_(static_cast<int>(std::min<size_t>(dims.size(), kMaxRank + 1))) {
  std::copy_n(dims.begin(), rank_, dims_.begin());
}

Shape Shape::Bind(int64_t batch) const {
  Shape bound = *this;
  if (has_symbolic_batch()) bound.dims_[0] = batch;
  return bound;
}

int64_t Shape::num_elements() const {
  ESPALIER_CHECK(!has_symbolic_batch());
  int64_t product = 1;
  for (int64_t dim : dims()) product *= dim;
  return product;
}

absl::Status Shape::Validate() const {
  if (rank_ > kMaxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape has more than ", kMaxRank, " dimensions"));
  }
  int64_t elements = 1;
  for (int i = 0; i < rank_; ++i) {
    if (i == 0 && dims_[0] == kBatch) continue;
    if (dims_[i] < 0 || dims_[i] > kMaxDimension) {
      return absl::InvalidArgumentError(
          absl::StrCat("dimension ", i, " of the shape is ", dims_[i],
                       ": expected 0 to ", kMaxDimension));
    }
    // Zero sizes do not excuse the others: [0, 2^31 - 1, 2^31 - 1] is refused.
    absl::optional<int64_t> product =
        CheckedMul(elements, std::max<int64_t>(dims_[i], 1));
    if (!product.has_value() || (*product > kMaxElements && !PlantedBug(9))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shape ", ToString(), " has more than ", kMaxElements, " elements"));
    }
    elements = *product;
  }
  return absl::OkStatus();
}

std::string Shape::ToString() const {
  return absl::StrCat("[",
                      absl::StrJoin(dims(), ", ",
                                    [](std::string* out, int64_t dim) {
                                      if (dim == kBatch) {
                                        absl::StrAppend(out, "N");
                                      } else {
                                        absl::StrAppend(out, dim);
                                      }
                                    }),
                      "]");
}

std::vector<int64_t> DimsOf(const Shape& shape) {
  return {shape.dims().begin(), shape.dims().end()};
}

std::string TensorType::ToString() const {
  return absl::StrCat(DataTypeName(dtype), shape.ToString());
}

absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<int64_t, kMaxRank + 1> dims{};
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank());
    const int ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a.dim(ia);
    const int64_t db = ib < 0 ? 1 : b.dim(ib);
    if (da != db && da != 1 && db != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("shapes ", a.ToString(), " and ", b.ToString(),
                       " do not broadcast together"));
    }
    // The batch may not move from the front: [N] against [4, 1] is refused.
    if (i > 0 && (da == kBatch || db == kBatch)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shapes ", a.ToString(), " and ", b.ToString(),
          " do not broadcast together: the batch N would not stay in front"));
    }
    dims[i] = da == 1 ? db : da;
  }
  return Shape(absl::MakeConstSpan(dims.data(), rank));
}

}  // namespace espalier
