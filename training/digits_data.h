// The embedded file training/data/digits.csv.gz; the build makes its source.
#ifndef ESPALIER_TRAINING_DIGITS_DATA_H_
#define ESPALIER_TRAINING_DIGITS_DATA_H_

#include "absl/strings/string_view.h"

namespace espalier {

absl::string_view DigitsCsvGz();

}  // namespace espalier

#endif  // ESPALIER_TRAINING_DIGITS_DATA_H_
