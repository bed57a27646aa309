// Which names the classes of a trained model have.
#ifndef ESPALIER_TRAINING_CLASS_NAMES_H_
#define ESPALIER_TRAINING_CLASS_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "training/dataset.h"
#include "training/step_graph.h"

namespace espalier {

// Whether the user's graph has an output with a last dimension of so many
// elements as there are given names; OK without names.
absl::Status CheckClassNames(const StepGraph& step,
                             const std::vector<std::string>& given);

// The given names; without them, those of the data, made-up ones included,
// where ClassColumns(step) has one for each; else none.
std::vector<std::string> ClassNames(const StepGraph& step, const Dataset& data,
                                    const std::vector<std::string>& given);

// The first class that the data has a name for, not a made-up one, which is
// another than the given; empty if there is none.
std::string DescribeOtherName(const Dataset& data,
                              const std::vector<std::string>& given);

}  // namespace espalier

#endif  // ESPALIER_TRAINING_CLASS_NAMES_H_
