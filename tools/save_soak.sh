#!/usr/bin/env bash
# Kills the command, or fails it, at every system call with which it writes a
# file, and at random times; fills disks; takes permissions away. After each,
# the file is all of the old one or all of the new one, a model with its weights
# where they are beside it, and the next run leaves nothing else behind. Prints
# what was done; exit code 0 if nothing was lost.
#   tools/save_soak.sh                      200 random times
#   tools/save_soak.sh RANDOM_TIMES [PRESET]
# Needs strace, and user namespaces for the full and the read-only disk; what
# is missing fails it.
set -eu -o pipefail
cd "$(dirname "$0")/.."
random_times=${1:-200}
preset=${2:-check}
for tool in strace unshare; do
  command -v "$tool" > /dev/null || { echo "$tool is missing" >&2; exit 1; }
done
[ -f "build/$preset/CMakeCache.txt" ] || cmake --preset "$preset" > /dev/null
cmake --build "build/$preset" --target espalier > /dev/null
program=$PWD/build/$preset/bin/espalier
export OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

bad=0
fail() {
  echo "LOST: $*"
  bad=$((bad + 1))
}
espalier() { "$program" "$@" > "$work/log" 2>&1; }
# Runs a command that may be killed, without the shell saying so.
quietly() { bash -c '"$@"; exit $?' - "$@" > "$work/log" 2>&1; }

mkdir made made/beside made/beside2 place
espalier train --data builtin:moons --hidden 40 --epochs 1 --seed 1 \
  --output made/first.pb
espalier train --data builtin:moons --hidden 300 --epochs 1 --seed 2 \
  --output made/second.pb
espalier train --data builtin:moons --hidden 500 --epochs 1 --seed 3 \
  --output made/third.pb
espalier convert made/first.pb made/old.pbtxt
head -c 30000 /dev/zero > made/old.other
espalier convert made/third.pb made/beside/w.pb --external-weights
espalier convert made/third.pb made/beside2/w.onnx --external-weights

# Every way in which the command writes a file: NAME OLD COMMAND...; it writes
# place/NAME, over a copy of OLD, which may be a folder that holds NAME and the
# weights beside it.
plain_door="m.pb made/first.pb convert made/second.pb place/m.pb"
weights_door="w.pb made/beside convert made/second.pb place/w.pb --external-weights"
doors=(
  "$plain_door"
  "m.pbtxt made/old.pbtxt convert made/second.pb place/m.pbtxt"
  "m.onnx made/old.other convert made/second.pb place/m.onnx"
  "m.dot made/old.other inspect made/second.pb --dot place/m.dot"
  "y.npy made/old.other run made/second.pb --input made/x.npy --output place/y.npy"
  "p.pb made/first.pb prune made/second.pb --grade all-inputs --output place/p.pb"
  "t.pb made/first.pb train --data builtin:moons --hidden 3 --epochs 1 --output place/t.pb"
  "$weights_door"
  "w.onnx made/beside2 convert made/second.pb place/w.onnx --external-weights"
  "w.pb made/beside convert made/second.pb place/w.pb"
)
# 200 rows of x for the second model, as NumPy writes them.
{
  printf '\x93NUMPY\x01\x00\x76\x00'
  printf '%-117s\n' \
    "{'descr': '<f4', 'fortran_order': False, 'shape': (200, 2), }"
  head -c 1600 /dev/zero
} > made/x.npy

