#!/usr/bin/env bash
# 23-drill-cut-owner: the store is away from the owner's cluster, and the standby takes over
#
# Denies all outgoing traffic of the beacons and the workload in the owner's cluster by network policies. Must come out: the
# guard stops the workload, since nothing confirms its right to run, then the standby takes over. The policies are removed,
# and the old owner reads that another cluster owns the work and stays stopped.
#
# The network policies' engine must cut connections that stand already: Cilium, which step 04 sets up, does; Calico and
# others let them live. Where nothing is cut the drill says so and fails. With Cilium it takes a deny rule of Cilium's own,
# which goes before whatever other policies allow.
#
# Rights: to make and delete network policies in the namespaces of both releases; otherwise as drill 20.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"
# shellcheck source=lib/cut.sh
source "${LIB}/cut.sh"

ready() {
  require_cuttable "${OWNER}"
  refuse_unfit
}

plan() {
  cat <<PLAN
Denies all outgoing traffic of ${BEACON_RELEASE} and ${WORKLOAD_RELEASE} in cluster ${OWNER}: to the store, and to whatever else the workload uses.
Must come out: ${OWNER} stops, then ${STANDBY} works under term $((TERM_NOW + 1)), never both; with the store back ${OWNER} stands by.
The workload pauses for some seconds, and runs in cluster ${STANDBY} afterwards.
PLAN
  say_how_to_mend "${OWNER}"
}

drill() {
  ACTED=$(now)
  cut_off "${OWNER}"
  expect_cut "${OWNER}"
  expect_takeover
  undo run
  check_all 60 "${STANDBY}" "$((TERM_NOW + 1))"
  keep_looking "${THRESHOLD}" "${MOVED}" "${STANDBY} works, and ${OWNER} stands by although the store is back"
}

drill_main "$@"
