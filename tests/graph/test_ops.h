// Two small ops for the tests of graph/, which knows no op of its own.
#ifndef ESPALIER_TESTS_GRAPH_TEST_OPS_H_
#define ESPALIER_TESTS_GRAPH_TEST_OPS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/op.h"
#include "tests/testing/pass_op.h"

namespace espalier {

// a + b, elementwise, without broadcasting.
class PlusOp : public Op {
 public:
  absl::string_view kind() const override { return "plus"; }
  int arity() const override { return 2; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    if (inputs[0] == inputs[1]) return inputs[0];
    return absl::InvalidArgumentError(
        absl::StrCat("expected two equal types, found ", inputs[0].ToString(),
                     " and ", inputs[1].ToString()));
  }
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    DoubleTensor sum(output);
    for (int64_t i = 0; i < sum.num_elements(); ++i) {
      sum[i] = (*inputs[0])[i] + (*inputs[1])[i];
    }
    return sum;
  }
};

// Its input, with one attribute of each type.
class LabelledOp : public PassOp {
 public:
  struct Labels {
    bool flag = false;
    int64_t count = 0;
    float slope = 0;
    std::string text;
    std::vector<int64_t> list;
    Tensor table;
  };

  explicit LabelledOp(const Labels& labels)
      : PassOp("labelled"), labels_(labels) {}
  Attributes attributes() const override {
    return {{"flag", labels_.flag},   {"count", labels_.count},
            {"slope", labels_.slope}, {"text", labels_.text},
            {"list", labels_.list},   {"table", labels_.table}};
  }

 private:
  Labels labels_;
};

inline absl::StatusOr<OpPtr> ReadPlus(AttributeReader& /*attributes*/) {
  return std::make_shared<PlusOp>();
}

inline absl::StatusOr<OpPtr> ReadLabelled(AttributeReader& attributes) {
  LabelledOp::Labels labels;
  labels.flag = attributes.Bool("flag");
  labels.count = attributes.Int("count");
  labels.slope = attributes.Float("slope");
  labels.text = attributes.String("text");
  labels.list = attributes.IntList("list");
  labels.table = attributes.TensorValue("table");
  return std::make_shared<LabelledOp>(labels);
}

inline OpTable TestOps() {
  return OpTable({{"plus", ReadPlus}, {"labelled", ReadLabelled}});
}

inline Value Plus(Value a, Value b, absl::string_view name = "") {
  return Apply(std::make_shared<PlusOp>(), {a, b}, name);
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_GRAPH_TEST_OPS_H_
