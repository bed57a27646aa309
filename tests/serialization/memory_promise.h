// Holds loading to its promise: at most three times the bytes of the file, and
// 16 MiB.
#ifndef ESPALIER_TESTS_SERIALIZATION_MEMORY_PROMISE_H_
#define ESPALIER_TESTS_SERIALIZATION_MEMORY_PROMISE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace espalier {

// Loads `bytes` as a file of this name, its structure alone as well, and
// returns what came of it.
absl::StatusCode ExpectWithinMemory(const std::string& name,
                                    const std::string& bytes,
                                    const std::string& what);

// So many of something load, and take at least this share of what they may:
// what is charged is what is taken. More and more of it, until it is refused,
// take no more either.
void GrowUntilRefused(const std::string& name, const std::string& what,
                      int least, double share,
                      const std::function<std::string(int)>& make);

// The bytes so many times.
std::string Times(int count, const std::string& bytes);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_MEMORY_PROMISE_H_
