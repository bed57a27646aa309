#!/usr/bin/env bash
# How long a user's file takes to compile that includes <espalier/espalier.h>
# and does nothing else, against an empty file. Best of five runs, one core.
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

# Milliseconds of the best of five compilations of $1 at $2.
best() {
  local i start ms min=
  for i in 1 2 3 4 5; do
    start=$(date +%s%N)
    "$compiler" -std=c++17 "$2" -I"$build/include" -c "$work/$1" -o "$work/out.o"
    ms=$((($(date +%s%N) - start) / 1000000))
    { [ -n "$min" ] && [ "$min" -le "$ms" ]; } || min=$ms
  done
  echo "$min"
}

"$compiler" --version | head -1
for level in -O0 -O2; do
  echo "$level: $(best user.cc $level) ms with the header," \
    "$(best empty.cc $level) ms without"
done
