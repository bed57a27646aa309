// Networks and checks for the tests of RemoveUnits.
#ifndef ESPALIER_TESTS_TRANSFORMS_REMOVE_UNITS_HELPERS_H_
#define ESPALIER_TESTS_TRANSFORMS_REMOVE_UNITS_HELPERS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "tests/transforms/test_models.h"
#include "transforms/remove_units.h"

namespace espalier {

inline constexpr char kInput[] = "x = input(dtype=\"f32\", shape=[-1, 3])\n";

// 3 -> 4 relu -> 2.
inline std::string Small() {
  return "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("3, 4") +
         "b1 = " + ParameterText("4") + "w2 = " + ParameterText("4, 2") +
         "b2 = " + ParameterText("2") +
         "z = dense(x, w1, b1)\n h = relu(z)\n y = dense(h, w2, b2)\n"
         "output y = y\n}";
}

// Makes columns of a matrix (or elements of a vector) so negative that what is
// added to them never lifts a ReLU above 0: the units are then always zero for
// the inputs of RandomLeaves.
inline void Kill(Model& model, const std::string& weight,
                 const std::string& bias, const std::vector<int64_t>& units) {
  Tensor& w = model.values.at(weight);
  Tensor& b = model.values.at(bias);
  const auto columns = static_cast<size_t>(w.shape().dim(1));
  for (int64_t unit : units) {
    for (size_t i = static_cast<size_t>(unit); i < w.data<float>().size();
         i += columns) {
      w.data<float>()[i] *= 0.01f;
    }
    b.data<float>()[static_cast<size_t>(unit)] = -5;
  }
}

inline RemovalResult Remove(const Model& model,
                            const std::vector<UnitRemoval>& removals) {
  absl::StatusOr<RemovalResult> result = RemoveUnits(model, removals);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_TRUE(Validate(result->model).ok()) << Validate(result->model);
  // Sums in double precision, in index order: a zero term changes nothing.
  ExpectSameOutputs(model, result->model);
  return *std::move(result);
}

// The units stay, for the reason given.
inline void ExpectRefusal(const Model& model, absl::string_view relu,
                          const std::vector<int64_t>& units,
                          absl::string_view reason) {
  const RemovalResult result = Remove(model, {{model.graph.Find(relu), units}});
  ASSERT_EQ(result.layers.size(), 1u);
  EXPECT_THAT(result.layers[0].units, ::testing::IsEmpty());
  EXPECT_THAT(result.layers[0].refusal,
              ::testing::HasSubstr(std::string(reason)));
  EXPECT_EQ(PrintGraph(result.model.graph), PrintGraph(model.graph));
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_TRANSFORMS_REMOVE_UNITS_HELPERS_H_
