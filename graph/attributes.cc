#include "graph/attributes.h"

#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"

namespace espalier {

absl::string_view AttributeTypeName(const AttributeValue& value) {
  constexpr absl::string_view kNames[] = {"bool",   "int64",      "float",
                                          "string", "int64 list", "tensor"};
  return kNames[value.index()];
}

AttributeReader::AttributeReader(const Attributes& attributes)
    : attributes_(attributes), used_(attributes.size(), false) {}

template <typename T>
T AttributeReader::Get(absl::string_view name) {
  for (size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].name != name) continue;
    if (used_[i]) {
      status_.Update(absl::InvalidArgumentError(
          absl::StrCat("attribute ", Quoted(name), " is asked for twice")));
      return T();
    }
    used_[i] = true;
    if (PlantedBug(12)) return absl::get<T>(attributes_[i].value);
    if (const T* value = absl::get_if<T>(&attributes_[i].value)) return *value;
    status_.Update(absl::InvalidArgumentError(
        absl::StrCat("attribute ", Quoted(name), " is of type ",
                     AttributeTypeName(attributes_[i].value), ": expected ",
                     AttributeTypeName(AttributeValue(T())))));
    return T();
  }
  status_.Update(absl::InvalidArgumentError(
      absl::StrCat("attribute ", Quoted(name), " is missing")));
  return T();
}

bool AttributeReader::Bool(absl::string_view name) { return Get<bool>(name); }
int64_t AttributeReader::Int(absl::string_view name) {
  return Get<int64_t>(name);
}
float AttributeReader::Float(absl::string_view name) {
  return Get<float>(name);
}
std::string AttributeReader::String(absl::string_view name) {
  return Get<std::string>(name);
}
std::vector<int64_t> AttributeReader::IntList(absl::string_view name) {
  return Get<std::vector<int64_t>>(name);
}
Tensor AttributeReader::TensorValue(absl::string_view name) {
  return Get<Tensor>(name);
}

Shape AttributeReader::ShapeValue(absl::string_view name) {
  const Shape shape(Get<std::vector<int64_t>>(name));
  const absl::Status valid = shape.Validate();
  if (valid.ok()) return shape;
  status_.Update(Annotate(valid, absl::StrCat("attribute ", Quoted(name))));
  return Shape();
}

absl::Status AttributeReader::Finish() const {
  if (!status_.ok()) return status_;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute ", Quoted(attributes_[i].name),
                       " is unknown or repeated"));
    }
  }
  return absl::OkStatus();
}

}  // namespace espalier
