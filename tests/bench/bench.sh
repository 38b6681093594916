#!/usr/bin/env bash
# Benchmarks: ours beside references, as ratios of one run.
#   SW_BUILD=build tests/bench/bench.sh [--json] [--quick] [G4 G5 ...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export SW_BUILD=${SW_BUILD:-$root/build} SW_SHARED=${SW_SHARED:-$root/../shared}
if [ ! -x "$SW_BUILD/tests/bench/bench_json" ]; then
  echo "bench: no benchmark programs in $SW_BUILD; build with -DSW_BENCH=ON" >&2
  exit 1
fi
exec python3 "$here/bench.py" "$@"
