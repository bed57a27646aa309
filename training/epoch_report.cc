#include "training/epoch_report.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace espalier {
namespace {

// The shortest text that reads back as the same number.
template <typename T>
std::string Shortest(T value) {
  char text[32];
  const std::to_chars_result result =
      std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

template <typename T>
void AppendField(absl::string_view name, T value, std::string* json) {
  if (!std::isfinite(value)) return;
  absl::StrAppend(json, json->empty() ? "" : ", ", "\"", name,
                  "\": ", Shortest(value));
}

}  // namespace

std::string EpochReport::ToJson() const {
  std::string json;
  absl::StrAppend(&json, "\"epoch\": ", epoch, ", \"steps\": ", steps);
  AppendField("seconds", seconds, &json);
  AppendField("learning_rate", learning_rate, &json);
  AppendField("loss", loss, &json);
  if (validation_loss) AppendField("validation_loss", *validation_loss, &json);
  if (validation_accuracy) {
    AppendField("validation_accuracy", *validation_accuracy, &json);
  }
  return absl::StrCat("{", json, "}");
}

std::string TrainProgress::ToString() const {
  std::string text = absl::StrCat("epoch ", epoch, "/", epochs, ", step ", step,
                                  "/", steps, ", loss ", loss);
  if (last_epoch == nullptr) return text;
  if (last_epoch->validation_loss) {
    absl::StrAppend(&text, ", validation loss ", *last_epoch->validation_loss);
  }
  if (last_epoch->validation_accuracy) {
    absl::StrAppend(&text, ", accuracy ", *last_epoch->validation_accuracy);
  }
  return text;
}

}  // namespace espalier
