#!/usr/bin/env bash
# 90-tear-down: remove everything that the steps made
#
# Uninstalls the workload and the beacon from existing clusters (CLUSTERS=existing), takes back the role on an existing
# store (STORE_URL), and deletes the resource groups PREFIX-a, PREFIX-b and PREFIX-store with everything in them: clusters,
# networks, registries, identities, the store. A group that the steps did not make (it has no tag flatline=PREFIX) is left
# alone. Asks for the prefix first, unless --yes is given. With --only it removes one side and leaves the store.
#
# Rights: Owner, or Contributor with Role Based Access Control Administrator, on the resource groups.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  require_azure
  local groups=() side
  [[ "${#SIDES[@]}" == 1 || -n "${STORE_URL}" ]] || groups+=("${STORE_GROUP}")
  for side in "${SIDES[@]}"; do
    groups+=("${PREFIX}-${side}")
  done
  find_ours "${groups[@]}"
  confirm
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    [[ "${CLUSTERS}" == create ]] || uninstall
    [[ -z "${STORE_URL}" || -n "${CLIENT_ID_A}" ]] || take_back_role
  done
  local group
  for group in "${OURS[@]}"; do
    say "resource group ${group} goes; Azure takes some minutes for it"
    az_run group delete --name "${group}" --yes --no-wait
  done
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    [[ "${CLUSTERS}" == existing ]] || forget_context
    forget_values
  done
}

# find_ours GROUP...: sets OURS to those that are there and were made by the steps.
find_ours() {
  local group mark
  OURS=()
  for group in "$@"; do
    if ! az_has group show --name "${group}"; then
      # Where nothing can be asked, a dry run shows what would go.
      if [[ "${ASKING}" == no ]]; then OURS+=("${group}"); fi
      continue
    fi
    mark=$(az_ask tags.flatline group show --name "${group}")
    if [[ "${mark}" == "${PREFIX}" ]]; then
      OURS+=("${group}")
    else
      warn "resource group ${group} has no tag ${TAG}, so it was not made by these steps and is left alone"
    fi
  done
}

confirm() {
  say "this deletes for ever, in subscription ${SUBSCRIPTION}: ${OURS[*]:-no resource group}"
  if dry_run || [[ "${YES}" == yes ]]; then
    return 0
  fi
  local answer=''
  printf 'type the prefix (%s) to go on: ' "${PREFIX}" >&2
  read -r answer || true
  [[ "${answer}" == "${PREFIX}" ]] || die 'nothing was deleted'
}

# The workload goes first: as long as it runs its cluster's beacon beats.
uninstall() {
  if ! has_context "${CONTEXT}" && ! dry_run; then
    warn "kubeconfig has no context ${CONTEXT}: nothing is uninstalled from cluster ${SIDE}"
    return
  fi
  run helm uninstall "${WORKLOAD_RELEASE}" --kube-context "${CONTEXT}" --namespace "${WORKLOAD_NAMESPACE}" \
    --ignore-not-found --wait
  run helm uninstall "${BEACON_RELEASE}" --kube-context "${CONTEXT}" --namespace "${BEACON_NAMESPACE}" \
    --ignore-not-found --wait
}

# An assignment outlives the identity that has it.
take_back_role() {
  az_has identity show --name "${IDENTITY}" --resource-group "${GROUP}" || return 0
  local principal ids id
  principal=$(principal_of "${IDENTITY}")
  ids=$(az_roles "${principal}" 'Storage Blob Data Contributor' "${CONTAINER_ID}")
  for id in ${ids}; do
    say "identity ${IDENTITY} loses its role on the store"
    az_run role assignment delete --ids "${id}"
  done
}

forget_context() {
  has_context "${CONTEXT}" || return 0
  say "context ${CONTEXT} leaves kubeconfig"
  run kubectl config delete-context "${CONTEXT}"
  # `az aks get-credentials` gave the cluster the context's name, and the user one of its own.
  run kubectl config delete-cluster "${CONTEXT}"
  run kubectl config delete-user "clusterUser_${GROUP}_${CLUSTER}"
}

forget_values() {
  [[ -f "${VALUES}" ]] || return 0
  run rm -- "${VALUES}"
}

step_main "$@"
