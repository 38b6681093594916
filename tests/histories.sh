#!/usr/bin/env bash
# Rules over many random histories (tests/flows/test_histories.lua), some hundreds a process, two at a time.
# usage: tests/histories.sh ROOT BUILD [N] [SEED]      Ends with "N histories, K kills, F failed".
set -u
root=$1 build=$2 n=${3:-10000} seed=${4:-1}
export SW_ROOT=$root SW_BUILD=$build SW_BOX=$build/syncwell-box
unset SYNCWELL_HOME XDG_DATA_HOME
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

part() { # part FIRST COUNT: what it said stays in a file
  SW_SEED=$1 SW_HISTORIES=$2 timeout 3600 "$SW_BUILD/syncwell" --lua-test "$SW_ROOT/tests/flows/test_histories.lua" >"$out/$1" 2>&1 ||
    { mv "$out/$1" "$out/$1.failed"; grep -v '^{' "$out/$1.failed"; }
}
export -f part
export out

for ((first = seed; first < seed + n; first += 200)); do
  left=$((seed + n - first))
  echo "$first $((left < 200 ? left : 200))"
done | xargs -P 2 -L 1 bash -c 'part "$0" "$1"'
failed=$(find "$out" -name '*.failed' | wc -l)
cat "$out"/* | awk -v failed="$failed" '/^note .* histories/ { n += $2; k += $7 } /^note .* processes/ { p += $2; q += $5 }
  END { printf "%d histories, %d kills; %d processes, %d kills -9; %d failed\n", n, k, p, q, failed }'
[ "$failed" -eq 0 ]
