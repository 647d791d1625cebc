#!/usr/bin/env bash
# 06-private-endpoints: each cluster's own way to the store
#
# Makes, in the network of each cluster, a private endpoint of the storage account and a private DNS zone of its own, in
# the resource group of that side. With one zone for both, a side would be answered with the other side's endpoint, and
# lose the store with the other's region. Then it makes sure that Azure has approved the endpoints. Has nothing to do where
# the store is there already (STORE_URL). Existing clusters need ENDPOINT_SUBNET_A and ENDPOINT_SUBNET_B.
#
# A network asks one zone of that name. Where an existing one has its zone already, or a DNS server of its own, Azure refuses
# the link or nobody asks it: put the endpoint's record where that network asks, and name the store in STORE_URL.
#
# Rights: Contributor on the resource groups PREFIX-a and PREFIX-b, and on the storage account.
# Cost: two private endpoints and two private DNS zones.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

# The zone in which Azure looks up the private addresses of blob accounts.
readonly ZONE=privatelink.blob.core.windows.net

step() {
  [[ -z "${STORE_URL}" ]] || skip "the way to the store is yours (STORE_URL=${STORE_URL})"
  require_azure
  local side
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_group "${GROUP}" "${LOCATION}"
    ensure_zone
    ensure_link
    ensure_endpoint
    ensure_records
    verify_approved
  done
}

ensure_zone() {
  if az_has network private-dns zone show --name "${ZONE}" --resource-group "${GROUP}"; then
    say "DNS zone ${ZONE} is there, in ${GROUP}"
    return
  fi
  say "DNS zone ${ZONE} in ${GROUP}"
  az_run network private-dns zone create --name "${ZONE}" --resource-group "${GROUP}" --tags "${TAG}"
}

# The zone is authoritative for every account that has private endpoints, and knows ours alone. Others of that kind, which
# this network reaches by their public names, would vanish, if Azure did not look for them outside (NxDomainRedirect).
ensure_link() {
  local link=(--name "${PREFIX}-${SIDE}" --zone-name "${ZONE}" --resource-group "${GROUP}")
  if az_has network private-dns link vnet show "${link[@]}"; then
    say "network of cluster ${SIDE} asks that zone"
    return
  fi
  say "network of cluster ${SIDE} is to ask that zone"
  az_run network private-dns link vnet create "${link[@]}" --virtual-network "${ENDPOINTS_NETWORK_ID}" \
    --registration-enabled false --resolution-policy NxDomainRedirect --tags "${TAG}"
}

ensure_endpoint() {
  if az_has network private-endpoint show --name "${PRIVATE_ENDPOINT}" --resource-group "${GROUP}"; then
    say "private endpoint ${PRIVATE_ENDPOINT} is there"
    return
  fi
  say "private endpoint ${PRIVATE_ENDPOINT}"
  az_run network private-endpoint create --name "${PRIVATE_ENDPOINT}" --resource-group "${GROUP}" \
    --location "${LOCATION}" --subnet "${ENDPOINTS_SUBNET_ID}" --private-connection-resource-id "${ACCOUNT_ID}" \
    --group-id blob --connection-name "${PRIVATE_ENDPOINT}" --tags "${TAG}"
}

# The endpoint's address in the zone, kept by Azure.
ensure_records() {
  local group=(--name store --endpoint-name "${PRIVATE_ENDPOINT}" --resource-group "${GROUP}")
  if az_has network private-endpoint dns-zone-group show "${group[@]}"; then
    say "private endpoint ${PRIVATE_ENDPOINT} is in that zone"
    return
  fi
  say "private endpoint ${PRIVATE_ENDPOINT} is to be in that zone"
  local zone
  zone=$(resource_id "${GROUP}" "Microsoft.Network/privateDnsZones/${ZONE}")
  az_run network private-endpoint dns-zone-group create "${group[@]}" --private-dns-zone "${zone}" --zone-name blob
}

verify_approved() {
  local found=(network private-endpoint show --name "${PRIVATE_ENDPOINT}" --resource-group "${GROUP}") state
  az_has "${found[@]}" || return 0
  state=$(az_ask 'privateLinkServiceConnections[0].privateLinkServiceConnectionState.status' "${found[@]}")
  [[ "${state}" == Approved ]] ||
    die "private endpoint ${PRIVATE_ENDPOINT} is ${state}, not Approved: whoever owns the storage account must approve it"
}

step_main "$@"
