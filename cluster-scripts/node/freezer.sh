#!/bin/sh
# shellcheck disable=SC2250
# Runs in a pod in the node's process namespace, under whatever shell its image has:
#   freezer.sh SECONDS CONTAINER...
# Waits for the file that says go, stops all processes of the containers, and lets them go on after SECONDS, or when it is
# told to end. A container is known by its id, which is in the name of its processes' control group.

proc=${PROC:-/proc}
go=${GO:-/tmp/go}
seconds=$1
shift

processes() {
  for container; do
    grep -l -- "$container" "$proc"/[0-9]*/cgroup 2>/dev/null
  done | sed 's#.*/\([0-9]*\)/cgroup#\1#'
}

signal() {
  # shellcheck disable=SC2046
  set -- "$1" $(shift && processes "$@")
  [ $# -gt 1 ] && kill "$@" 2>/dev/null
}

thaw() {
  signal -CONT "$@"
  echo thawed
}

trap 'thaw "$@"; exit 0' TERM INT HUP

waited=0
while [ ! -e "$go" ]; do
  sleep 1 &
  wait $!
  waited=$((waited + 1))
  [ "$waited" -lt 300 ] || exit 1
done
# Twice: what was started between the look and the signal is found by the second look.
signal -STOP "$@"
signal -STOP "$@"
echo "frozen: $(processes "$@" | wc -l) processes"
sleep "$seconds" &
wait $!
thaw "$@"
