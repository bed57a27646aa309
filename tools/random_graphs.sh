#!/usr/bin/env bash
# Makes random graphs of all ops and holds, for each, interpreter, sessions,
# files, passes, gradients and bounds against each other. Prints each failure
# with a small graph that shows it, then a summary; exit code 0 if there is none.
#   tools/random_graphs.sh                     1000 graphs
#   tools/random_graphs.sh COUNT [FIRST_SEED]  graphs of these seeds
set -eu -o pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
install_packages build test
cmake --preset check >/dev/null
cmake --build build/check --target random_graphs >/dev/null
export OMP_WAIT_POLICY=passive
exec build/check/bin/random_graphs "$@"
