#!/usr/bin/env bash
# 20-drill-kill-beacon: one of the owner's beacons dies, and nothing happens
#
# Deletes one beacon pod in the owner's cluster, with a second to end. The other one goes on beating and Kubernetes starts
# a new one. Must come out: the heart is never flat, nobody takes over, the workload is never stopped.
#
# Rights: to delete a pod, to exec into pods and to reach them through the API server, in the namespaces of both releases.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"

ready() {
  require_two_beacons "${OWNER}"
  refuse_unfit
}

plan() {
  cat <<PLAN
Deletes one of the beacon pods of cluster ${OWNER}.
Must come out: for $((2 * THRESHOLD)) s the heart of ${OWNER} is not flat, ${OWNER} works without a pause, ${STANDBY} stands by.
PLAN
}

drill() {
  local pod
  pod=$(pods_of "${OWNER}" beacon | jq -rs '[.[] | select(.ready)][0].name') || pod='<beacon>'
  kubectl_in "${OWNER}" "${BEACON_NAMESPACE}"
  act "${KUBECTL[@]}" delete pod "${pod}" --grace-period 1 --wait=false
  keep_looking "$((2 * THRESHOLD))" "${QUIET}" "${OWNER} works, and for ${STANDBY} its heart is not flat"
  beside "${KUBECTL[@]}" rollout status "deployment/${BEACON_RELEASE}" --timeout 3m
  check_all 30 "${OWNER}" "${TERM_NOW}"
}

drill_main "$@"
