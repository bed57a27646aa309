// Attributes: an op's parameters as names and values, for printing and saving.
// Inside an op they are typed members.
#ifndef ESPALIER_GRAPH_ATTRIBUTES_H_
#define ESPALIER_GRAPH_ATTRIBUTES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/variant.h"
#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

using AttributeValue = absl::variant<bool, int64_t, float, std::string,
                                     std::vector<int64_t>, Tensor>;

struct Attribute {
  std::string name;
  AttributeValue value;
};

// In the op's own fixed order.
using Attributes = std::vector<Attribute>;

// "bool", "int64", "float", "string", "int64 list" or "tensor".
absl::string_view AttributeTypeName(const AttributeValue& value);

// Takes attributes apart for a factory. The first problem sticks and is told
// by Finish(), as is an attribute that nobody asked for:
//   AttributeReader reader(attributes);
//   float slope = reader.Float("slope");
//   RETURN_IF_ERROR(reader.Finish());
class AttributeReader {
 public:
  // `attributes` must outlive the reader.
  explicit AttributeReader(const Attributes& attributes);

  bool Bool(absl::string_view name);
  int64_t Int(absl::string_view name);
  float Float(absl::string_view name);
  std::string String(absl::string_view name);
  std::vector<int64_t> IntList(absl::string_view name);
  Tensor TensorValue(absl::string_view name);
  // An int64 list as a shape, validated; kBatch (-1) may lead.
  Shape ShapeValue(absl::string_view name);

  // The first problem so far.
  const absl::Status& status() const { return status_; }
  absl::Status Finish() const;

 private:
  template <typename T>
  T Get(absl::string_view name);

  const Attributes& attributes_;
  std::vector<bool> used_;
  absl::Status status_;
};

}  // namespace espalier

#endif  // ESPALIER_GRAPH_ATTRIBUTES_H_
