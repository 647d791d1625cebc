#!/usr/bin/env bash
# 24-drill-cut-both: the store is away from both clusters, and nobody takes over
#
# Denies all outgoing traffic of the beacons and the workload in both clusters, as drill 23 does in one. Must come out: the
# owner's guard stops the workload; the standby, which cannot read, does not take that for death, however long it lasts.
# With the store back the owner works again, under the same term.
#
# Rights: as drill 23, in both clusters.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"
# shellcheck source=lib/cut.sh
source "${LIB}/cut.sh"

ready() {
  require_cuttable a
  require_cuttable b
  refuse_unfit
}

plan() {
  cat <<PLAN
Denies all outgoing traffic of ${BEACON_RELEASE} and ${WORKLOAD_RELEASE} in both clusters, for some $((4 * THRESHOLD)) s.
Must come out: ${OWNER} stops, nobody takes over; with the store back ${OWNER} works again under term ${TERM_NOW}.
The workload stands still meanwhile.
PLAN
  say_how_to_mend a b
}

drill() {
  ACTED=$(now)
  # The standby first: were the owner cut alone for longer than the threshold, it would rightly be taken for dead.
  cut_off "${STANDBY}"
  expect_cut "${STANDBY}"
  cut_off "${OWNER}"
  expect_cut "${OWNER}"
  wait_until "$((THRESHOLD + 10))" 'owner.word == "stands by" and standby.word == "stands by"' "${OWNER} has stopped, nobody works"
  keep_looking "$((2 * THRESHOLD))" 'owner.word == "stands by" and standby.word == "stands by"' \
    'nobody works, and nobody takes over'
  undo run
  check_all 60 "${OWNER}" "${TERM_NOW}"
}

drill_main "$@"
