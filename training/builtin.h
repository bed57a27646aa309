// Data sets that come with the library. Generated ones depend on their
// arguments only.
#ifndef ESPALIER_TRAINING_BUILTIN_H_
#define ESPALIER_TRAINING_BUILTIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "training/dataset.h"

namespace espalier {
namespace builtin {

// x uniform in [0, 1], its domain; y = cos(6 x) + 0.08 times normal noise.
// REQUIRES here and below: rows >= 1.
Dataset Cosine(int64_t rows = 200, uint64_t seed = 0);

// Two half circles that reach into each other, one per class, radius 1 with
// normal noise 0.1 cut off at 0.5; domain [-1.5, 2.5] x [-1, 1.5]. The test
// part has as many rows.
Dataset Moons(int64_t rows = 1000, uint64_t seed = 0);

// Two spiral arms of one and a half turns around each other, one per class,
// with normal noise 0.02 cut off at 0.1; domain [-1.1, 1.1] in both. The test
// part has as many rows.
Dataset Spirals(int64_t rows = 1000, uint64_t seed = 0);

// Handwritten digits, 8 x 8 pixels of domain [0, 16]: 1438 rows and 359 of the
// test part, which are those with index mod 5 = 4. See data/digits.md for
// where they come from.
Dataset Digits();

// "cosine", "digits", "moons", "spirals".
std::vector<std::string> Names();
// With default arguments; NotFound lists the names.
absl::StatusOr<Dataset> ByName(absl::string_view name);

}  // namespace builtin
}  // namespace espalier

#endif  // ESPALIER_TRAINING_BUILTIN_H_
