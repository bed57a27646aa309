// Watches that parameters and states stay finite.
#ifndef ESPALIER_RUNTIME_FINITE_CHECKS_H_
#define ESPALIER_RUNTIME_FINITE_CHECKS_H_

#include "runtime/plan.h"

namespace espalier {

// Adds plan.finite_checks: a step that updates parameters also tells whether
// all their new values are finite, in the pass over memory that it makes
// anyway; so does one that updates only states. (States beside parameters are
// an optimiser's: what breaks them breaks the parameter.) Leaves that other
// kinds of steps write are looked at after the run.
void AddFiniteChecks(Plan& plan);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_FINITE_CHECKS_H_
