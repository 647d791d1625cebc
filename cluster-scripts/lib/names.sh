# shellcheck shell=bash disable=SC2034
# The names of everything, derived from the settings: nothing has a random name, so that a step finds what it made before.
#
# Whatever belongs to a cluster is in the resource group of its region, so that no side needs the other's group.

# Names that do not depend on a side.
name_everything() {
  TAG=flatline=${PREFIX}
  STORE_GROUP=${PREFIX}-store
  if [[ -n "${STORE_URL}" ]]; then
    STORE=${STORE_URL}
    CONTAINER_ID=${STORE_CONTAINER_ID}
  else
    STORE=https://${STORE_ACCOUNT}.blob.core.windows.net/${STORE_CONTAINER}${STORE_PREFIX:+/${STORE_PREFIX}}
    ACCOUNT_ID=$(resource_id "${STORE_GROUP}" "Microsoft.Storage/storageAccounts/${STORE_ACCOUNT}")
    CONTAINER_ID=${ACCOUNT_ID}/blobServices/default/containers/${STORE_CONTAINER}
  fi

  DIST=$(beside_config "${DIST:-${SCRIPTS%/*}/target/dist}")
  BEACON_VALUES=$(beside_config "${BEACON_VALUES}")
  WORKLOAD_VALUES=$(beside_config "${WORKLOAD_VALUES}")
}

# Names on one side, a or b.
name_side() {
  SIDE=$1
  OTHER=b
  [[ "${SIDE}" == a ]] || OTHER=a
  LOCATION=$(setting_of LOCATION)
  GROUP=${PREFIX}-${SIDE}
  NETWORK=${PREFIX}-${SIDE}
  NETWORK_ID=$(resource_id "${GROUP}" "Microsoft.Network/virtualNetworks/${NETWORK}")
  NODES_SUBNET_ID=${NETWORK_ID}/subnets/nodes
  ENDPOINTS_SUBNET_ID=$(setting_of ENDPOINT_SUBNET)
  if [[ -z "${ENDPOINTS_SUBNET_ID}" ]]; then
    ENDPOINTS_SUBNET_ID=${NETWORK_ID}/subnets/endpoints
  fi
  ENDPOINTS_NETWORK_ID=${ENDPOINTS_SUBNET_ID%/subnets/*}
  PRIVATE_ENDPOINT=${PREFIX}-store-${SIDE}
  CLUSTER=${PREFIX}-${SIDE}
  # The cluster's own identity, and the one that beacon and workload have towards the store.
  CLUSTER_IDENTITY=${PREFIX}-cluster-${SIDE}
  IDENTITY=${PREFIX}-${SIDE}
  CONTEXT=$(setting_of CONTEXT)
  REGISTRY=$(setting_of REGISTRY)
  REGISTRY_ID=$(resource_id "${GROUP}" "Microsoft.ContainerRegistry/registries/${REGISTRY}")
  IMAGE_REGISTRY=$(setting_of IMAGE_REGISTRY)
  IMAGE_REGISTRY=${IMAGE_REGISTRY:-${REGISTRY}.azurecr.io}
  VALUES=$(dirname -- "${CONFIG}")/flatline-${SIDE}.yaml
}

# beside_config FILE: prints where a file is that the settings name: a relative one is beside them.
beside_config() {
  case $1 in
    '' | /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$(dirname -- "${CONFIG}")/$1" ;;
  esac
}

# setting_of NAME: prints a setting that there is once for each side, such as LOCATION for LOCATION_A.
setting_of() {
  local name=$1_${SIDE^^}
  printf '%s\n' "${!name}"
}

# resource_id GROUP TYPE_AND_NAME: prints the id of something in a resource group.
resource_id() {
  printf '/subscriptions/%s/resourceGroups/%s/providers/%s\n' "${SUBSCRIPTION}" "$1" "$2"
}
