# shellcheck shell=bash
# Taking the store away from a cluster, by network policies that deny the pods all outgoing traffic. Answers to whoever asks
# the pods are no outgoing traffic, so that they can still be looked at.

# require_cuttable SIDE: ordinary policies only allow, so that one which allows what we deny would win.
require_cuttable() {
  local namespace allowing
  ! has_cilium "$1" || return 0
  for namespace in "${BEACON_NAMESPACE}" "${WORKLOAD_NAMESPACE}"; do
    allowing=$(kube "$1" --namespace "${namespace}" get networkpolicies --output json |
      jq -r '[.items[] | select(.spec.egress != null and .spec.egress != []).metadata.name] | join(", ")') || allowing=''
    [[ -z "${allowing}" ]] ||
      unfit "network policies of namespace ${namespace} in cluster $1 allow outgoing traffic (${allowing}): no other policy can deny it, so take them away for the drill"
  done
}

# policy_kind SIDE: prints the kind of policy that denies there.
policy_kind() {
  if has_cilium "$1"; then echo ciliumnetworkpolicy; else echo networkpolicy; fi
}

# cut_off SIDE: denies outgoing traffic of its beacons and its workload.
cut_off() {
  local kind namespace release
  kind=$(policy_kind "$1")
  on "$1"
  for namespace in "${BEACON_NAMESPACE}" "${WORKLOAD_NAMESPACE}"; do
    release=${BEACON_RELEASE}
    [[ "${namespace}" == "${BEACON_NAMESPACE}" ]] || release=${WORKLOAD_RELEASE}
    deny "${kind}" "${namespace}" "${release}"
  done
  # Releases that share a namespace have been given one policy, for the beacons.
  if [[ "${BEACON_NAMESPACE}" == "${WORKLOAD_NAMESPACE}" ]]; then
    deny "${kind}" "${WORKLOAD_NAMESPACE}" "${WORKLOAD_RELEASE}"
  fi
}

# deny KIND NAMESPACE RELEASE: denies outgoing traffic of a release's pods on the current side.
deny() {
  local name=flatline-drill-$3 file=${SCRATCH}/deny-${SIDE}-$3.json
  "deny_by_$1" "${name}" "$3" >"${file}"
  to_undo kubectl --context "${CONTEXT}" --namespace "$2" delete "$1" "${name}" --ignore-not-found
  run kubectl --context "${CONTEXT}" --namespace "$2" create --filename "${file}"
}

deny_by_networkpolicy() {
  jq -n --arg name "$1" --arg release "$2" --arg mark "${DRILL_LABEL}" '{
    apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy",
    metadata: {name: $name, labels: {($mark): "cut"}},
    spec: {podSelector: {matchLabels: {"app.kubernetes.io/instance": $release}}, policyTypes: ["Egress"]}
  }'
}

deny_by_ciliumnetworkpolicy() {
  jq -n --arg name "$1" --arg release "$2" --arg mark "${DRILL_LABEL}" '{
    apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy",
    metadata: {name: $name, labels: {($mark): "cut"}},
    spec: {endpointSelector: {matchLabels: {"app.kubernetes.io/instance": $release}}, egressDeny: [{toEntities: ["all"]}]}
  }'
}

# expect_cut SIDE: its workload's guard can no longer read the record.
expect_cut() {
  wait_until "$((THRESHOLD + 5))" ".$1 | any(.states[]; .record.state == \"unreadable\")" \
    "cluster $1 cannot read the store" \
    'The engine of network policies lets standing connections live, or it enforces no policies at all'
}

# say_how_to_mend SIDE...: a policy stays until somebody takes it away, also where this script is killed or loses its network.
say_how_to_mend() {
  local side namespace
  say 'Should this script be killed before it has taken its policies away, do that by hand, or the store stays away:'
  for side in "$@"; do
    on "${side}"
    for namespace in "${BEACON_NAMESPACE}" "${WORKLOAD_NAMESPACE}"; do
      say "  $(quoted kubectl --context "${CONTEXT}" --namespace "${namespace}" delete "$(policy_kind "${side}")" --selector "${DRILL_LABEL}")"
    done
  done
}
