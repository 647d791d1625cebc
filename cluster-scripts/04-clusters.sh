#!/usr/bin/env bash
# 04-clusters: an AKS cluster in each region
#
# Makes an identity for each cluster, which may change the cluster's subnet and nothing else, and an AKS cluster:
#   - an OIDC issuer and workload identity, so that pods reach the store without a key;
#   - nodes over several zones, so that the two beacons of a cluster do not fall together;
#   - Cilium as the engine of network policies, since the charts bring some;
#   - the right to pull from its region's registry;
#   - upgrades by Azure, each cluster on a day of its own (MAINTENANCE_A, MAINTENANCE_B);
#   - no SSH key, and no local accounts where ADMIN_GROUP names who administers it.
# Then it adds each cluster to kubeconfig under its context. Has nothing to do where the clusters are there already
# (CLUSTERS=existing).
#
# Rights: Contributor on the resource groups PREFIX-a and PREFIX-b, and Role Based Access Control Administrator (or
# Owner) for the roles of the clusters' identities.
# A new role is not known everywhere at once: where Azure refuses the subnet, run the step again a minute later.
# Cost: the nodes, by far the most of everything here, and the clusters' tier. Takes about ten minutes.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  [[ "${CLUSTERS}" == create ]] || skip 'they are there (CLUSTERS=existing)'
  require_azure
  require_program kubectl 'to add the clusters to kubeconfig; az aks install-cli installs it'
  # az prepares a context for kubelogin only where it finds it.
  [[ -z "${ADMIN_GROUP}" ]] ||
    require_program kubelogin 'by kubectl for clusters with ADMIN_GROUP; az aks install-cli installs it'
  local side
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_group "${GROUP}" "${LOCATION}"
    ensure_identity "${CLUSTER_IDENTITY}"
    ensure_subnet_role
    ensure_cluster
    ensure_pull_role
    ensure_window aksManagedAutoUpgradeSchedule
    ensure_window aksManagedNodeOSUpgradeSchedule
    ensure_context
  done
}

ensure_subnet_role() {
  local principal
  principal=$(principal_of "${CLUSTER_IDENTITY}")
  ensure_role "${principal}" 'Network Contributor' "${NODES_SUBNET_ID}" "identity ${CLUSTER_IDENTITY}"
}

ensure_cluster() {
  local found=(aks show --name "${CLUSTER}" --resource-group "${GROUP}") state
  if az_has "${found[@]}"; then
    wait_for_cluster
    state=$(az_ask provisioningState "${found[@]}")
    say "cluster ${CLUSTER} is there: ${state}"
    [[ "${state}" != Failed && "${state}" != Canceled ]] ||
      die "cluster ${CLUSTER} could not be made; look at it (\`az aks show\`), delete it (\`az aks delete\`) and run this step again"
    return
  fi
  refuse_stale_context
  local options identity
  identity=$(resource_id "${GROUP}" "Microsoft.ManagedIdentity/userAssignedIdentities/${CLUSTER_IDENTITY}")
  cluster_options
  say "cluster ${CLUSTER} with ${NODE_COUNT} nodes of ${NODE_SIZE}; this takes some minutes"
  az_run aks create --name "${CLUSTER}" --resource-group "${GROUP}" --location "${LOCATION}" \
    --node-resource-group "${GROUP}-nodes" --tags "${TAG}" "${options[@]}" \
    --assign-identity "${identity}" --vnet-subnet-id "${NODES_SUBNET_ID}" --skip-subnet-role-assignment --yes
}

# Azure goes on with a cluster whose making was interrupted here.
wait_for_cluster() {
  local state
  state=$(az_ask provisioningState aks show --name "${CLUSTER}" --resource-group "${GROUP}")
  [[ "${state}" == Creating || "${state}" == Updating ]] || return 0
  say "cluster ${CLUSTER} is there: ${state}; this takes some minutes"
  dry_run || ask az aks wait --name "${CLUSTER}" --resource-group "${GROUP}" --subscription "${SUBSCRIPTION}" \
    --custom "provisioningState!='Creating' && provisioningState!='Updating'" --interval 20 --timeout 3600
}

