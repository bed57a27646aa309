# What tools/fuzz.sh, tools/fuzz_planted.sh and tools/test.sh share; sourced by
# them.

fuzzer=build/fuzz/bin/fuzz

# Planted bugs (graph/planted_bug.h) are compiled in; none is on.
build_fuzzers() {
  mkdir -p build
  cmake --preset fuzz >build/fuzz.log 2>&1 &&
    cmake --build --preset fuzz -j "${FUZZ_BUILD_JOBS:-$(nproc)}" \
      >>build/fuzz.log 2>&1 && return
  tail -20 build/fuzz.log
  return 1
}

# The names of all targets; fails if there is none. Without a target to run the
# program itself ends with an error.
fuzz_targets() (
  set +o pipefail
  "$fuzzer" | cut -d' ' -f1 | grep .
)

# The folder that a target starts from.
fuzz_seeds() { "$fuzzer" | sed -n "s,^$1 ,tests/fuzz/corpus/,p"; }

# The program for one target, with its limits.
run_target() {
  local target=$1
  shift
  mkdir -p build/fuzz/temporary
  ESPALIER_FUZZ_TARGET=$target OMP_NUM_THREADS=1 \
    TMPDIR=build/fuzz/temporary \
    ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=32 \
    UBSAN_OPTIONS=print_stacktrace=1 \
    "$fuzzer" -timeout=25 -rss_limit_mb=1024 -malloc_limit_mb=64 "$@"
}

# run_fuzzer TARGET SECONDS FOLDER LOG PREFIX: fuzzes for so many seconds of CPU
# time. New inputs go to FOLDER, a finding to a file whose name starts with
# PREFIX; then it fails. Sets fuzz_seconds, fuzz_executions, fuzz_edges,
# fuzz_features and fuzz_accepted. libFuzzer's entropic schedule goes through
# all features at each input that has a new one: with the 100,000 of value
# profiles that is most of the time, so it is off.
run_fuzzer() {
  local log=$4 code TIMEFORMAT='%U %S'
  {
    time ESPALIER_FUZZ_SECONDS=$2 ESPALIER_FUZZ_SEEDS=$(fuzz_seeds "$1") \
      run_target "$1" -max_len=16384 \
      -len_control=0 -use_value_profile=1 -entropic=0 -print_final_stats=1 \
      -artifact_prefix="$5" "$3" "$(fuzz_seeds "$1")" >"$log" 2>&1
  } 2>"$log.time"
  code=$?
  rm -rf build/fuzz/temporary
  fuzz_seconds=$(awk '{ printf "%d", $1 + $2 }' "$log.time")
  fuzz_executions=$(
    last_number 'stat::number_of_executed_units: *([0-9]+)' "$log")
  fuzz_edges=$(last_number '.* cov: ([0-9]+) .*' "$log")
  fuzz_features=$(last_number '.* ft: ([0-9]+) .*' "$log")
  fuzz_accepted=$(last_number 'accepted ([0-9]+) of .*' "$log")
  return $code
}

fuzz_row() { printf '%-12s %8s %10s %7s %9s %10s  %s\n' "$@"; }

fuzz_table_head() {
  fuzz_row target seconds executions edges features accepted result
}

# fuzz_target TARGET SECONDS: fuzzes it and prints a row of the table. Inputs
# are kept in build/fuzz/corpus/, findings, with which it fails, in
# build/fuzz/findings/.
fuzz_target() {
  local log=build/fuzz/$1.log code result="no finding"
  mkdir -p "build/fuzz/corpus/$1" build/fuzz/findings
  run_fuzzer "$1" "$2" "build/fuzz/corpus/$1" "$log" "build/fuzz/findings/$1-"
  code=$?
  [ "$code" -eq 0 ] || result="FOUND: $(what_was_found "$log")"
  fuzz_row "$1" "$fuzz_seconds" "$fuzz_executions" "$fuzz_edges" \
    "$fuzz_features" "$fuzz_accepted" "$result"
  return $code
}

# Whether one input keeps all promises, without a planted bug.
replay_input() { run_target "$1" "$2" >/dev/null 2>&1; }

last_number() {
  local number
  number=$(sed -nE "s/^$1\$/\1/p" "$2" | tail -1)
  echo "${number:--}"
}

what_was_found() {
  grep -m1 -E 'broken promise|internal error|runtime error|Assertion|terminate called|ERROR: (Addr|Leak|libF)' "$1" |
    cut -c1-150
}
