#!/usr/bin/env bash
# 07-identities: who may read and write the store
#
# Makes an identity for each cluster, which the service accounts of the beacon and of the workload in that cluster may take
# on (federated credentials: no key anywhere), and gives it the role `Storage Blob Data Contributor` on the container and on
# nothing else. A workload that has an identity of its own keeps it: give that one the same role. Has nothing to do where
# the identities are there already (CLIENT_ID_A and CLIENT_ID_B).
#
# Rights: Contributor on the resource groups PREFIX-a and PREFIX-b, and Role Based Access Control Administrator (or Owner)
# on the container. A new role is known everywhere after up to ten minutes.
# Cost: none.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  [[ -z "${CLIENT_ID_A}" ]] || skip 'they are there (CLIENT_ID_A, CLIENT_ID_B)'
  require_azure
  local side
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_group "${GROUP}" "${LOCATION}"
    ensure_identity "${IDENTITY}"
    ensure_trust
    ensure_store_role
  done
}

# Azure takes one change of an identity at a time, so these stand one after the other.
ensure_trust() {
  local issuer
  issuer=$(issuer_of_cluster)
  ensure_credential beacon "${issuer}" "system:serviceaccount:${BEACON_NAMESPACE}:${BEACON_RELEASE}"
  ensure_credential workload "${issuer}" "system:serviceaccount:${WORKLOAD_NAMESPACE}:${WORKLOAD_RELEASE}"
}

issuer_of_cluster() {
  local issuer
  issuer=$(setting_of OIDC_ISSUER)
  if [[ -n "${issuer}" ]]; then
    printf '%s\n' "${issuer}"
    return
  fi
  az_value "token issuer of ${CLUSTER}" oidcIssuerProfile.issuerUrl aks show --name "${CLUSTER}" --resource-group "${GROUP}"
}

# ensure_credential NAME ISSUER SUBJECT: the identity trusts a service account of a cluster; mended where it trusts another
# one, such as that of a cluster that was made anew.
ensure_credential() {
  local name=$1 issuer=$2 subject=$3 verb=create trusted
  local credential=(--name "${name}" --identity-name "${IDENTITY}" --resource-group "${GROUP}")
  if az_has identity federated-credential show "${credential[@]}"; then
    trusted=$(az_ask '[issuer,subject]' identity federated-credential show "${credential[@]}")
    if [[ "${trusted}" == "${issuer}"$'\n'"${subject}" ]]; then
      say "identity ${IDENTITY} trusts ${subject}"
      return
    fi
    verb=update
  fi
  say "identity ${IDENTITY} is to trust ${subject}"
  az_run identity federated-credential "${verb}" "${credential[@]}" --issuer "${issuer}" --subject "${subject}" \
    --audiences api://AzureADTokenExchange
}

ensure_store_role() {
  local principal
  principal=$(principal_of "${IDENTITY}")
  ensure_role "${principal}" 'Storage Blob Data Contributor' "${CONTAINER_ID}" "identity ${IDENTITY}"
}

step_main "$@"
