#!/usr/bin/env bash
# 01-networks: a virtual network in each region
#
# Makes, in the resource groups PREFIX-a and PREFIX-b, a network with two subnets: `nodes` for the cluster, `endpoints` for
# the store's private endpoint. Has nothing to do where the clusters are there already (CLUSTERS=existing).
#
# Rights: Contributor on the subscription, or on the two resource groups where they are there already.
# Cost: none.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  [[ "${CLUSTERS}" == create ]] || skip 'the clusters have their networks (CLUSTERS=existing)'
  require_azure
  local side
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_group "${GROUP}" "${LOCATION}"
    ensure_network
    ensure_subnet nodes "$(setting_of NODES)"
    ensure_subnet endpoints "$(setting_of ENDPOINTS)"
  done
}

ensure_network() {
  if az_has network vnet show --name "${NETWORK}" --resource-group "${GROUP}"; then
    say "network ${NETWORK} is there"
    return
  fi
  local range
  range=$(setting_of NETWORK)
  say "network ${NETWORK} with ${range}"
  az_run network vnet create --name "${NETWORK}" --resource-group "${GROUP}" --location "${LOCATION}" \
    --address-prefixes "${range}" --tags "${TAG}"
}

ensure_subnet() {
  local name=$1 range=$2
  if az_has network vnet subnet show --name "${name}" --vnet-name "${NETWORK}" --resource-group "${GROUP}"; then
    say "subnet ${name} is there"
    return
  fi
  say "subnet ${name} with ${range}"
  az_run network vnet subnet create --name "${name}" --vnet-name "${NETWORK}" --resource-group "${GROUP}" \
    --address-prefixes "${range}"
}

step_main "$@"
