// The --json reports of the commands: plain structs, printed as one line of
// JSON. The fields mean what serialization/report.proto says of them. A double
// that is not finite is left out where it is optional there.
#ifndef ESPALIER_SERIALIZATION_REPORT_H_
#define ESPALIER_SERIALIZATION_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "graph/model.h"
#include "graph/shape.h"
#include "pruning/prune.h"

namespace espalier {

struct TrainReport {
  int64_t epochs = 0;
  int64_t steps = 0;
  int64_t samples = 0;
  int64_t parameters = 0;
  double seconds = 0;
  double samples_per_second = 0;
  absl::optional<double> loss;
  absl::optional<double> accuracy;
  absl::optional<double> validation_loss;
  absl::optional<double> validation_accuracy;
  absl::optional<double> test_loss;
  absl::optional<double> test_accuracy;
  std::string loss_name;
};

struct EvaluateReport {
  struct Class {
    std::string name;
    int64_t samples = 0;
    absl::optional<double> accuracy;
  };

  std::string split;
  int64_t samples = 0;
  absl::optional<double> loss;
  absl::optional<double> accuracy;
  std::vector<Class> classes;
  std::string loss_name;
};

struct NamedType {
  std::string name;
  TensorType type;
};

struct RunReport {
  int64_t samples = 0;
  int64_t outside = 0;
  double seconds = 0;
  std::vector<NamedType> outputs;
};

struct InspectReport {
  struct Input {
    std::string name;
    TensorType type;
    absl::optional<InputDomain> domain;
  };
  struct Layer {
    std::string name;
    std::string kind;
    Shape shape;
    int64_t parameters = 0;
  };

  std::string name;
  std::string producer;
  int64_t parameters = 0;
  double flops_per_sample = 0;
  std::vector<Input> inputs;
  std::vector<NamedType> outputs;
  std::vector<Layer> layers;
  std::vector<std::string> class_names;
  std::vector<HistoryEntry> history;
};

struct CompareReport {
  struct Output {
    std::string name;
    double max_abs_difference = 0;  // NaN and NaN are equal
    double max_abs = 0;             // of finite elements
  };

  int64_t samples = 0;
  double max_abs_difference = 0;
  double tolerance = 0;
  bool agree = false;
  int64_t parameters_a = 0;
  int64_t parameters_b = 0;
  std::vector<Output> outputs;
  std::vector<std::string> differences;
};

// One line each, ended by a newline.
std::string ToJson(const TrainReport& report);
std::string ToJson(const EvaluateReport& report);
std::string ToJson(const RunReport& report);
std::string ToJson(const InspectReport& report);
std::string ToJson(const CompareReport& report);
// `seconds` is what the prune took.
std::string ToJson(const PruneReport& report, double seconds);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_REPORT_H_
