#include "tools/optimizer_arguments.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "graph/status_macros.h"
#include "ops/gradient_clipping.h"
#include "tools/exit_code.h"
#include "tools/options.h"

namespace espalier {
namespace tools {
namespace {

struct OptimizerChoice {
  absl::string_view name;
  float learning_rate;  // if none is given
  bool decays;          // whether it takes a weight decay
  Optimizer (*make)(float learning_rate, float weight_decay);
};

constexpr float kWeightDecay = 0.01f;

constexpr OptimizerChoice kOptimizers[] = {
    {"sgd", 0.1f, false,
     [](float rate, float) { return optimizers::Sgd(rate); }},
    {"momentum", 0.01f, false,
     [](float rate, float) { return optimizers::Momentum(rate); }},
    {"nesterov", 0.01f, false,
     [](float rate, float) { return optimizers::Nesterov(rate); }},
    {"rmsprop", 0.001f, false,
     [](float rate, float) { return optimizers::RmsProp(rate); }},
    {"adagrad", 0.01f, false,
     [](float rate, float) { return optimizers::Adagrad(rate); }},
    {"adam", 0.001f, false,
     [](float rate, float) { return optimizers::Adam(rate); }},
    {"adamw", 0.001f, true,
     [](float rate, float decay) {
       AdamWOptions options;
       options.weight_decay = decay;
       return optimizers::AdamW(rate, options);
     }},
};

// As ops/gradient_clipping.h takes them.
constexpr NumberRange kNorms = {1e-12f, 1e12f, false, false};

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const OptimizerChoice& choice : kOptimizers) {
    names.emplace_back(choice.name);
  }
  return names;
}

// The items, with commas between, in lines that fit the help.
std::string Wrapped(const std::vector<std::string>& items) {
  constexpr size_t kLine = 50;
  std::string text;
  size_t line = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      const bool wrap = line + items[i].size() > kLine;
      absl::StrAppend(&text, ",", wrap ? "\n" : " ");
      if (wrap) line = 0;
    }
    text += items[i];
    line += items[i].size() + 2;
  }
  return text;
}

std::string Rates() {
  std::vector<std::string> rates;
  for (const OptimizerChoice& choice : kOptimizers) {
    rates.push_back(absl::StrCat(choice.learning_rate, " for ", choice.name));
  }
  return absl::StrCat("(", Wrapped(rates), ")");
}

}  // namespace

void OptimizerArguments::AddOptions(CLI::App& app) {
  AddChoice(app, "--optimizer", Names(), name_, "(adam)");
  AddNumber(app, "--learning-rate", "R", NumberRange::Positive(),
            learning_rate_, Rates());
  AddOption(
      app, "--schedule", "S",
      [this](absl::string_view text) -> absl::Status {
        ASSIGN_OR_RETURN(schedule_, ParseSchedule(text));
        return absl::OkStatus();
      },
      absl::StrCat("of the learning rate, E epochs and F a factor:\n",
                   Wrapped(absl::StrSplit(ScheduleForms(), ", "))));
  AddNumber(app, "--clip-norm", "C", kNorms, clip_norm_,
            "scale all gradients down to this norm");
  AddNumber(app, "--weight-decay", "A", NumberRange::NotNegative(),
            weight_decay_, "of adamw (0.01)");
}

absl::StatusOr<Optimizer> OptimizerArguments::MakeOptimizer() const {
  const auto* const choice = std::find_if(
      std::begin(kOptimizers), std::end(kOptimizers),
      [this](const OptimizerChoice& choice) { return choice.name == name_; });
  if (weight_decay_.has_value() && !choice->decays) {
    return UsageError(absl::StrCat("--weight-decay: ", name_,
                                   " has none; adamw has, and --l2 adds a "
                                   "penalty to the loss of any optimiser"));
  }
  const float rate = learning_rate_ > 0 ? static_cast<float>(learning_rate_)
                                        : choice->learning_rate;
  Optimizer optimizer = choice->make(
      rate, static_cast<float>(weight_decay_.value_or(kWeightDecay)));
  if (!clip_norm_.has_value()) return optimizer;
  return optimizers::ClipByGlobalNorm(std::move(optimizer),
                                      static_cast<float>(*clip_norm_));
}

}  // namespace tools
}  // namespace espalier
