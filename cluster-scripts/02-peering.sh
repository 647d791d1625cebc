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
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_peering
  done
}

ensure_peering() {
  local name=to-${OTHER} remote state
  remote=$(resource_id "${PREFIX}-${OTHER}" "Microsoft.Network/virtualNetworks/${PREFIX}-${OTHER}")
  local found=(network vnet peering show --name "${name}" --vnet-name "${NETWORK}" --resource-group "${GROUP}")
  if ! az_has "${found[@]}"; then
    say "peering of ${NETWORK} with ${PREFIX}-${OTHER}"
    az_run network vnet peering create --name "${name}" --vnet-name "${NETWORK}" --resource-group "${GROUP}" \
      --remote-vnet "${remote}" --allow-vnet-access true
    return
  fi
  state=$(az_ask peeringState "${found[@]}")
  say "peering of ${NETWORK} is there and ${state}"
  # One that lost its other side never connects again by itself.
  [[ "${state}" != Disconnected ]] ||
    die "peering ${name} of ${NETWORK} is disconnected; delete it (\`az network vnet peering delete\`) and run this step again"
}

step_main "$@"
