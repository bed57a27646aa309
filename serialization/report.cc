#include "serialization/report.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "espalier/report.pb.h"
#include "graph/check.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  ESPALIER_CHECK(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  return json + "\n";
}

uint32_t Count(int64_t count) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(count, 0, std::numeric_limits<uint32_t>::max()));
}

// Sets an optional field of `message` unless there is no finite value.
template <typename Message>
void SetFinite(Message* message, void (Message::*set)(double),
               absl::optional<double> value) {
  if (value.has_value() && std::isfinite(*value)) (message->*set)(*value);
}

template <typename Field>
void AddCounts(const std::vector<int64_t>& counts, Field* field) {
  for (const int64_t count : counts) field->Add(Count(count));
}

template <typename Message>
void SetType(const std::string& name, const TensorType& type,
             Message* message) {
  message->set_name(ToUtf8(name));
  message->set_dtype(std::string(DataTypeName(type.dtype)));
  message->set_shape(type.shape.ToString());
}

// One pair when all are the same.
void SetDomain(const InputDomain& domain, v1::InspectReport::Input* input) {
  const auto all_same = [](const std::vector<float>& ends) {
    return std::equal(ends.begin() + (ends.empty() ? 0 : 1), ends.end(),
                      ends.begin());
  };
  const bool one = all_same(domain.lower) && all_same(domain.upper);
  for (size_t i = 0; i < domain.lower.size() && (i == 0 || !one); ++i) {
    input->add_lower(domain.lower[i]);
    input->add_upper(domain.upper[i]);
  }
}

}  // namespace

std::string ToJson(const TrainReport& report) {
  using Message = v1::TrainReport;
  Message message;
  message.set_epochs(Count(report.epochs));
  message.set_steps(Count(report.steps));
  message.set_samples(Count(report.samples));
  message.set_parameters(static_cast<double>(report.parameters));
  message.set_seconds(report.seconds);
  message.set_samples_per_second(report.samples_per_second);
  SetFinite(&message, &Message::set_loss, report.loss);
  SetFinite(&message, &Message::set_accuracy, report.accuracy);
  SetFinite(&message, &Message::set_validation_loss, report.validation_loss);
  SetFinite(&message, &Message::set_validation_accuracy,
            report.validation_accuracy);
  SetFinite(&message, &Message::set_test_loss, report.test_loss);
  SetFinite(&message, &Message::set_test_accuracy, report.test_accuracy);
  if (!report.loss_name.empty()) {
    message.set_loss_name(ToUtf8(report.loss_name));
  }
  return Json(message);
}

std::string ToJson(const EvaluateReport& report) {
  using Message = v1::EvaluateReport;
  Message message;
  message.set_split(ToUtf8(report.split));
  message.set_samples(Count(report.samples));
  SetFinite(&message, &Message::set_loss, report.loss);
  SetFinite(&message, &Message::set_accuracy, report.accuracy);
  for (const EvaluateReport::Class& a_class : report.classes) {
    Message::Class* row = message.add_classes();
    row->set_name(ToUtf8(a_class.name));
    row->set_samples(Count(a_class.samples));
    SetFinite(row, &Message::Class::set_accuracy, a_class.accuracy);
  }
  if (!report.loss_name.empty()) {
    message.set_loss_name(ToUtf8(report.loss_name));
  }
  return Json(message);
}

std::string ToJson(const RunReport& report) {
  v1::RunReport message;
  message.set_samples(Count(report.samples));
  message.set_outside(Count(report.outside));
  message.set_seconds(report.seconds);
  for (const NamedType& output : report.outputs) {
    SetType(output.name, output.type, message.add_outputs());
  }
  return Json(message);
}

std::string ToJson(const InspectReport& report) {
  v1::InspectReport message;
  message.set_name(ToUtf8(report.name));
  message.set_producer(ToUtf8(report.producer));
  message.set_parameters(static_cast<double>(report.parameters));
  message.set_flops_per_sample(report.flops_per_sample);
  for (const InspectReport::Input& input : report.inputs) {
    v1::InspectReport::Input* row = message.add_inputs();
    SetType(input.name, input.type, row);
    if (input.domain.has_value()) SetDomain(*input.domain, row);
  }
  for (const NamedType& output : report.outputs) {
    SetType(output.name, output.type, message.add_outputs());
  }
  for (const InspectReport::Layer& layer : report.layers) {
    v1::InspectReport::Layer* row = message.add_layers();
    row->set_name(ToUtf8(layer.name));
    row->set_kind(ToUtf8(layer.kind));
    row->set_shape(layer.shape.ToString());
    row->set_parameters(static_cast<double>(layer.parameters));
  }
  for (const std::string& name : report.class_names) {
    message.add_class_names(ToUtf8(name));
  }
  for (const HistoryEntry& entry : report.history) {
    v1::InspectReport::History* row = message.add_history();
    row->set_action(ToUtf8(entry.action));
    row->set_grade(ToUtf8(entry.grade));
    row->set_reason(ToUtf8(entry.reason));
    for (const HistoryEntry::Layer& layer : entry.layers) {
      auto* removal = row->add_layers();
      removal->set_node(ToUtf8(layer.node));
      removal->set_units_before(Count(layer.units_before));
      AddCounts(layer.removed, removal->mutable_removed());
    }
  }
  return Json(message);
}

std::string ToJson(const CompareReport& report) {
  using Message = v1::CompareReport;
  Message message;
  message.set_samples(Count(report.samples));
  SetFinite(&message, &Message::set_max_abs_difference,
            report.max_abs_difference);
  message.set_tolerance(report.tolerance);
  message.set_agree(report.agree);
  message.set_parameters_a(static_cast<double>(report.parameters_a));
  message.set_parameters_b(static_cast<double>(report.parameters_b));
  for (const CompareReport::Output& output : report.outputs) {
    Message::Output* row = message.add_outputs();
    row->set_name(ToUtf8(output.name));
    SetFinite(row, &Message::Output::set_max_abs_difference,
              output.max_abs_difference);
    SetFinite(row, &Message::Output::set_max_abs, output.max_abs);
  }
  for (const std::string& difference : report.differences) {
    message.add_differences(ToUtf8(difference));
  }
  return Json(message);
}

std::string ToJson(const PruneReport& report, double seconds) {
  v1::PruneReport message;
  message.set_seconds(seconds);
  message.set_parameters_before(static_cast<double>(report.parameters_before));
  message.set_parameters_after(static_cast<double>(report.parameters_after));
  message.set_samples(Count(report.samples));
  for (const LayerReport& layer : report.layers) {
    v1::PruneReport::Layer* row = message.add_layers();
    row->set_name(ToUtf8(layer.name));
    row->set_units(Count(layer.units));
    AddCounts(layer.zero_units, row->mutable_zero_units());
    AddCounts(layer.observed_units, row->mutable_observed_units());
    AddCounts(layer.active_units, row->mutable_active_units());
    AddCounts(layer.removed_units, row->mutable_removed_units());
    row->set_zero_proven(row->zero_units_size());
    row->set_zero_observed(row->observed_units_size());
    row->set_active_proven(row->active_units_size());
    row->set_alive(Count(layer.alive));
    row->set_unknown(Count(layer.unknown));
    row->set_removed(row->removed_units_size());
    if (report.samples > 0) row->set_observed_limit(layer.observed_limit);
    row->set_refusal(ToUtf8(layer.refusal));
  }
  return Json(message);
}

}  // namespace espalier
