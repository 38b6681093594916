#!/usr/bin/env bash
# Every test there is, found by folder: C under the sanitizers, fuzz replays, luacheck, Lua tests, flows.
# usage: tests/run.sh ROOT BUILD ASAN-BUILD [NAME...]   (names narrow it to matching files)
# Ends with "N passed, N failed, N skipped".
set -u
root=$1 build=$2 asan=$3; shift 3
export SW_ROOT=$root SW_BUILD=$build SW_ASAN=$asan SW_BOX=$build/syncwell-box
export SW_SHARED=${SW_SHARED:-$root/../shared}
export LSAN_OPTIONS=suppressions=$root/tests/support/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
unset SYNCWELL_HOME XDG_DATA_HOME
passed=0 failed=0 skipped=0
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

wanted() { # does any of the given names match?
  [ ${#names[@]} -eq 0 ] && return 0
  local n; for n in "${names[@]}"; do [[ $1 == *$n* ]] && return 0; done; return 1
}
names=("$@")

add() { passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3)); }

one() { # one NAME passed|failed [LOG]: a check that counts as one test
  if [ "$2" = passed ]; then add 1 0 0; else add 0 1 0; printf 'FAILED  %s\n' "$1"; [ -n "${3:-}" ] && tail -n 40 "$3"; fi
}

c_test() { # a cmocka program: count its tests
  local name out rc ok bad skip
  name=$(basename "$1"); out=$log/$name
  (cd "$root" && timeout 300 "$1") >"$out" 2>&1; rc=$?
  ok=$(grep -c '^\[       OK \]' "$out"); bad=$(grep -c '^\[  FAILED  \] [a-z]' "$out"); skip=$(grep -c '^\[  SKIPPED \] [a-z]' "$out")
  bad=$(grep '^\[  FAILED  \] [a-z]' "$out" | sort -u | wc -l); skip=$(grep '^\[  SKIPPED \] [a-z]' "$out" | sort -u | wc -l)
  [ $rc -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  add "$ok" "$bad" "$skip"
  if [ "$bad" -gt 0 ]; then printf 'FAILED  %s (exit %d)\n' "$name" $rc; grep -vE '^\[ (RUN|      OK)' "$out" | tail -n 60; else printf 'ok      %s: %d tests\n' "$name" "$ok"; fi
}

for t in "$asan"/tests/test_*; do
  [ -x "$t" ] && [ -f "$t" ] && wanted "$(basename "$t")" && c_test "$t"
done
for t in "$asan"/tests/fuzz_*; do
  [ -x "$t" ] && [ -f "$t" ] && wanted "$(basename "$t")" || continue
  name=$(basename "$t"); subject=${name#fuzz_}
  if timeout 600 "$t" "$root/tests/fuzz/corpus/$subject" 10000 >"$log/$name" 2>&1; then one "$name" passed; printf 'ok      %s: %s\n' "$name" "$(tail -n 1 "$log/$name")"
  else one "$name" failed "$log/$name"; fi
done
if wanted luacheck; then
  if (cd "$root" && luacheck -q lua rules providers tests/lua tests/flows tests/conformance tests/providers) >"$log/luacheck" 2>&1; then one luacheck passed; echo "ok      luacheck"; else one luacheck failed "$log/luacheck"; fi
fi
for t in "$root"/tests/lua/test_*.lua "$root"/tests/conformance/test_*.lua "$root"/tests/flows/test_*.lua; do
  [ -f "$t" ] && wanted "$(basename "$t")" || continue
  name=$(basename "$t" .lua); out=$log/$name
  timeout 900 "$build/syncwell" --lua-test "$t" >"$out" 2>&1; rc=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out" | tail -n 1)
  if [ -z "$line" ]; then one "$name" failed "$out"; continue; fi
  read -r p _ f _ s _ <<<"${line//,/}"
  [ $rc -ne 0 ] && [ "$f" -eq 0 ] && f=1
  add "$p" "$f" "$s"
  if [ "$f" -gt 0 ]; then printf 'FAILED  %s\n' "$name"; grep -v '^ok ' "$out" | tail -n 60
  else printf 'ok      %s: %s\n' "$name" "$line"; grep -E '^(note|skip)' "$out" | sed 's/^/        /'; fi
done
[ $((passed + failed + skipped)) -gt 0 ] || echo "no test file has ${names[*]:-a test} in its name" >&2
[ "$skipped" -gt 0 ] && echo "skipped tests need ../shared beside the checkout, or what their line says"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
