#!/usr/bin/env bash
# Runs all tests in the preset coverage and prints lines and branches covered,
# file by file. Names of files after the command narrow the report.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
install_packages build test clang

rm -rf build/coverage/profiles
cmake --preset coverage
cmake --build --preset coverage -j "$(nproc)"
ctest --preset coverage -j "$(nproc)"
llvm-profdata merge -sparse build/coverage/profiles/*.profraw \
  -o build/coverage/all.profdata

programs=()
for program in build/coverage/bin/*; do
  [ -x "$program" ] && programs+=(-object "$program")
done
llvm-cov report "${programs[@]}" -instr-profile=build/coverage/all.profdata \
  -show-region-summary=false \
  -ignore-filename-regex='/(tests|generated|usr)/' "$@"
