#include "training/builtin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/check.h"
#include "graph/philox.h"
#include "graph/status.h"
#include "serialization/csv.h"
#include "serialization/gzip.h"
#include "training/digits_data.h"

namespace espalier {
namespace builtin {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kDigitsSide = 8;
constexpr float kDigitsMax = 16;
constexpr int64_t kMaxDigitsBytes = 1 << 20;

// Normal noise cut off at five standard deviations, so that a domain can be
// documented.
double CutNormal(const RandomStream& random, uint64_t position, double stddev) {
  const double normal = random.Normal(position);
  return stddev * std::min(5.0, std::max(-5.0, normal));
}

// What is ours fits what Create asks for.
Dataset Make(Tensor features, Tensor targets, Dataset::Info info) {
  absl::StatusOr<Dataset> data =
      Dataset::Create(std::move(features), std::move(targets), std::move(info));
  ESPALIER_CHECK(data.ok());
  return *std::move(data);
}

Dataset MakeWithTest(const Dataset& train, const Dataset& test) {
  absl::StatusOr<Dataset> data = train.WithTest(test);
  ESPALIER_CHECK(data.ok());
  return *std::move(data);
}

using Point = std::array<double, 2>;

// Points of two classes in turn; point(label, t) is where t in [0, 1) lies.
Dataset TwoClasses(const Dataset::Info& info, int64_t rows, uint64_t seed,
                   uint64_t stream, double stddev,
                   Point (*point)(int label, double t)) {
  ESPALIER_CHECK(rows >= 1);
  const RandomStream place(seed, RandomPurpose::kData, 2 * stream);
  const RandomStream noise(seed, RandomPurpose::kData, 2 * stream + 1);
  Tensor features(DataType::kF32, {rows, 2});
  Tensor labels(DataType::kI32, {rows});
  for (int64_t row = 0; row < rows; ++row) {
    const auto position = static_cast<uint64_t>(row);
    const int label = static_cast<int>(row % 2);
    const Point exact = point(label, place.Uniform(position));
    for (size_t axis = 0; axis < 2; ++axis) {
      const double value =
          exact[axis] + CutNormal(noise, 2 * position + axis, stddev);
      features.data<float>()[2 * position + axis] = static_cast<float>(value);
    }
    labels.data<int32_t>()[position] = label;
  }
  return Make(std::move(features), std::move(labels), info);
}

Point OnMoon(int label, double t) {
  const double x = std::cos(kPi * t);
  const double y = std::sin(kPi * t);
  return label == 0 ? Point{x, y} : Point{1 - x, 0.5 - y};
}

// Arms start away from the middle, where they would touch.
Point OnSpiral(int label, double t) {
  const double radius = 0.1 + 0.9 * t;
  const double angle = 3 * kPi * t + kPi * label;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

Dataset Cosine(int64_t rows, uint64_t seed) {
  ESPALIER_CHECK(rows >= 1);
  const RandomStream place(seed, RandomPurpose::kData, 0);
  const RandomStream noise(seed, RandomPurpose::kData, 1);
  Tensor features(DataType::kF32, {rows, 1});
  Tensor targets(DataType::kF32, {rows, 1});
  for (int64_t row = 0; row < rows; ++row) {
    const auto position = static_cast<uint64_t>(row);
    const float x = place.Uniform(position);
    const double y = std::cos(6.0 * x) + 0.08 * noise.Normal(position);
    features.data<float>()[position] = x;
    targets.data<float>()[position] = static_cast<float>(y);
  }
  Dataset::Info info;
  info.name = "cosine";
  info.domain = InputDomain{{0}, {1}};
  return Make(std::move(features), std::move(targets), std::move(info));
}

Dataset Moons(int64_t rows, uint64_t seed) {
  Dataset::Info info;
  info.name = "moons";
  info.class_names = {"upper", "lower"};
  info.domain = InputDomain{{-1.5f, -1}, {2.5f, 1.5f}};
  return MakeWithTest(TwoClasses(info, rows, seed, 0, 0.1, OnMoon),
                      TwoClasses(info, rows, seed, 1, 0.1, OnMoon));
}

Dataset Spirals(int64_t rows, uint64_t seed) {
  Dataset::Info info;
  info.name = "spirals";
  info.class_names = {"first", "second"};
  info.domain = InputDomain{{-1.1f, -1.1f}, {1.1f, 1.1f}};
  return MakeWithTest(TwoClasses(info, rows, seed, 0, 0.02, OnSpiral),
                      TwoClasses(info, rows, seed, 1, 0.02, OnSpiral));
}

Dataset Digits() {
  const absl::StatusOr<std::string> text =
      Gunzip(DigitsCsvGz(), kMaxDigitsBytes);
  ESPALIER_CHECK(text.ok());
  CsvOptions options;
  options.target = "last";
  options.target_is_class = true;
  absl::StatusOr<CsvData> csv = ParseCsv(*text, options);
  ESPALIER_CHECK(csv.ok());
  const int64_t rows = csv->inputs.shape().dim(0);
  const size_t pixels = kDigitsSide * kDigitsSide;
  Dataset::Info info;
  info.name = "digits";
  for (int digit = 0; digit < 10; ++digit) {
    info.class_names.push_back(absl::StrCat(digit));
  }
  info.domain = InputDomain{std::vector<float>(pixels, 0),
                            std::vector<float>(pixels, kDigitsMax)};
  const Dataset all =
      Make(std::move(csv->inputs).Reshaped({rows, kDigitsSide, kDigitsSide}),
           *std::move(csv->target), std::move(info));
  std::vector<int64_t> train;
  std::vector<int64_t> test;
  for (int64_t row = 0; row < rows; ++row) {
    (row % 5 == 4 ? test : train).push_back(row);
  }
  return MakeWithTest(all.Rows(train), all.Rows(test));
}

std::vector<std::string> Names() {
  return {"cosine", "digits", "moons", "spirals"};
}

absl::StatusOr<Dataset> ByName(absl::string_view name) {
  if (name == "cosine") return Cosine();
  if (name == "digits") return Digits();
  if (name == "moons") return Moons();
  if (name == "spirals") return Spirals();
  return absl::NotFoundError(absl::StrCat("no built-in data set ", Quoted(name),
                                          ": there are ",
                                          absl::StrJoin(Names(), ", ")));
}

}  // namespace builtin
}  // namespace espalier
