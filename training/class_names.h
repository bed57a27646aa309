// Which names the classes of a trained model have.
#ifndef ESPALIER_TRAINING_CLASS_NAMES_H_
#define ESPALIER_TRAINING_CLASS_NAMES_H_

#include <string>
#include <vector>

#include "training/dataset.h"
#include "training/step_graph.h"

namespace espalier {

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