# A context of a cluster that is not there belongs to an earlier one, or to something else.
refuse_stale_context() {
  [[ "${ASKING}" == yes ]] && has_context "${CONTEXT}" || return 0
  die "kubeconfig has a context ${CONTEXT} although cluster ${CLUSTER} is not there; remove it (\`kubectl config \
delete-context ${CONTEXT}\`), or set CONTEXT_${SIDE^^} to another name"
}

# Sets `options` to what the settings say of a cluster.
cluster_options() {
  local zones dns
  read -ra zones <<<"$(setting_of ZONES)"
  dns=$(cidr_address "${SERVICES}" 10)
  options=(
    --tier "${CLUSTER_TIER}"
    --node-count "${NODE_COUNT}" --node-vm-size "${NODE_SIZE}"
    --network-plugin azure --network-plugin-mode overlay --network-dataplane cilium --network-policy cilium
    --pod-cidr "${PODS}" --service-cidr "${SERVICES}" --dns-service-ip "${dns}"
    --enable-oidc-issuer --enable-workload-identity
    --no-ssh-key
    --auto-upgrade-channel patch --node-os-upgrade-channel NodeImage
  )
  # A region without zones.
  ((${#zones[@]} == 0)) || options+=(--zones "${zones[@]}")
  # The premium tier is for long-term support, and Azure takes neither without the other.
  [[ "${CLUSTER_TIER}" != premium ]] || options+=(--k8s-support-plan AKSLongTermSupport)
  [[ -z "${KUBERNETES_VERSION}" ]] || options+=(--kubernetes-version "${KUBERNETES_VERSION}")
  [[ -n "${IMAGE_REGISTRY_A}" ]] || options+=(--attach-acr "${REGISTRY_ID}")
  [[ -z "${API_RANGES}" ]] || options+=(--api-server-authorized-ip-ranges "${API_RANGES}")
  [[ -z "${ADMIN_GROUP}" ]] ||
    options+=(--enable-aad --enable-azure-rbac --aad-admin-group-object-ids "${ADMIN_GROUP}" --disable-local-accounts)
}

# The role comes with a new cluster; this mends one whose making was interrupted before it.
ensure_pull_role() {
  [[ -z "${IMAGE_REGISTRY_A}" ]] || return 0
  local found=(aks show --name "${CLUSTER}" --resource-group "${GROUP}") kubelet roles
  az_has "${found[@]}" || return 0
  kubelet=$(az_value "identity of the nodes of ${CLUSTER}" identityProfile.kubeletidentity.objectId "${found[@]}")
  roles=$(az_roles "${kubelet}" AcrPull "${REGISTRY_ID}")
  if [[ -n "${roles}" ]]; then
    say "cluster ${CLUSTER} may pull from ${REGISTRY}"
    return
  fi
  say "cluster ${CLUSTER} gets the right to pull from ${REGISTRY}"
  az_run aks update --name "${CLUSTER}" --resource-group "${GROUP}" --attach-acr "${REGISTRY_ID}"
}

# ensure_window NAME: what Azure upgrades in this cluster, it upgrades on this cluster's day and not on the other's.
ensure_window() {
  local window=(--name "$1" --cluster-name "${CLUSTER}" --resource-group "${GROUP}") day
  if az_has aks maintenanceconfiguration show "${window[@]}"; then
    say "cluster ${CLUSTER} has its $1"
    return
  fi
  day=$(setting_of MAINTENANCE)
  say "cluster ${CLUSTER} gets its $1: ${day}, 02:00 to 06:00 UTC"
  az_run aks maintenanceconfiguration add "${window[@]}" --schedule-type Weekly --interval-weeks 1 --day-of-week "${day}" \
    --start-time 02:00 --utc-offset +00:00 --duration 4
}

ensure_context() {
  if has_context "${CONTEXT}"; then
    say "context ${CONTEXT} is in kubeconfig"
    return
  fi
  say "context ${CONTEXT} for kubeconfig"
  az_run aks get-credentials --name "${CLUSTER}" --resource-group "${GROUP}" --context "${CONTEXT}"
}

step_main "$@"
