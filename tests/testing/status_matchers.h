// Matchers and macros for absl::Status and absl::StatusOr in tests.
#ifndef ESPALIER_TESTS_TESTING_STATUS_MATCHERS_H_
#define ESPALIER_TESTS_TESTING_STATUS_MATCHERS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace espalier {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// EXPECT_THAT(Load(path), StatusIs(absl::StatusCode::kNotFound,
//                                  HasSubstr("no such file")));
MATCHER_P2(StatusIs, code, message,
           absl::StatusCodeToString(code) + " with a message that " +
               ::testing::DescribeMatcher<std::string>(message, negation)) {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()),
                                       result_listener);
}

}  // namespace espalier

#define EXPECT_OK(expression) EXPECT_THAT(expression, ::espalier::IsOk())
#define ASSERT_OK(expression) ASSERT_THAT(expression, ::espalier::IsOk())

// ASSERT_OK_AND_ASSIGN(const Graph graph, builder.Build());
#define ASSERT_OK_AND_ASSIGN(declaration, expression)                 \
  ESPALIER_ASSERT_OK_AND_ASSIGN_(                                     \
      ESPALIER_TEST_CONCAT_(espalier_result_, __LINE__), declaration, \
      expression)
#define ESPALIER_TEST_CONCAT_INNER_(a, b) a##b
#define ESPALIER_TEST_CONCAT_(a, b) ESPALIER_TEST_CONCAT_INNER_(a, b)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration takes none
#define ESPALIER_ASSERT_OK_AND_ASSIGN_(result, declaration, expression) \
  auto result = (expression);                                           \
  ASSERT_THAT(result, ::espalier::IsOk());                              \
  declaration = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)

#endif  // ESPALIER_TESTS_TESTING_STATUS_MATCHERS_H_
