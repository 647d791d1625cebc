# shellcheck shell=bash
# What the settings must obey. Each rule that is broken is told in a sentence; a step starts with none broken.

PROBLEMS=()

# check_config steps|drill
check_config() {
  PROBLEMS=()
  if [[ "$1" == drill ]]; then
    # It reaches two clusters and what is deployed there; who made them, and the store, is nothing to it.
    required CONTEXT_A CONTEXT_B BEACON_NAMESPACE BEACON_RELEASE WORKLOAD_NAMESPACE WORKLOAD_RELEASE DRILL_IMAGE DRILL_NAMESPACE
    check_forms
    check_pairs
  else
    check_everything
  fi
  ((${#PROBLEMS[@]} == 0)) && return
  printf '%s\n' "${PROBLEMS[@]/#/  - }" >&2
  die "${CONFIG} cannot be used: $(count "${#PROBLEMS[@]}" thing) to mend, above"
}

check_everything() {
  check_required
  check_forms
  check_pairs
  check_regions
  # Ranges that are wrong by themselves cannot be compared.
  if [[ "${CLUSTERS}" == create ]] && check_ranges; then
    check_overlaps
    check_room
  fi
}

count() {
  if (($1 == 1)); then printf '%d %s' "$1" "$2"; else printf '%d %ss' "$1" "$2"; fi
}

problem() {
  PROBLEMS+=("$*")
}

# The settings that have no default, as far as the others do not make them needless.
check_required() {
  local required=(SUBSCRIPTION LOCATION_A LOCATION_B CONTEXT_A CONTEXT_B) side setting
  # These have a default that somebody may have emptied; a name that begins with nothing is another name.
  required+=(PREFIX CLUSTERS BEACON_NAMESPACE BEACON_RELEASE WORKLOAD_NAMESPACE WORKLOAD_RELEASE OWNERSHIP PUSH_CHARTS)
  [[ "${CLUSTERS}" == existing ]] || required+=(NODE_SIZE NODE_COUNT CLUSTER_TIER MAINTENANCE_A MAINTENANCE_B)
  [[ -n "${STORE_URL}" ]] || required+=(LOCATION_STORE STORE_ACCOUNT STORE_CONTAINER)
  for side in A B; do
    setting=IMAGE_REGISTRY_${side}
    [[ -n "${!setting}" ]] || required+=("REGISTRY_${side}")
    setting=CLIENT_ID_${side}
    [[ "${CLUSTERS}" != existing || -n "${!setting}" ]] || required+=("OIDC_ISSUER_${side}")
    [[ "${CLUSTERS}" != existing || -n "${STORE_URL}" ]] || required+=("ENDPOINT_SUBNET_${side}")
    [[ -z "${STORE_URL}" || -n "${!setting}" || "${required[*]}" == *STORE_CONTAINER_ID* ]] ||
      required+=(STORE_CONTAINER_ID)
  done
  required "${required[@]}"
}

# required SETTING...: none of them may be empty.
required() {
  local setting
  for setting in "$@"; do
    [[ -n "${!setting}" ]] || problem "${setting} is missing"
  done
}

# form SETTING PATTERN WHAT: the setting, where there is one, must match as a whole.
form() {
  # Elsewhere [a-z] may have capital letters too.
  local LC_ALL=C
  local setting=$1 pattern=$2 what=$3 value=${!1}
  [[ -z "${value}" || "${value}" =~ ^${pattern}$ ]] && return
  # What stands behind a ? may be a signature.
  [[ "${value}" != *'?'* ]] || value="${value%%'?'*}?..."
  problem "${setting} is '${value}', but must be ${what}"
}

check_forms() {
  local uuid='[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}' label='[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
  local resource='/subscriptions/[^/]+/resourceGroups/[^/]+/providers' setting side
  local range='[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?'
  for setting in SUBSCRIPTION ADMIN_GROUP CLIENT_ID_A CLIENT_ID_B; do
    form "${setting}" "${uuid}" 'an id such as 01234567-89ab-cdef-0123-456789abcdef'
  done
  for setting in LOCATION_A LOCATION_B LOCATION_STORE; do
    form "${setting}" '[a-z0-9]+' "a region's short name such as westeurope"
  done
  for setting in BEACON_NAMESPACE BEACON_RELEASE WORKLOAD_NAMESPACE WORKLOAD_RELEASE; do
    form "${setting}" "${label}" 'a Kubernetes name: lower case letters, digits and hyphens, at most 63'
  done
  form PREFIX '[a-z]([-a-z0-9]{0,18}[a-z0-9])?' 'lower case letters, digits and hyphens, at most 20, beginning with a letter'
  form CLUSTERS '(create|existing)' 'create or existing'
  form CLUSTER_TIER '(free|standard|premium)' 'free, standard or premium'
  form KUBERNETES_VERSION '1\.[0-9]+(\.[0-9]+)?' 'a version such as 1.33 or 1.33.2'
  form NODE_COUNT '([2-9]|[1-9][0-9]{1,2})' 'a number of at least 2, since two beacons stand on two nodes'
  form PUSH_CHARTS '(yes|no)' 'yes or no'
  form OWNERSHIP '(prefer|strict)' 'prefer or strict: these scripts deploy a guard, which needs the record'
  form STORE_ACCOUNT '[a-z0-9]{3,24}' '3 to 24 lower case letters and digits'
  form STORE_CONTAINER '[a-z0-9](-?[a-z0-9]){2,62}' '3 to 63 lower case letters, digits and single hyphens'
  form STORE_PREFIX '[a-zA-Z0-9._-]+(/[a-zA-Z0-9._-]+)*' 'names with / between them, such as orders or team/orders'
  form STORE_URL 'https://[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-zA-Z0-9._-]+)+' \
    'https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]; a signature after a ? has no place in a file'
  form STORE_CONTAINER_ID "${resource}/Microsoft\.Storage/storageAccounts/[^/]+/blobServices/default/containers/[^/]+" \
    "a container's resource id"
  form NODE_SIZE '[A-Za-z][A-Za-z0-9_]*' 'a size of virtual machines such as Standard_D2s_v5'
  form API_RANGES "${range}(,${range})*" 'addresses and ranges with commas between them, such as 203.0.113.7/32,198.51.100.0/24'
  for side in A B; do
    form "CONTEXT_${side}" '[A-Za-z0-9_][^[:cntrl:]]*' "the name of a context in kubeconfig"
    form "REGISTRY_${side}" '[a-z0-9]{5,50}' '5 to 50 lower case letters and digits'
    form "IMAGE_REGISTRY_${side}" '[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*' 'a host, with a path where it has one, such as registry.example.org/flatline'
    form "MAINTENANCE_${side}" '(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day' 'a day of the week such as Tuesday'
    form "ZONES_${side}" '[1-9]( [1-9])*' 'zones with blanks between them, such as "1 2 3"'
    form "OIDC_ISSUER_${side}" 'https://[^[:space:]]+' 'a URL that begins with https://'
    form "ENDPOINT_SUBNET_${side}" "${resource}/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+" "a subnet's resource id"
  done
}

# different SETTING SETTING WHY: two settings must not have the same value.
different() {
  [[ -z "${!1}" || "${!1}" != "${!2}" ]] || problem "$1 and $2 are both '${!1}': $3"
}

check_pairs() {
  different CONTEXT_A CONTEXT_B 'two clusters are needed'
  different LOCATION_A LOCATION_B 'the loss of one region would take both clusters'
  different REGISTRY_A REGISTRY_B "the loss of one region would take both clusters' images"
  different ENDPOINT_SUBNET_A ENDPOINT_SUBNET_B 'each side needs an endpoint and a DNS zone of its own, and a network asks one zone of a name'
  different MAINTENANCE_A MAINTENANCE_B 'both clusters would be upgraded at once'
  different OIDC_ISSUER_A OIDC_ISSUER_B 'each cluster has its own issuer'
  different BEACON_RELEASE WORKLOAD_RELEASE 'a federated credential needs a name of its own'
  [[ -n "${CLIENT_ID_A}" && -n "${CLIENT_ID_B}" || -z "${CLIENT_ID_A}${CLIENT_ID_B}" ]] ||
    problem 'CLIENT_ID_A and CLIENT_ID_B must both be set, or neither'
  [[ -n "${IMAGE_REGISTRY_A}" && -n "${IMAGE_REGISTRY_B}" || -z "${IMAGE_REGISTRY_A}${IMAGE_REGISTRY_B}" ]] ||
    problem 'IMAGE_REGISTRY_A and IMAGE_REGISTRY_B must both be set, or neither'
}

check_regions() {
  [[ -z "${STORE_URL}" && -n "${LOCATION_STORE}" ]] || return 0
  if [[ "${LOCATION_STORE}" == "${LOCATION_A}" ]]; then
    problem "LOCATION_STORE is ${LOCATION_A}, the region of cluster a: its loss would take the store along, and nobody could tell that a is gone. Take a third region, or at least b's"
  elif [[ "${LOCATION_STORE}" == "${LOCATION_B}" ]]; then
    warn "the store is in the region of cluster b: its loss stops a's workload too, since a guard stops without its store. A third region is better"
  fi
}

check_ranges() {
  local setting whole=yes
  for setting in NETWORK_A NODES_A ENDPOINTS_A NETWORK_B NODES_B ENDPOINTS_B PODS SERVICES; do
    if ! cidr_bounds "${!setting}" >/dev/null; then
      problem "${setting} is '${!setting}', but must be a range such as 10.10.0.0/16 that begins with its first address"
      whole=no
    fi
  done
  [[ "${whole}" == yes ]]
}

check_overlaps() {
  local side nodes endpoints network
  for side in A B; do
    nodes=NODES_${side} endpoints=ENDPOINTS_${side} network=NETWORK_${side}
    within "${nodes}" "${network}"
    within "${endpoints}" "${network}"
    apart "${nodes}" "${endpoints}"
    apart "${network}" PODS
    apart "${network}" SERVICES
  done
  apart NETWORK_A NETWORK_B
  apart PODS SERVICES
}

# What Azure refuses after minutes, or what leaves no room to replace a node.
check_room() {
  local side
  [[ "${NODE_COUNT}" =~ ^[0-9]{1,3}$ ]] || return 0
  for side in A B; do
    room "NODES_${side}" $((NODE_COUNT + 6)) 'one for each node, one for a node more in an upgrade, five for Azure'
    room "ENDPOINTS_${side}" 8 'the least that Azure takes'
  done
  room PODS $((256 * (NODE_COUNT + 1))) '256 for each node, and for a node more in an upgrade'
  room SERVICES 32 'the tenth is that of the cluster DNS'
}

# room SETTING ADDRESSES WHY
room() {
  local size=$((1 << (32 - ${!1#*/})))
  ((size >= $2)) || problem "$1 (${!1}) has ${size} addresses, and must have at least $2: $3"
}

within() {
  cidr_within "${!1}" "${!2}" || problem "$1 (${!1}) is not within $2 (${!2})"
}

apart() {
  ! cidr_overlap "${!1}" "${!2}" || problem "$1 (${!1}) and $2 (${!2}) overlap"
}
