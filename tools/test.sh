#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test twice: optimised with
# assertions on, and under the address, leak and undefined-behaviour sanitizers.
# The tests include the consumer project and the check of the formatting.
#   tools/test.sh           both
#   tools/test.sh tsan      another preset instead
# Ends with the line "N passed, N failed"; exit code 0 if nothing failed.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
. tools/packages.sh

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

[ $# -gt 0 ] || set -- check asan-ubsan
packages="build test"
case " $* " in
  *" tsan "* | *" coverage "*) packages="$packages clang" ;;
esac
if install_packages $packages; then
  for preset in "$@"; do test_preset "$preset"; done
else
  failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
