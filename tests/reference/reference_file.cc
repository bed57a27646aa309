#include "tests/reference/reference_file.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

absl::Status Malformed(absl::string_view what, absl::string_view word) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", Quoted(word)));
}

absl::StatusOr<double> ReadNumber(absl::string_view word) {
  double value;
  if (!absl::SimpleAtod(word, &value)) return Malformed("no number", word);
  return value;
}

// "[N=2,3]".
struct Dims {
  Shape shape;
  bool batched = false;
};
absl::StatusOr<Dims> ReadDims(absl::string_view word) {
  absl::string_view inside = word;
  if (!absl::ConsumePrefix(&inside, "[") ||
      !absl::ConsumeSuffix(&inside, "]")) {
    return Malformed("no shape", word);
  }
  Dims dims;
  dims.batched = absl::ConsumePrefix(&inside, "N=");
  std::vector<int64_t> sizes;
  for (absl::string_view size :
       absl::StrSplit(inside, ',', absl::SkipEmpty())) {
    sizes.emplace_back();
    if (!absl::SimpleAtoi(size, &sizes.back()) || sizes.back() < 0) {
      return Malformed("no shape", word);
    }
  }
  dims.shape = Shape(sizes);
  RETURN_IF_ERROR(dims.shape.Validate());
  return dims;
}

bool IsOfType(double value, absl::string_view type) {
  if (type == "f32") return static_cast<float>(value) == value;
  if (type == "i32") return static_cast<int32_t>(value) == value;
  return true;
}

absl::StatusOr<ReferenceTensor> ReadTensor(
    absl::string_view type, absl::Span<const absl::string_view> words) {
  ASSIGN_OR_RETURN(const Dims dims, ReadDims(words[0]));
  words.remove_prefix(1);
  std::vector<double> values;
  for (absl::string_view word : words) {
    ASSIGN_OR_RETURN(const double value, ReadNumber(word));
    if (!IsOfType(value, type)) {
      return Malformed(absl::StrCat("no ", type), word);
    }
    values.push_back(value);
  }
  if (static_cast<int64_t>(values.size()) != dims.shape.num_elements()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", dims.shape.num_elements(),
                     " elements, found ", values.size()));
  }
  ReferenceTensor tensor;
  if (type != "f64") {
    ASSIGN_OR_RETURN(const DataType dtype, ParseDataType(type));
    tensor.leaf = TensorType{dtype, dims.shape};
    if (dims.batched) tensor.leaf->shape.set_dim(0, kBatch);
  }
  tensor.values = DoubleTensor(dims.shape, std::move(values));
  return tensor;
}

absl::Status ReadLine(absl::string_view line, ReferenceCase& into) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  const absl::string_view first = words[0];
  if (words.size() < 2) return Malformed("nothing after", first);
  if (first == "op" || first == "function") {
    if (!into.op.empty() || !into.function.empty()) {
      return Malformed("a second way to compute it", line);
    }
    (first == "op" ? into.op : into.function) =
        std::string(line.substr(first.size() + 1));
    return absl::OkStatus();
  }
  if (words.size() < 3) return Malformed("a line too short", line);
  const std::string name(words[1]);
  if (first == "number") {
    ASSIGN_OR_RETURN(const double value, ReadNumber(words[2]));
    return into.numbers.emplace(name, value).second
               ? absl::OkStatus()
               : Malformed("number given twice", name);
  }
  if (first != "f32" && first != "i32" && first != "f64") {
    return Malformed("no keyword", first);
  }
  ASSIGN_OR_RETURN(ReferenceTensor tensor,
                   ReadTensor(first, absl::MakeSpan(words).subspan(2)));
  return into.tensors.emplace(name, std::move(tensor)).second
             ? absl::OkStatus()
             : Malformed("tensor given twice", name);
}

}  // namespace

std::vector<ReferenceTensor> ReferenceCase::inputs() const {
  std::vector<ReferenceTensor> found;
  for (;;) {
    const auto x = tensors.find(absl::StrCat("x", found.size()));
    if (x == tensors.end()) return found;
    found.push_back(x->second);
  }
}

absl::StatusOr<std::vector<ReferenceCase>> ParseReference(
    absl::string_view text) {
  std::vector<ReferenceCase> cases;
  std::set<std::string> names;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    absl::Status status;
    if (absl::ConsumePrefix(&line, "case ")) {
      cases.emplace_back();
      cases.back().name = std::string(line);
      if (!names.insert(cases.back().name).second) {
        status = Malformed("case given twice", line);
      }
    } else if (cases.empty()) {
      status = Malformed("expected a case", line);
    } else {
      status = ReadLine(line, cases.back());
    }
    RETURN_IF_ERROR(Annotate(status, absl::StrCat("line ", number)));
  }
  return cases;
}

absl::StatusOr<std::vector<ReferenceCase>> ReadReference(
    absl::string_view name) {
  const std::string path =
      absl::StrCat(ESPALIER_SOURCE_DIR, "/tests/reference/", name, ".txt");
  std::ifstream stream(path);
  if (!stream.good()) return absl::NotFoundError(path);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  absl::StatusOr<std::vector<ReferenceCase>> cases = ParseReference(text);
  RETURN_IF_ERROR(Annotate(cases.status(), path));
  return cases;
}

}  // namespace espalier
