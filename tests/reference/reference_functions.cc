#include "tests/reference/reference_functions.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "ops/losses.h"

namespace espalier {
namespace {

using Inputs = absl::Span<const Value>;
using Function = Value (*)(Inputs in, const std::map<std::string, double>& n);

float Number(const std::map<std::string, double>& numbers, const char* name) {
  return static_cast<float>(numbers.at(name));
}

const std::map<std::string, Function>& Functions() {
  static const auto* const table = new std::map<std::string, Function>{
      {"binary_cross_entropy",
       [](Inputs in, const auto& /*n*/) {
         return MeanBinaryCrossEntropy(in[0], in[1]);
       }},
      {"hinge",
       [](Inputs in, const auto& /*n*/) { return MeanHinge(in[0], in[1]); }},
      {"huber",
       [](Inputs in, const auto& n) {
         return MeanHuber(in[0], in[1], Number(n, "delta"));
       }},
      {"kullback_leibler",
       [](Inputs in, const auto& /*n*/) {
         return MeanKullbackLeibler(in[0], in[1]);
       }},
      {"l1_penalty",
       [](Inputs in, const auto& n) {
         return L1Penalty(in, Number(n, "scale"));
       }},
      {"l2_penalty",
       [](Inputs in, const auto& n) {
         return L2Penalty(in, Number(n, "scale"));
       }},
      {"mean_absolute_error",
       [](Inputs in, const auto& /*n*/) {
         return MeanAbsoluteError(in[0], in[1]);
       }},
      {"mean_softmax_cross_entropy",
       [](Inputs in, const auto& n) {
         return MeanSoftmaxCrossEntropy(
             in[0], in[1], n.count("smoothing") ? Number(n, "smoothing") : 0);
       }},
      {"mean_squared_error", [](Inputs in, const auto& /*n*/) {
         return MeanSquaredError(in[0], in[1]);
       }}};
  return *table;
}

}  // namespace

Value ApplyReferenceFunction(const ReferenceCase& reference, Inputs inputs) {
  const auto found = Functions().find(reference.function);
  if (found == Functions().end()) {
    return inputs[0].builder()->Fail(absl::NotFoundError(
        absl::StrCat("no function ", Quoted(reference.function))));
  }
  return found->second(inputs, reference.numbers);
}

}  // namespace espalier
