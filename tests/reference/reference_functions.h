// The functions over ops that files of reference values name.
#ifndef ESPALIER_TESTS_REFERENCE_REFERENCE_FUNCTIONS_H_
#define ESPALIER_TESTS_REFERENCE_REFERENCE_FUNCTIONS_H_

#include "absl/types/span.h"
#include "graph/builder.h"
#include "tests/reference/reference_file.h"

namespace espalier {

// The case's function of `inputs`; an error of the builder where the name is
// not known.
Value ApplyReferenceFunction(const ReferenceCase& reference,
                             absl::Span<const Value> inputs);

}  // namespace espalier

#endif  // ESPALIER_TESTS_REFERENCE_REFERENCE_FUNCTIONS_H_
