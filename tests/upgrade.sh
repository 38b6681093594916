#!/usr/bin/env bash
# Builds another revision of the project and lets this one take over its homes (tests/upgrade/test_upgrade.lua).
# usage: tests/upgrade.sh ROOT BUILD REVISION
set -eu
root=$1 build=$2 revision=${3:?which revision? ./run upgrade HEAD~100}
tree=$(mktemp -d)
trap 'git -C "$root" worktree remove --force "$tree/old" 2>/dev/null || true; rm -rf "$tree"' EXIT
git -C "$root" worktree add -q --detach "$tree/old" "$revision"
echo "building $(git -C "$tree/old" log -1 --format='%h of %cs: %s')"
{ cmake -S "$tree/old" -B "$tree/old/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSW_TESTS=OFF &&
  cmake --build "$tree/old/build"; } >"$tree/log" 2>&1 || { tail -n 40 "$tree/log"; exit 1; }
export SW_ROOT=$root SW_BUILD=$build SW_BOX=$build/syncwell-box SW_OLD=$tree/old/build/syncwell
unset SYNCWELL_HOME XDG_DATA_HOME
timeout 900 "$build/syncwell" --lua-test "$root/tests/upgrade/test_upgrade.lua"
