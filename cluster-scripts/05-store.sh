#!/usr/bin/env bash
# 05-store: the storage account and the container of the heartbeats
#
# Makes, in the resource group PREFIX-store and in a region that is not cluster a's, a storage account
#   - with copies in three zones (Standard_ZRS) and no copy elsewhere, which would be stale;
#   - without public access: only the private endpoints of step 06 reach it;
#   - without shared keys and signatures: only identities with a role do;
#   - without versioning, soft delete and immutability, which would keep every beat or refuse the second one;
# and a container in it. Then it reads back all of that, and fails where something else is found. Has nothing to do where
# the store is there already (STORE_URL).
#
# Rights: Contributor on the resource group PREFIX-store. The container is made through Azure's management, so that nobody
# needs a right on the data.
# Cost: the transactions of beacons and monitors (docs/sizing.md).

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  [[ -z "${STORE_URL}" ]] || skip "the store is there (STORE_URL=${STORE_URL})"
  require_azure
  ensure_group "${STORE_GROUP}" "${LOCATION_STORE}"
  ensure_account
  ensure_plain_blobs
  ensure_container
}

ensure_account() {
  local account=(--name "${STORE_ACCOUNT}" --resource-group "${STORE_GROUP}")
  if ! az_has storage account show "${account[@]}"; then
    say "storage account ${STORE_ACCOUNT} in ${LOCATION_STORE}"
    az_run storage account create "${account[@]}" --location "${LOCATION_STORE}" \
      --kind StorageV2 --sku Standard_ZRS --access-tier Hot --https-only true --min-tls-version TLS1_2 \
      --public-network-access Disabled --default-action Deny --bypass None \
      --allow-blob-public-access false --allow-shared-key-access false --allow-cross-tenant-replication false \
      --tags "${TAG}"
    ! dry_run || return 0
  fi
  local query="[['region',primaryLocation],['copies',sku.name],['public network',publicNetworkAccess],\
['public blobs',allowBlobPublicAccess],['shared keys',allowSharedKeyAccess],['https only',enableHttpsTrafficOnly],\
['TLS',minimumTlsVersion],['immutability',immutableStorageWithVersioning.enabled]]"
  local expected="region: ${LOCATION_STORE}
copies: Standard_ZRS
public network: Disabled
public blobs: False
shared keys: False
https only: True
TLS: TLS1_2
immutability: None"
  verify "storage account ${STORE_ACCOUNT}" "${expected}" "${query}" storage account show "${account[@]}"
}

# What the account does with blobs that are overwritten: nothing.
ensure_plain_blobs() {
  local service=(--account-name "${STORE_ACCOUNT}" --resource-group "${STORE_GROUP}")
  local query="[['versions',isVersioningEnabled],['soft delete of blobs',deleteRetentionPolicy.enabled],\
['soft delete of containers',containerDeleteRetentionPolicy.enabled],['change feed',changeFeed.enabled],\
['access times',lastAccessTimeTrackingPolicy.enable]]"
  local expected="versions: False
soft delete of blobs: False
soft delete of containers: False
change feed: False
access times: False"
  local found=''
  if az_has storage account show --name "${STORE_ACCOUNT}" --resource-group "${STORE_GROUP}"; then
    found=$(properties "${query}" storage account blob-service-properties show "${service[@]}")
    # What was never switched on has no value.
    found=${found//None/False}
  fi
  if [[ "${found}" == "${expected}" ]]; then
    say "storage account ${STORE_ACCOUNT} keeps nothing of what is overwritten"
    return
  fi
  say "storage account ${STORE_ACCOUNT}: no versions, no soft delete, no change feed"
  az_run storage account blob-service-properties update "${service[@]}" --enable-versioning false \
    --enable-delete-retention false --enable-container-delete-retention false --enable-change-feed false \
    --enable-last-access-tracking false
}

ensure_container() {
  local container=(--name "${STORE_CONTAINER}" --storage-account "${STORE_ACCOUNT}" --resource-group "${STORE_GROUP}")
  if ! az_has storage container-rm show "${container[@]}"; then
    say "container ${STORE_CONTAINER}"
    az_run storage container-rm create "${container[@]}" --public-access off
    ! dry_run || return 0
  fi
  verify "container ${STORE_CONTAINER}" $'immutability policy: False\nlegal hold: False' \
    "[['immutability policy',hasImmutabilityPolicy],['legal hold',hasLegalHold]]" \
    storage container-rm show "${container[@]}"
}

# properties QUERY COMMAND...: prints `name: value` lines of a query that finds pairs.
properties() {
  local answer
  answer=$(az_ask "$@")
  printf '%s\n' "${answer//$'\t'/: }"
}

# verify WHAT EXPECTED QUERY COMMAND...: fails where something has other properties than it must have.
verify() {
  local what=$1 expected=$2 found
  found=$(properties "${@:3}")
  if [[ "${found}" == "${expected}" ]]; then
    say "${what} is as it must be"
    return
  fi
  diff <(printf '%s\n' "${expected}") <(printf '%s\n' "${found}") | sed -n 's/^</  must be/p; s/^>/  but is/p' >&2 || true
  die "${what} is not as it must be; change it, or make another one"
}

step_main "$@"
