#!/usr/bin/env bash
# 02-peering: the two networks see each other
#
# Peers the networks from both sides: a peering that only one side has made passes nothing. Flatline itself does not need
# it, since each side has its own way to the store; workloads do that copy their data to the other region. Has nothing to
# do where the clusters are there already (CLUSTERS=existing).
#
# Rights: Network Contributor on both networks.
# Cost: traffic between the regions.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  [[ "${CLUSTERS}" == create ]] || skip 'the clusters have their networks (CLUSTERS=existing)'
  require_azure
  local side
  for side in a b; do
    name_side "${side}"
    refuse_disconnected
  done
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_peering
  done
}

# Sets `peering` to the current side's.
name_peering() {
  peering=(--name "to-${OTHER}" --vnet-name "${NETWORK}" --resource-group "${GROUP}")
}

# One that lost its other side never connects again by itself, and Azure refuses the other side's until it is gone.
refuse_disconnected() {
  local peering state
  name_peering
  az_has network vnet peering show "${peering[@]}" || return 0
  state=$(az_ask peeringState network vnet peering show "${peering[@]}")
  [[ "${state}" != Disconnected ]] ||
    die "peering to-${OTHER} of ${NETWORK} is disconnected; delete it (\`$(quoted az network vnet peering delete "${peering[@]}" \
      --subscription "${SUBSCRIPTION}")\`) and run this step again"
}

ensure_peering() {
  local peering remote state
  name_peering
  if az_has network vnet peering show "${peering[@]}"; then
    state=$(az_ask peeringState network vnet peering show "${peering[@]}")
    say "peering of ${NETWORK} is there and ${state}"
    return
  fi
  remote=$(resource_id "${PREFIX}-${OTHER}" "Microsoft.Network/virtualNetworks/${PREFIX}-${OTHER}")
  say "peering of ${NETWORK} with ${PREFIX}-${OTHER}"
  az_run network vnet peering create "${peering[@]}" --remote-vnet "${remote}" --allow-vnet-access true
}

step_main "$@"
