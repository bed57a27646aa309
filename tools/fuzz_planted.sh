#!/usr/bin/env bash
# Whether the fuzzers see: turns the planted bugs of graph/planted_bug.h on, one
# after the other, and fuzzes from the seeds of the target that is to find each,
# until it does or its CPU time is over.
#   tools/fuzz_planted.sh                   600 seconds each
#   tools/fuzz_planted.sh SECONDS [BUG...]  numbers of bugs
# Found is what a sanitizer reports, a broken promise, or too much time or
# memory; the input must be harmless without the bug. Prints a line per bug;
# exit code 0 if at least nine of ten were found.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
. tools/packages.sh
. tools/fuzz_run.sh
install_packages build test clang || exit 1

# By number of the bug.
targets=(- model_bytes model_bytes model_bytes model_run model_run model_run
  model_run model_run model_run model_run model_run model_run model_run
  model_run model_run onnx onnx csv gzip graph_text)
all=$((${#targets[@]} - 1))

seconds=${1:-600}
shift
build_fuzzers || exit 1
[ $# -gt 0 ] || set -- $(seq "$all")
work=build/fuzz/planted
mkdir -p "$work"
found=0
printf '%3s %-12s %-9s %7s %10s  %s\n' bug target found seconds executions how
for bug in "$@"; do
  target=${targets[$bug]}
  rm -rf "${work:?}/$bug" "$work/$bug-"*
  mkdir -p "$work/$bug"
  answer=no how=""
  if ! ESPALIER_PLANTED_BUG=$bug run_fuzzer "$target" "$seconds" \
    "$work/$bug" "$work/$bug-log" "$work/$bug-"; then
    how=$(what_was_found "$work/$bug-log")
    input=$(ls "$work/$bug-"[clot]*-* 2>/dev/null | head -1)
    if [ -n "$input" ] && replay_input "$target" "$input"; then
      answer=yes
      found=$((found + 1))
    else
      how="without the bug too: $how"
    fi
  fi
  printf '%3s %-12s %-9s %7s %10s  %s\n' "$bug" "$target" "$answer" \
    "$fuzz_seconds" "$fuzz_executions" "$how"
done
echo "$found of $# found"
[ "$found" -ge $(((18 * $# + all - 1) / all)) ]
