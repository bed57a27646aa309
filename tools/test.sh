#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test twice: optimised with
# assertions on, and under the address, leak and undefined-behaviour sanitizers.
# The tests include the consumer project and the check of the formatting. Then
# each fuzz target runs for ten seconds, which counts as a test.
#   tools/test.sh           all three
#   tools/test.sh tsan      another preset instead
# Ends with the line "N passed, N failed"; exit code 0 if nothing failed.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
. tools/packages.sh
. tools/fuzz_run.sh

passed=0
failed=0
jobs=$(nproc)

# Builds a preset and runs its tests; a build that fails counts as one failure.
test_preset() {
  local preset=$1 log
  echo "== $preset"
  if ! cmake --preset "$preset" || ! cmake --build --preset "$preset" -j "$jobs"
  then
    failed=$((failed + 1))
    return
  fi
  log=build/$preset/ctest.log
  ctest --preset "$preset" -j "$jobs" | tee "$log"
  local code=$?
  local summary
  summary=$(sed -nE \
    's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' \
    "$log")
  local bad=${summary% *} all=${summary#* }
  if [ -z "$summary" ] || { [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
    failed=$((failed + 1))
    return
  fi
  failed=$((failed + bad))
  passed=$((passed + all - bad))
}

# Fuzzes each target for so many seconds; one that finds something has failed.
fuzz_briefly() {
  local seconds=$1 targets target
  echo "== fuzz"
  if ! build_fuzzers || ! targets=$(fuzz_targets); then
    failed=$((failed + 1))
    return
  fi
  fuzz_table_head
  for target in $targets; do
    if fuzz_target "$target" "$seconds"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      cat "build/fuzz/$target.log"
    fi
  done
}

[ $# -gt 0 ] || set -- check asan-ubsan fuzz
packages="build test"
case " $* " in
  *" tsan "* | *" coverage "* | *" fuzz "*) packages="$packages clang" ;;
esac
if install_packages $packages; then
  for preset in "$@"; do
    if [ "$preset" = fuzz ]; then fuzz_briefly 10; else test_preset "$preset"; fi
  done
else
  failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
