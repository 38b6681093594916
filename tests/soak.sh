#!/usr/bin/env bash
# The long tests, apart from ./run test: fuzzing by coverage, and hundreds of kills.
# usage: tests/soak.sh ROOT BUILD ASAN-BUILD [MINUTES]   (MINUTES a fuzz target, fractions too; default 10)
# SW_SEEDS="1 2 3" chooses the seeds of the kill test, SW_KILLS its kills a seed (default 500),
# SW_ONLY=word narrows everything to what has that word in its name.
# Inputs that break something stay in BUILD/soak. Ends with "N passed, N failed".
set -u
root=$1 build=$2 asan=$3 minutes=${4:-10}
only=${SW_ONLY:-}
passed=0 failed=0
work=$(mktemp -d)
found=$build/soak
trap 'rm -rf "$work"' EXIT
mkdir -p "$found"
export SW_ROOT=$root SW_BUILD=$build SW_ASAN=$asan SW_BOX=$build/syncwell-box
export SW_SHARED=${SW_SHARED:-$root/../shared}
export LSAN_OPTIONS=suppressions=$root/tests/support/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
unset SYNCWELL_HOME XDG_DATA_HOME

seconds=$(awk -v m="$minutes" 'BEGIN { s = int(m * 60); print s < 1 ? 1 : s }')

one() { # one NAME passed|failed WORDS [LOG]
  if [ "$2" = passed ]; then passed=$((passed + 1)); printf 'ok      %s: %s\n' "$1" "$3"
  else failed=$((failed + 1)); printf 'FAILED  %s: %s\n' "$1" "$3"; [ -n "${4:-}" ] && tail -n 40 "$4"; fi
}

wanted() { [ -z "$only" ] || [[ $1 == *$only* ]]; }

packages="lua5.4 libuv sqlite3 libsodium libcrypto expat libzip libzstd zlib libical libqrencode libcurl libmicrohttpd libseccomp
  jansson"
packages=$(echo $packages)

# All of core but the programs, once, with coverage and the sanitizers.
build_library() {
  local source object flags
  # the names of libraries that are opened late (core/base/late.h), as the build found them
  grep -o 'SW_LIB[A-Z]*=\\"[^"\]*' "$build/build.ninja" | sort -u | sed 's/=\\"/ "/; s/$/"/; s/^/#define /' >"$work/late.h"
  flags="$(pkg-config --cflags $packages) -include $work/late.h"
  mkdir -p "$work/objects"
  find "$root/core" -name '*.c' ! -path '*/app/*' ! -path '*/box/main.c' | sort >"$work/sources"
  while read -r source; do
    object=$work/objects/$(echo "${source#"$root"/core/}" | tr / _).o
    printf '%s\0%s\0' "$source" "$object"
  done <"$work/sources" |
    xargs -0 -n 2 -P 2 sh -c 'clang -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer '"$flags"' \
      -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -I"'"$root"'/core" -c "$0" -o "$1"' >"$work/build.log" 2>&1
}

fuzz_with_coverage() { # fuzz_with_coverage SOURCE
  local name subject log line rc
  name=$(basename "$1" .c); subject=${name#fuzz_}; log=$work/$name.log
  mkdir -p "$work/corpus/$subject"
  if ! clang -std=gnu11 -D_GNU_SOURCE -O1 -g $(pkg-config --cflags $packages) -fsanitize=fuzzer,address,undefined \
      -fno-sanitize-recover=all -I"$root/core" -I"$root/tests" "$1" "$work"/objects/*.o -o "$work/$name" \
      $(pkg-config --libs $packages) -lm >"$log" 2>&1; then
    one "$name" failed "does not build" "$log"; return
  fi
  "$work/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$found/$name-" "$work/corpus/$subject" "$root/tests/fuzz/corpus/$subject" >"$log" 2>&1
  rc=$?
  line=$(awk '/number_of_executed_units/ { runs = $2 } /^#[0-9]+.*cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
    END { printf "%d runs, %d edges reached", runs, cov }' "$log")
  if [ $rc -eq 0 ]; then one "$name" passed "$line in $seconds s"
  else one "$name" failed "$line, then a finding (exit $rc), kept in $found" "$log"; fi
}

fuzz_with_driver() { # fuzz_with_driver PROGRAM: without clang, seeded mutations until the time is over
  local name subject log end seed=1
  name=$(basename "$1"); subject=${name#fuzz_}; log=$work/$name.log
  end=$((SECONDS + seconds))
  while [ $SECONDS -lt $end ]; do
    if ! timeout 3600 "$1" "$root/tests/fuzz/corpus/$subject" 20000 $seed >"$log" 2>&1; then
      one "$name" failed "a finding with seed $seed" "$log"; return
    fi
    seed=$((seed + 1))
  done
  one "$name" passed "$(((seed - 1) * 20000)) mutations of the plain driver"
}

kills() { # kills SEED
  local log=$work/kill.$1 line rc
  SW_SEED=$1 SW_KILLS=${SW_KILLS:-500} SW_SOAK=1 timeout 7200 "$build/syncwell" --lua-test "$root/tests/flows/test_kill.lua" >"$log" 2>&1
  rc=$?
  line=$(grep '^note' "$log" | tail -n 1)
  if [ $rc -eq 0 ] && [ -n "$line" ]; then one "kill -9, seed $1" passed "${line#note }"
  else one "kill -9, seed $1" failed "exit $rc" "$log"; fi
}

targets=$(for t in "$root"/tests/fuzz/fuzz_*.c; do wanted "$(basename "$t" .c)" && echo "$t"; done)
if [ -n "$targets" ]; then
  if command -v clang >/dev/null; then
    echo "fuzzing by coverage, $seconds s a target"
    if build_library; then for t in $targets; do fuzz_with_coverage "$t"; done
    else one "fuzzing" failed "the library does not build with clang" "$work/build.log"; fi
  else
    echo "no clang here: the plain driver, $seconds s a target"
    for t in $targets; do [ -x "$asan/tests/$(basename "$t" .c)" ] && fuzz_with_driver "$asan/tests/$(basename "$t" .c)"; done
  fi
fi
for seed in ${SW_SEEDS:-20250301 1 2 3}; do wanted kill && kills "$seed"; done
rmdir "$found" 2>/dev/null
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ] && [ $passed -gt 0 ]
