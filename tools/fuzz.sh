#!/usr/bin/env bash
# Fuzzes the readers of files under the address and undefined-behaviour
# sanitizers with Clang's libFuzzer, one target after the other on one core.
#   tools/fuzz.sh                        600 seconds of CPU time for each target
#   tools/fuzz.sh SECONDS [TARGET...]    tests/fuzz/targets.cc names them
# Prints executions, coverage and what was accepted, a line per target. New
# inputs are kept in build/fuzz/corpus/; an input that breaks a promise is in
# build/fuzz/findings/, and the exit code is 1. A finding that is mended goes
# to tests/fuzz/corpus/ under a name that says what it was.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
. tools/packages.sh
. tools/fuzz_run.sh
install_packages build test clang || exit 1

seconds=${1:-600}
shift
build_fuzzers || exit 1
if [ $# -eq 0 ]; then
  targets=$(fuzz_targets) || exit 1
  set -- $targets
fi
found=0
fuzz_table_head
for target in "$@"; do
  fuzz_target "$target" "$seconds" || found=1
done
exit $found
