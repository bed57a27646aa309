#!/usr/bin/env bash
# The main job from beginning to end: installs what is missing, builds the
# command, trains a ReLU network on handwritten digits, saves it, loads it
# again, prunes the units that are zero for every image, and shows what that
# changed. Exit code 0 only if everything held that the last lines claim.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

install_packages build
# A build folder that is there already keeps its options.
[ -e build/release/CMakeCache.txt ] ||
  cmake --preset release -DESPALIER_BUILD_TESTS=OFF \
    -DESPALIER_BUILD_EXAMPLES=OFF -DESPALIER_BUILD_BENCHMARKS=OFF
cmake --build --preset release --target espalier -j "$(nproc)"

work=build/quickstart
mkdir -p "$work"

# espalier NAME ARGUMENT...: shows the command and runs it; its report goes to
# $work/NAME.json.
espalier() {
  local report=$work/$1.json
  shift
  printf '\n$ build/release/bin/espalier %s\n' "$*"
  build/release/bin/espalier "$@" --json >"$report"
}

# A field of the report NAME outside its lists; the sum of one inside them.
value() {
  sed -E ':a; s/\[[^][]*\]//; ta' "$work/$1.json" |
    sed -nE "s/.*\"$2\": ?([^],}]+).*/\1/p"
}
total() {
  { grep -oE "\"$2\": ?[0-9]+" "$work/$1.json" || true; } |
    awk -F: '{ sum += $2 } END { print sum + 0 }'
}

# require CONDITION WHAT: ends the script unless the awk condition holds.
require() {
  awk "BEGIN { exit !($1) }" && return
  echo "quickstart: expected $2, found $1" >&2
  exit 1
}

# All digits, fifty times over, as an array of bytes in NPY format 1.0: a
# header of 128 bytes, then the pixels.
write_images() {
  local rows=$((1797 * 50))
  printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' \
    "{'descr': '|u1', 'fortran_order': False, 'shape': ($rows, 64), }"
  local pixels
  pixels=$(gzip -dc training/data/digits.csv.gz | awk -F, \
    '{ for (i = 1; i <= 64; ++i) printf "\\x%02x", $i }')
  printf "$pixels" >"$work/pixels"
  for _ in $(seq 50); do cat "$work/pixels"; done
}

# Images a second of a model: the best of five runs.
speed() {
  for _ in 1 2 3 4 5; do
    build/release/bin/espalier run "$1" --input "$work/images.npy" \
      --output "$work/logits.npy" --force --json
  done | awk -F'"seconds":' '{ seconds = $2 + 0 }
    NR == 1 || seconds < least { least = seconds }
    END { printf "%.0f", 1797 * 50 / least }'
}

data="--data builtin:digits"
started=$(date +%s%N)
espalier train train $data --hidden 128,64 --l1 5e-4 --optimizer adam \
  --learning-rate 1e-3 --batch 32 --epochs 60 --threads 1 --seed 1 \
  --output "$work/digits.pb" --force
espalier reloaded evaluate "$work/digits.pb" $data
espalier prune prune "$work/digits.pb" --output "$work/small.pb" --force
espalier domain compare "$work/digits.pb" "$work/small.pb"
espalier images compare "$work/digits.pb" "$work/small.pb" $data
espalier small evaluate "$work/small.pb" $data
write_images >"$work/images.npy"
speed_before=$(speed "$work/digits.pb")
speed_after=$(speed "$work/small.pb")
milliseconds=$((($(date +%s%N) - started) / 1000000))
units=$(total prune units)
removed=$(total prune removed)

row() { printf '%-34s %14s %14s\n' "$@"; }
percent() { awk "BEGIN { printf \"%.2f %%\", 100 * $1 }"; }
echo
row "" trained pruned
row "hidden units" "$units" $((units - removed))
row "parameters" "$(value prune parameters_before)" \
  "$(value prune parameters_after)"
row "accuracy on the 359 test images" "$(percent "$(value reloaded accuracy)")" \
  "$(percent "$(value small accuracy)")"
row "images a second" "$speed_before" "$speed_after"
echo
echo "Loss on the test images: $(value train test_loss) when trained," \
  "$(value reloaded loss) when loaded again."
echo "Largest difference of an output: $(value domain max_abs_difference) on" \
  "1000 points of the domain, $(value images max_abs_difference) on the test" \
  "images; stated bound: $(value domain tolerance) times the largest output."
echo "$removed units were proven to be zero for every image with pixels from" \
  "0 to 16, and removed. All this took $milliseconds ms."

require "\"$(value train test_loss)\" == \"$(value reloaded loss)\"" \
  "the same bits from the model loaded again"
require "$(value reloaded accuracy) >= 0.95" "an accuracy of 95 %"
require "$removed >= 10" "at least ten units removed"
