#!/usr/bin/env bash
# How long a user's file takes to compile that includes <espalier/espalier.h>
# and does nothing else, against an empty file: processor time, so that a busy
# machine does not matter much, best of five runs.
#   benchmarks/include_time.sh [BUILD_FOLDER]    (default: build/release)
set -eu -o pipefail
cd "$(dirname "$0")/.."
build=${1-build/release}
compiler=${CXX-c++}
cmake --build "$build" --target espalier_headers >/dev/null
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
echo 'int main() {}' >"$work/empty.cc"
{ echo '#include <espalier/espalier.h>'; cat "$work/empty.cc"; } >"$work/user.cc"

# Processor milliseconds of the best of five compilations of $1 at $2.
best() {
  local TIMEFORMAT='%U %S'
  for _ in 1 2 3 4 5; do
    { time "$compiler" -std=c++17 "$2" -I"$build/include" \
      -c "$work/$1" -o "$work/out.o"; } 2>&1
  done | awk '{ ms = 1000 * ($1 + $2) } NR == 1 || ms < least { least = ms }
    END { print least }'
}

"$compiler" --version | head -1
for level in -O0 -O2; do
  echo "$level: $(best user.cc $level) ms with the header," \
    "$(best empty.cc $level) ms without"
done
