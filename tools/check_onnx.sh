#!/usr/bin/env bash
# Holds ONNX files, ours and those of others, against other people's programs:
# the checker of python3-onnx (Debian's 1.12, which knows opsets up to 17) and
# ONNX Runtime (npm's onnxruntime-node).
#   tools/check_onnx.sh NETS             in the preset dev
#   tools/check_onnx.sh NETS release     in another
# Every case of every op, what the examples save and a trained and a pruned
# network are exported at opsets 13, 17 and 21, checked, run, and compared with
# our own results. So are the networks of the folder NETS, each NAME.onnx with
# rows of inputs in NAME.ref_in.npy, after they were read and held against their
# outputs in NAME.ref_out64.npy. With these rows the command also converts, runs,
# evaluates and prunes them (nets.py).
# Needs python3-onnx, node and npm, and the network the first time. What is
# missing fails it.
set -eu -o pipefail
nets=$(cd "${1:?usage: tools/check_onnx.sh NETS [PRESET]}" && pwd)
cd "$(dirname "$0")/.."
preset=${2:-dev}
build=$PWD/build/$preset
scripts=$PWD/tests/serialization/onnx

/usr/bin/python3 -c 'import onnx' || {
  echo "python3-onnx is missing: apt-get install python3-onnx" >&2
  exit 1
}
runtime=$build/onnxruntime
if ! [ -d "$runtime/node_modules/onnxruntime-node" ]; then
  mkdir -p "$runtime"
  npm install --silent --no-audit --no-fund --ignore-scripts \
    --prefix "$runtime" onnxruntime-node
fi
export NODE_PATH=$runtime/node_modules

[ -f "$build/CMakeCache.txt" ] || cmake --preset "$preset"
cmake --build --preset "$preset" --target onnx_cases onnx_nets cosine espalier
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$build/bin/cosine" > /dev/null
espalier() { "$build/bin/espalier" "$@" > /dev/null 2>&1; }
espalier train --data builtin:digits --hidden 64,32 --l1 1e-3 --epochs 20 \
  --output digits.pb
espalier prune digits.pb --output digits-pruned.pb

failed=0
for opset in 13 17 21; do
  mkdir "opset$opset"
  "$build/bin/onnx_cases" "$opset" "opset$opset" *.pb *.onnx || failed=1
  mkdir "nets$opset"
  "$build/bin/onnx_nets" "$opset" "nets$opset" "$nets" || failed=1
done
/usr/bin/python3 "$scripts/nets.py" "$build/bin/espalier" "$nets" || failed=1
/usr/bin/python3 "$scripts/check.py" opset13 opset17 nets13 nets17 || failed=1
node "$scripts/run.js" opset13 opset17 opset21 \
  nets13 nets17 nets21 || failed=1
exit "$failed"
