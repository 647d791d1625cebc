#!/usr/bin/env bash
# 21-drill-delete-beacon: the owner's beacons are gone, and the standby takes over
#
# Deletes the beacon's Deployment in the owner's cluster. Must come out: the owner's guard stops its workload, then the
# standby finds the heart flat and takes over, under the next term. Then Helm brings the Deployment back (a rollback to the
# very revision that is installed), the old owner's heart beats again, and its workload stays where it is: stopped. Nothing
# returns by itself; step 30 brings the work home.
#
# Rights: as step 09, in the owner's cluster; to exec into pods and to reach them through the API server in both.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"

ready() {
  require_program helm 'to bring the Deployment back'
  on "${OWNER}"
  local found
  REVISION='<revision>'
  command -v helm >/dev/null || return 0
  found=$(ask helm status "${BEACON_RELEASE}" --kube-context "${CONTEXT}" --namespace "${BEACON_NAMESPACE}" --output json |
    jq -r 'select(.info.status == "deployed").version') || found=''
  [[ -n "${found}" ]] || unfit "Helm names no deployed release ${BEACON_RELEASE} in cluster ${OWNER}, so the Deployment could not be brought back"
  REVISION=${found:-${REVISION}}
  refuse_unfit
}

plan() {
  cat <<PLAN
Deletes the Deployment ${BEACON_RELEASE} in cluster ${OWNER}, waits for the takeover, and has Helm bring it back.
Must come out: ${OWNER} stops, then ${STANDBY} works under term $((TERM_NOW + 1)), never both; ${OWNER}'s heart beats again and ${OWNER} stands by.
The workload pauses for some seconds, and runs in cluster ${STANDBY} afterwards.
PLAN
}

drill() {
  on "${OWNER}"
  to_undo helm rollback "${BEACON_RELEASE}" "${REVISION}" --kube-context "${CONTEXT}" \
    --namespace "${BEACON_NAMESPACE}" --wait --timeout 5m
  kubectl_in "${OWNER}" "${BEACON_NAMESPACE}"
  act "${KUBECTL[@]}" delete deployment "${BEACON_RELEASE}"
  expect_takeover
  undo beside
  keep_looking "${THRESHOLD}" "${MOVED}" "${STANDBY} works, and ${OWNER} stands by although its beacon is back"
  check_all 30 "${STANDBY}" "$((TERM_NOW + 1))"
}

drill_main "$@"
