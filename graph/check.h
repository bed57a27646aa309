// ESPALIER_CHECK(condition): ends the program when one of our own invariants
// is broken. No input can reach one: bad input is an absl::Status.
#ifndef ESPALIER_GRAPH_CHECK_H_
#define ESPALIER_GRAPH_CHECK_H_

namespace espalier {

[[noreturn]] void CheckFailed(const char* file, int line,
                              const char* condition);

}  // namespace espalier

#define ESPALIER_CHECK(condition)                              \
  do {                                                         \
    if (!(condition)) {                                        \
      ::espalier::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)

#endif  // ESPALIER_GRAPH_CHECK_H_
