#!/usr/bin/env bash
# Checks the formatting (clang-format) and the code (clang-tidy) of the tree.
#   tools/lint.sh                 everything
#   tools/lint.sh --format        the formatting only
#   tools/lint.sh FILE.cc...      clang-tidy on these files only
# clang-tidy (Clang, which knows not all of GCC's options) reads how each file is compiled from the compile database of the
# preset dev; generated code is not in the tree and is not checked.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

folders="graph runtime ops transforms pruning serialization training tools
  examples benchmarks tests"

check_format() {
  find $folders \( -name '*.h' -o -name '*.cc' -o -name '*.inc' \) -print0 |
    xargs -0 clang-format --dry-run -Werror
}

if [ "${1-}" = --format ]; then
  check_format
  exit
fi
install_packages build test lint
if [ $# -eq 0 ]; then
  check_format
  set -- $(find $folders -path tests/consumer -prune -o -path examples/user_op -prune -o -name '*.cc' -print)
fi
cmake --preset dev >/dev/null
# Headers that the build makes: schemas and staged public headers.
cmake --build build/dev --target espalier_generated
printf '%s\n' "$@" |
  xargs -n 1 -P "$(nproc)" clang-tidy -p build/dev --quiet \
    --extra-arg=-Wno-unknown-warning-option 2> >(
    grep -vE '^[0-9]+ warnings? (and [0-9]+ errors? )?generated|^$|^Suppressed|^Use -' >&2)
