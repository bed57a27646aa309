// Values that break things, and how one is picked.
#ifndef ESPALIER_TESTS_FUZZ_NASTY_VALUES_H_
#define ESPALIER_TESTS_FUZZ_NASTY_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/fuzz/targets.h"

namespace espalier {

class NastyValues {
 public:
  explicit NastyValues(const Mutation& mutation)
      : random_(mutation.seed), bytes_(mutation.bytes) {}

  // A number below `limit`. REQUIRES: limit > 0.
  size_t Below(size_t limit) { return random_() % limit; }
  bool OneIn(size_t n) { return Below(n) == 0; }

  // Something near `old`, small, or at the edge of some type.
  int64_t Integer(int64_t old);
  double Number(double old);
  // One of `others`, or a changed `old`, or a name that is none.
  std::string Text(const std::string& old,
                   const std::vector<std::string>& others);
  // Changed by libFuzzer's own way, at most `growth` bytes longer.
  std::string Bytes(const std::string& old, size_t growth = 64);

 private:
  std::mt19937 random_;
  MutateBytes bytes_;
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_NASTY_VALUES_H_
