#!/usr/bin/env bash
# Shows that a model of 3 GiB, one of its weights above 2 GiB, is saved, loaded,
# inspected and taken to ONNX and back within 8 GiB of memory, and that its
# weights come out with the same bits. Prints the largest resident size of each
# step; exit code 0 if none is above 8 GiB and no bit differs.
#   tools/large_model.sh                        in the folder of temporaries
#   tools/large_model.sh FOLDER [PRESET]        in another; of another build
# Needs 10 GB on the disk there for its time, and takes them away again.
set -eu -o pipefail
folder=$(cd "${1:-${TMPDIR:-/tmp}}" && pwd)
cd "$(dirname "$0")/.."
preset=${2:-release}
limit=8192
[ -f "build/$preset/CMakeCache.txt" ] || cmake --preset "$preset" > /dev/null
cmake --build "build/$preset" --target large_model espalier > /dev/null
large_model=$PWD/build/$preset/bin/large_model
espalier=$PWD/build/$preset/bin/espalier
work=$(mktemp -d "$folder/large_model.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

failed=0
step() {  # NAME COMMAND...
  local name=$1 code=0 peak begin
  shift
  begin=$(date +%s%N)
  peak=$("$large_model" peak "$@" 2> errors) || code=$?
  printf '%-22s %6d MiB  %5d ms\n' "$name" "$peak" \
    $((($(date +%s%N) - begin) / 1000000))
  if [ "$code" -ne 0 ]; then
    echo "FAILED with exit code $code: $(cat errors)"
    exit 1
  fi
  if [ "$peak" -gt "$limit" ]; then
    echo "FAILED: more than $limit MiB"
    failed=1
  fi
}

step "save" "$large_model" save m.pb
step "load, compare bits" "$large_model" load m.pb
step "inspect" "$espalier" inspect m.pb
step "to ONNX" "$espalier" convert m.pb m.onnx
rm m.pb m.pb.*.weights
step "inspect ONNX" "$espalier" inspect m.onnx
step "from ONNX" "$espalier" convert m.onnx back.pb
rm m.onnx m.onnx.*.weights
step "load, compare bits" "$large_model" load back.pb
[ "$failed" -eq 0 ] || exit 1
echo "within $limit MiB, and the weights have the same bits"
