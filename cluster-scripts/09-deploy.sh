#!/usr/bin/env bash
# 09-deploy: the beacon and the example workload, in both clusters
#
# Writes the block `flatline` of each cluster, who and where, to flatline-a.yaml and flatline-b.yaml beside the settings; give
# the same file to every chart that uses the library. No secret is in it. Then it installs or upgrades, in both clusters, first
# the beacons and waits until they beat, then the workload without waiting: where a gate holds it back it becomes ready
# only when its cluster owns the work. With --only b it touches nothing but b, for the day when a is gone.
#
# Rights: to install into the namespaces of both releases, and to make them where they are missing; Reader on the identities.
# Cost: none beyond the nodes'.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  require_program helm 'to install the charts'
  require_program kubectl 'to find the clusters'
  require_dist "$(image_file heart-monitor)" "$(image_file flatline)" "$(chart_file heartbeat-writer)" \
    "$(chart_file hot-standby-example)"
  [[ -n "${CLIENT_ID_A}" ]] || require_azure
  local side
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    require_context
    write_values
  done
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    deploy_beacon
  done
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    deploy_workload
  done
  say_what_is_next
}

write_values() {
  local client digest content
  client=$(setting_of CLIENT_ID)
  [[ -n "${client}" ]] || client=$(client_of "${IDENTITY}")
  digest=$(image_digest heart-monitor)
  content="# Who and where, for every release in cluster ${SIDE}. Written by step 09 from the settings: change those instead.
flatline:
  cluster:
    this: ${SIDE}
    that: ${OTHER}
  store:
    type: blob
    blob:
      url: ${STORE}
      credential: workload-identity
      clientId: ${client}
  image:
    registry: ${IMAGE_REGISTRY}
    digest: ${digest}
  ownership: ${OWNERSHIP}"
  [[ "${CLUSTERS}" != create ]] || content+="
# Pods that are given to the wrong cluster stay pending: two clusters that take themselves for one both run.
nodeSelector:
  topology.kubernetes.io/region: ${LOCATION}"
  write_file "${VALUES}" "${content}"
}

# It beats as soon as its role is known, which takes up to ten minutes after step 07.
deploy_beacon() {
  local chart digest
  chart=$(chart_file heartbeat-writer)
  digest=$(image_digest flatline)
  say "beacon in cluster ${SIDE}"
  release "${BEACON_NAMESPACE}" "${BEACON_RELEASE}" "${chart}" "${BEACON_VALUES}" --set "image.digest=${digest}" \
    --wait --timeout 15m
}

# Without --wait: a standby that a gate holds back would never become ready.
deploy_workload() {
  local chart
  chart=$(chart_file hot-standby-example)
  say "workload in cluster ${SIDE}"
  release "${WORKLOAD_NAMESPACE}" "${WORKLOAD_RELEASE}" "${chart}" "${WORKLOAD_VALUES}"
}

# release NAMESPACE RELEASE CHART VALUES FLAGS...: installs or upgrades on the current side.
release() {
  local namespace=$1 name=$2 chart=$3 more=()
  [[ -z "$4" ]] || more=(--values "$4")
  shift 4
  run helm upgrade --install "${name}" "${chart}" --kube-context "${CONTEXT}" --namespace "${namespace}" \
    --create-namespace --values "${VALUES}" "${more[@]}" --set-string "fullnameOverride=${name}" "$@" ||
    die "helm could not deploy ${name} to cluster ${SIDE}. Where it says that another operation is in progress, an earlier run was \
killed: \`helm rollback ${name} --kube-context ${CONTEXT} --namespace ${namespace}\`, or \`helm uninstall\` where that was the first"
}

say_what_is_next() {
  name_side "${SIDES[0]}"
  local beacon=(kubectl --context "${CONTEXT}" --namespace "${BEACON_NAMESPACE}" exec "deploy/${BEACON_RELEASE}" --)
  say ''
  say "A new role is known everywhere after up to ten minutes. Then, in this order:"
  say "  who owns the work, and whose heart beats:  $(quoted "${beacon[@]}" heart-monitor status)"
  say "  whether store, clocks and timings are fit: $(quoted "${beacon[@]}" heart-monitor doctor)"
  say "  whether the beacon is well installed:      $(quoted helm test "${BEACON_RELEASE}" --kube-context "${CONTEXT}" \
    --namespace "${BEACON_NAMESPACE}")"
  say "  what the workload does:                    $(quoted kubectl --context "${CONTEXT}" \
    --namespace "${WORKLOAD_NAMESPACE}" logs "deploy/${WORKLOAD_RELEASE}" --follow)"
}

step_main "$@"