# Sets up the folder of the door: what it was before, and what dead writers
# have left in it.
prepare() {
  rm -f place/.[!.]* place/*
  cp "$old"/* place
  : > "place/.$name.tmp.1.0123456789abcdef"
  [ ! -d "$beside" ] || : > "place/$name.00000000.weights"
}
# Whether all files of folder $1 are in the door's.
holds() {
  local file
  for file in "$1"/*; do
    cmp -s "$file" "place/${file##*/}" || return 1
  done
}
# What is there is old or new; $1 says what was done.
check() {
  holds "$old" || holds "$new" || fail "$name after $1"
}
# After an error no temporary is left. Weights of both may be: where the new
# model is in place and only the sync of the folder failed, a loss of power may
# bring the old one back.
check_left_over() {
  local file
  for file in place/* place/.[!.]*; do
    [ -e "$file" ] || continue
    file=${file##*/}
    [ -e "$new/$file" ] || [ -e "$old/$file" ] ||
      [ "$file" = "$name.00000000.weights" ] ||
      fail "left over after $1: $file"
  done
}
# A run that nothing disturbs leaves the new files only.
check_next() {
  espalier "${command[@]}" || fail "$name cannot be written after $1"
  diff -r "$new" place || fail "$name is another one after $1"
}
# Takes a door: its old files and its new ones are in folders of their own.
enter() {  # DOOR
  local from line
  read -r name from line <<< "$1"
  read -ra command <<< "$line"
  old=$work/made/old
  new=$work/made/new
  beside=$from
  rm -rf "$old" "$new"
  mkdir "$old" "$new"
  if [ -d "$from" ]; then cp "$from"/* "$old"; else cp "$from" "$old/$name"; fi
  prepare
  espalier "${command[@]}"
  cp place/* "$new"
  ! cmp -s "$old/$name" "$new/$name" || fail "$name: the test has no new file"
}

kills=0
errors=0
for door in "${doors[@]}"; do
  enter "$door"

  # Calls that only the writing of a file makes are counted from the first; of
  # the others the plain door alone tries each, from the program's start on.
  calls="write fsync renameat unlinkat fchmod flock getdents64 getrandom"
  [ "$door" != "$plain_door" ] || calls="$calls openat close newfstatat read"
  for call in $calls; do
    n=0
    while n=$((n + 1)); do
      prepare
      code=0
      # A process that strace kills ends strace the same way.
      quietly strace -f -qq -o "$work/trace" -e "trace=$call" \
        -e "inject=$call:signal=KILL:when=$n" \
        "$program" "${command[@]}" || code=$?
      check "a kill at $call $n"
      if [ "$code" -eq 0 ]; then break; fi
      [ "$code" -eq 137 ] || fail "$name: exit code $code at $call $n"
      kills=$((kills + 1))
    done
    check_next "kills at $call"
  done
  for fault in write:ENOSPC write:EIO write:EDQUOT fsync:EIO fsync:ENOSPC \
    renameat:EROFS renameat:EACCES renameat:EIO fchmod:EPERM; do
    call=${fault%:*}
    n=0
    while n=$((n + 1)); do
      prepare
      code=0
      quietly strace -f -qq -o "$work/trace" -e "trace=$call" \
        -e "inject=$call:error=${fault#*:}:when=$n" \
        "$program" "${command[@]}" || code=$?
      check "$fault at $n"
      grep -q INJECTED "$work/trace" || break
      [ "$code" -lt 128 ] || fail "$name: exit code $code at $fault $n"
      check_left_over "$fault $n"
      errors=$((errors + 1))
    done
  done
done
echo "$kills kills and $errors errors at system calls, by ${#doors[@]} doors"

# Random times, up to a little more than a whole run takes.
random_kills() {  # DOOR TIMES
  local begin span at code hits=0 i
  enter "$1"
  prepare
  begin=$(date +%s%N)
  espalier "${command[@]}"
  span=$((($(date +%s%N) - begin) * 5 / 4000))
  for ((i = 0; i < $2; ++i)); do
    prepare
    at=$((RANDOM * 32768 + RANDOM))
    code=0
    quietly timeout -s KILL "$(printf '0.%06d' $((at % span)))" \
      "$program" "${command[@]}" || code=$?
    [ "$code" -eq 0 ] || hits=$((hits + 1))
    check "a kill at a random time"
  done
  check_next "kills at random times"
  echo "$hits kills at $2 random times, $name"
}
random_kills "$plain_door" $((random_times - random_times / 2))
random_kills "$weights_door" $((random_times / 2))

# Disks that are full or read-only, files that may not grow, no permission.
export program
export -f fail
refused() {  # WHAT FOLDER COMMAND...: fails, and leaves the folder as it is
  local what=$1 folder=$2 before code=0
  shift 2
  before=$(cd "$folder" && find . -type f -exec sha256sum {} +)
  "$@" > log 2>&1 || code=$?
  [ "$code" -gt 0 ] && [ "$code" -lt 128 ] || fail "$what: exit code $code"
  [ "$before" = "$(cd "$folder" && find . -type f -exec sha256sum {} +)" ] ||
    fail "$what changed the folder"
}
export -f refused
rm -f place/.[!.]* place/*
cp made/first.pb place/m.pb
bad=0 unshare -Urm bash -eu -c '
  mount -t tmpfs -o size=8k t place
  cp made/first.pb place/m.pb
  head -c 100000 /dev/zero > place/rest 2> log || true
  refused "a full disk" place "$program" convert made/second.pb place/m.pb
  grep -q "No space left" log || fail "a full disk says $(cat log)"
  refused "a full disk" place "$program" convert made/second.pb place/new.onnx
  refused "a full disk" place "$program" convert made/second.pb place/m.pb \
    --external-weights
  umount place
  cp made/first.pb place/m.pb
  mount --bind place place
  mount -o remount,ro,bind place
  refused "a read-only disk" place "$program" convert made/second.pb place/m.pb
  exit "$bad"
' || fail "on disks of their own"
for blocks in 0 1 2 4; do
  refused "a limit of $blocks KiB" place bash -c \
    "ulimit -f $blocks; exec '$program' convert made/second.pb place/m.pb"
done
mkdir place/folder.pb
mkfifo place/fifo.pb
refused "a folder in the way" place "$program" convert made/first.pb place/folder.pb
refused "a FIFO in the way" place "$program" convert made/first.pb place/fifo.pb
for device in /dev/full /dev/null; do
  refused "$device" place "$program" inspect made/first.pb --dot "$device"
done
refused "full standard output" place bash -c \
  "'$program' inspect made/first.pb --json > /dev/full"
echo "full and read-only disks, limits, folders, FIFOs and devices"

[ "$bad" -eq 0 ] || { echo "$bad files lost"; exit 1; }
echo "nothing lost"
