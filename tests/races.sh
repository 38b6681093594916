#!/usr/bin/env bash
# Data races between the engine's threads (loop, writer, reader, pool): the Lua tests and flows with a program
# under the thread sanitizer. Several times slower than ./run test, so a command of its own.
# usage: tests/races.sh ROOT BUILD-RACES ASAN-BUILD [NAME...]   (names narrow it to matching files)
# What is found stands in BUILD-RACES/races; timed words in a test may fail here and then count as skipped.
# Ends with "N passed, N failed, N skipped"; a file fails when a race was seen in it.
set -u
root=$1 build=$2 asan=$3; shift 3
export SW_ROOT=$root SW_BUILD=$build SW_ASAN=$asan SW_BOX=$build/syncwell-box
export SW_SHARED=${SW_SHARED:-$root/../shared}
found=$build/races
rm -rf "$found"; mkdir -p "$found"
unset SYNCWELL_HOME XDG_DATA_HOME
passed=0 failed=0 skipped=0

wanted() { # does any of the given names match?
  [ $# -eq 1 ] && return 0
  local name=$1 n; shift
  for n in "$@"; do [[ $name == *$n* ]] && return 0; done; return 1
}

for t in "$root"/tests/lua/test_*.lua "$root"/tests/flows/test_*.lua; do
  name=$(basename "$t" .lua)
  wanted "$name" "$@" || continue
  TSAN_OPTIONS="exitcode=66 history_size=4 log_path=$found/$name" \
    timeout 1800 "$build/syncwell" --lua-test "$t" >"$found/$name.out" 2>&1
  rc=$? seen=$(cat "$found/$name".[0-9]* 2>/dev/null | grep -c '^WARNING: ThreadSanitizer')
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$found/$name.out" | tail -n 1)
  if [ "$seen" -gt 0 ]; then
    failed=$((failed + 1)); printf 'FAILED  %s: %d reports in %s\n' "$name" "$seen" "$found"
  elif [ $rc -eq 0 ]; then
    passed=$((passed + 1)); printf 'ok      %s: %s\n' "$name" "$line"
  else
    skipped=$((skipped + 1)); printf 'skipped %s: no race seen, but it ended with %d: %s\n' "$name" $rc "${line:-nothing said}"
  fi
done
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ] && [ $passed -gt 0 ]
