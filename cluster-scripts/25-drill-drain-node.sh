#!/usr/bin/env bash
# 25-drill-drain-node: a node with a beacon of the owner is cordoned and drained, and nothing happens
#
# Cordons the node of one of the owner's beacons, and evicts that beacon as `kubectl drain` does, which heeds its
# disruption budget; pods that are no beacons of a release of that name stay on the node. Must come out: the heart is never flat, nobody takes over, the workload is
# never stopped. Then the node is uncordoned.
#
# Rights: to cordon nodes and to evict pods; otherwise as drill 20.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"

ready() {
  require_two_beacons "${OWNER}"
  local cordoned
  NODE=$(pods_of "${OWNER}" beacon | jq -rs '[.[] | select(.ready)][0].node') || NODE='<node>'
  cordoned=$(kube "${OWNER}" get nodes --output json | jq -r '.items[] | select(.spec.unschedulable).metadata.name') || cordoned=''
  [[ $'\n'"${cordoned}"$'\n' != *$'\n'"${NODE}"$'\n'* ]] ||
    unfit "node ${NODE} of cluster ${OWNER} is cordoned already; \`kubectl uncordon\` it, or wait for whoever is at it"
  refuse_unfit
}

plan() {
  cat <<PLAN
Cordons node ${NODE} of cluster ${OWNER}, evicts the beacon on it, and uncordons the node.
Must come out: for $((2 * THRESHOLD)) s the heart of ${OWNER} is not flat, ${OWNER} works without a pause, ${STANDBY} stands by.
PLAN
}

drill() {
  local labels
  labels=$(beacon_labels)
  kubectl_in "${OWNER}" "${BEACON_NAMESPACE}"
  to_undo kubectl --context "${CONTEXT}" uncordon "${NODE}"
  act kubectl --context "${CONTEXT}" cordon "${NODE}"
  beside kubectl --context "${CONTEXT}" drain "${NODE}" --pod-selector "${labels}" --ignore-daemonsets \
    --delete-emptydir-data --timeout 3m
  keep_looking "$((2 * THRESHOLD))" "${QUIET}" "${OWNER} works, and for ${STANDBY} its heart is not flat"
  undo run
  on "${OWNER}"
  beside "${KUBECTL[@]}" rollout status "deployment/${BEACON_RELEASE}" --timeout 3m
  check_all 30 "${OWNER}" "${TERM_NOW}"
}

drill_main "$@"
