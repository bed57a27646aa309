#include "absl/strings/str_cat.h"
#include "ops/softmax.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

void AddOfClasses(int64_t classes, const std::string& suffix,
                  std::vector<OpCase>& cases) {
  OpCase c;
  c.name = absl::StrCat("softmax", suffix);
  c.kind = "softmax";
  c.inputs = {F32({kBatch, classes})};
  c.build = [](Inputs in) { return Softmax(in[0]); };
  c.high = 5;
  c.flat = classes == 1;
  c.relative = static_cast<double>(classes + 20) * kRounding;
  cases.push_back(c);

  c.name = absl::StrCat("log_softmax", suffix);
  c.kind = "log_softmax";
  c.build = [](Inputs in) { return LogSoftmax(in[0]); };
  c.absolute = c.relative;
  cases.push_back(c);

  c.name = absl::StrCat("softmax_cross_entropy", suffix);
  c.kind = "softmax_cross_entropy";
  c.inputs = {F32({kBatch, classes}), I32({kBatch})};
  c.classes = classes;
  c.build = [](Inputs in) { return SoftmaxCrossEntropy(in[0], in[1]); };
  cases.push_back(c);

  c.name = absl::StrCat("softmax_cross_entropy_grad", suffix);
  c.kind = "softmax_cross_entropy_grad";
  c.inputs = {F32({kBatch, classes}), I32({kBatch}), F32({kBatch})};
  c.build = ByKind(c.kind);
  c.absolute *= 2;  // a difference of two numbers up to 1, times up to 5
  cases.push_back(c);
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  AddOfClasses(s.columns, "", cases);
  OpCase c;
  c.name = "softmax_rank_3";
  c.kind = "softmax";
  c.inputs = {F32({s.rows, s.middle, s.inner})};
  c.build = [](Inputs in) { return Softmax(in[0]); };
  c.flat = s.inner == 1;
  c.relative = static_cast<double>(s.inner + 20) * kRounding;
  cases.push_back(c);
}

void AddExtra(std::vector<OpCase>& cases) {
  for (int64_t classes : {1, 2, 10}) {
    AddOfClasses(classes, absl::StrCat("_", classes), cases);
  }
}

}  // namespace

const OpFamily kSoftmaxCases = {Add, AddExtra};

}  // namespace espalier
