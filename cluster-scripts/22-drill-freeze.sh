#!/usr/bin/env bash
# 22-drill-freeze: processes of the owner's cluster stand still for longer than the threshold, and go on
#
# Starts a pod on each node concerned, in the node's process namespace, which stops the processes of the containers
# (SIGSTOP) and lets them go on (SIGCONT) when it is deleted, or by itself after a while, whatever happens to this script.
# From inside its own namespace a container's first process cannot be stopped, hence the node's. What stands still:
#   beacons    (default) all beacons. The guard stops the workload, the standby takes over; thawed, the old owner's heart
#              beats again and its workload stays stopped.
#   workload   guard and workload. The beacons beat, so nobody takes over and nobody works; thawed, the guard kills the
#              workload at once and starts it again, under the same term.
#   all        both, as on a host that pauses. The standby takes over; thawed, the guard kills the workload at once. Until it
#              does, some milliseconds after the thaw, the old workload may run: against those only the fencing token helps
#              (docs/operations.md). So the samples leave out the moment of the thaw, and the logs are not compared.
#
# Rights: to make pods with hostPID and the capability KILL in DRILL_NAMESPACE of the owner's cluster, which policies may
# forbid (it must allow privileged pods), and to exec into them; otherwise as drill 20.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"
# shellcheck source=lib/freeze.sh
source "${LIB}/freeze.sh"

WHAT=beacons

print_own_flags() {
  printf '  --what beacons|workload|all   what stands still\n'
}

own_flag() {
  TAKEN=0
  [[ "$1" == --what ]] || return 0
  TAKEN=2
  WHAT=${2:-}
  [[ "${WHAT}" == beacons || "${WHAT}" == workload || "${WHAT}" == all ]] || die '--what takes beacons, workload or all'
}

plan() {
  say "Stops the processes of cluster ${OWNER} (${WHAT}) from their nodes for some $((THRESHOLD + 10)) s, and thaws them."
  if [[ "${WHAT}" == workload ]]; then
    say "Must come out: ${STANDBY} stands by; thawed, ${OWNER} works again under term ${TERM_NOW}."
  else
    say "Must come out: ${STANDBY} works under term $((TERM_NOW + 1)), never both; thawed, ${OWNER}'s heart beats and ${OWNER} stands by."
    say "The workload pauses for some seconds, and runs in cluster ${STANDBY} afterwards."
    [[ "${WHAT}" != all ]] || say "THAWED, THE OLD WORKLOAD MAY RUN FOR SOME MILLISECONDS BESIDE THE NEW ONE, until its guard kills it."
  fi
}

drill() {
  make_freezers "${WHAT}"
  ACTED=$(now)
  freeze
  case ${WHAT} in
    beacons) expect_takeover ;;
    all)
      DIARIES_JUDGE=no
      wait_until "$((THRESHOLD + 20))" 'standby.word == "works"' "${STANDBY} works"
      ;;
    *) keep_looking "$((THRESHOLD + 5))" 'owner.word == "silent" and standby.word == "stands by"' \
      "${OWNER} stands still, and ${STANDBY} stands by since the heart of ${OWNER} beats" ;;
  esac
  undo run
  dry_run || sleep 2
  if [[ "${WHAT}" == workload ]]; then
    check_all 60 "${OWNER}" "${TERM_NOW}"
  else
    check_all 60 "${STANDBY}" "$((TERM_NOW + 1))"
    keep_looking "${THRESHOLD}" "${MOVED}" "${STANDBY} works, and ${OWNER} stands by"
  fi
}

drill_main "$@"
