#include "runtime/parameter_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graph/builder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

class ParameterStoreTest : public ::testing::Test {
 protected:
  ParameterStoreTest() {
    GraphBuilder g("net");
    g.State("count", {}, 5, DataType::kI32);
    const Value w = g.Parameter("w", {2, 3}, Initializer::Normal(1));
    g.Parameter("v", {2, 3}, Initializer::Normal(1));
    g.Output("w", w);
    graph_ = *g.Build();
    values_ = ParameterStore::Initialised(graph_, 1)->Values();
  }

  Graph graph_;
  std::map<std::string, Tensor> values_;
};

TEST_F(ParameterStoreTest, DrawsFromSeedAndPosition) {
  EXPECT_EQ(values_.size(), 3u);
  const TensorType type = {DataType::kF32, {2, 3}};
  EXPECT_EQ(values_.at("w"), Initializer::Normal(1).Draw(type, 1, 0));
  EXPECT_EQ(values_.at("v"), Initializer::Normal(1).Draw(type, 1, 1));
  EXPECT_EQ(values_.at("count").data<int32_t>()[0], 5);
  EXPECT_NE(ParameterStore::Initialised(graph_, 2)->Values(), values_);
}

TEST_F(ParameterStoreTest, TakesValuesByName) {
  values_["w"].data<float>()[4] = 0.25f;
  std::map<std::string, Tensor> more = values_;
  more["unknown"] = Tensor::Scalar(1);
  ASSERT_OK_AND_ASSIGN(const auto store,
                       ParameterStore::FromValues(graph_, more));
  EXPECT_EQ(store->Values(), values_);
}

TEST_F(ParameterStoreTest, RefusesValuesThatDoNotFit) {
  std::map<std::string, Tensor> values = values_;
  values.erase("w");
  EXPECT_THAT(ParameterStore::FromValues(graph_, values),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("node 'w' (parameter) has no value")));
  values = values_;
  values["w"] = Tensor(DataType::kF32, {3, 2});
  EXPECT_THAT(ParameterStore::FromValues(graph_, values),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("node 'w' (parameter) expects a value of type "
                                 "f32[2, 3], found f32[3, 2]")));
  values = values_;
  values["w"].data<float>()[4] = NAN;
  EXPECT_THAT(ParameterStore::FromValues(graph_, values),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("node 'w' (parameter): element 4 is nan")));
}

}  // namespace
}  // namespace espalier
