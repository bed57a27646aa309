// RETURN_IF_ERROR(status) and ASSIGN_OR_RETURN(declaration, status_or), for
// functions that return absl::Status or absl::StatusOr. Not part of
// <espalier/espalier.h>: include it only where a program has no such macros.
#ifndef ESPALIER_GRAPH_STATUS_MACROS_H_
#define ESPALIER_GRAPH_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// A declaration cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)

#ifndef RETURN_IF_ERROR
#define RETURN_IF_ERROR(expression)                      \
  do {                                                   \
    absl::Status espalier_status_ = (expression);        \
    if (!espalier_status_.ok()) return espalier_status_; \
  } while (false)
#endif

#ifndef ASSIGN_OR_RETURN
#define ESPALIER_CONCAT_INNER_(a, b) a##b
#define ESPALIER_CONCAT_(a, b) ESPALIER_CONCAT_INNER_(a, b)
#define ESPALIER_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                                       \
  if (!result.ok()) return std::move(result).status();              \
  declaration = *std::move(result)
#define ASSIGN_OR_RETURN(declaration, expression)                          \
  ESPALIER_ASSIGN_OR_RETURN_(ESPALIER_CONCAT_(espalier_result_, __LINE__), \
                             declaration, expression)
#endif

// NOLINTEND(bugprone-macro-parentheses)

#endif  // ESPALIER_GRAPH_STATUS_MACROS_H_
