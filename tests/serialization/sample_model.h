// A small model with one of everything that a model file can hold, made of an
// op of the tests' own.
#ifndef ESPALIER_TESTS_SERIALIZATION_SAMPLE_MODEL_H_
#define ESPALIER_TESTS_SERIALIZATION_SAMPLE_MODEL_H_

#include "graph/model.h"
#include "graph/op.h"

namespace espalier {

// Knows the leaves and "mix", whose attributes are flag, count, factor, label,
// list and table: one of each type.
const OpTable& SampleOps();

Model SampleModel();

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_SAMPLE_MODEL_H_
