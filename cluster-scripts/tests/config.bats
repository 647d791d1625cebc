#!/usr/bin/env bats
# Settings that cannot be used are refused, with a sentence that says what to mend.

load helper

# refused SETTING=VALUE SENTENCE: with this setting no step starts.
refused() {
  cp "${FLATLINE_CONFIG}" "${BATS_TEST_TMPDIR}/good"
  set_to "$1"
  run -1 flatline 01
  says "$2"
  [[ ! -f "${STATE}/calls" ]]
  cp "${BATS_TEST_TMPDIR}/good" "${FLATLINE_CONFIG}"
}

@test "the example's settings are the defaults" {
  # The example with what is behind a # set, less the settings that it leaves to be filled in.
  local given='^(SUBSCRIPTION|LOCATION_.*|CONTEXT_.*|REGISTRY_.|STORE_ACCOUNT)='
  values() {
    env -i bash -c "source '$1'; set" | grep -E '^[A-Z_]+=' | grep -vE '^(BASH|DIRSTACK|EUID|GROUPS|HOST|IFS|MACH|OPT|OSTYPE|PATH|PPID|PS4|PWD|SHELL|SHLVL|TERM|UID|_)'
  }
  sed -E 's/^#([A-Z_]+=)/\1/' "${SCRIPTS}/config.example.sh" >"${BATS_TEST_TMPDIR}/example.sh"
  diff <(values "${BATS_TEST_TMPDIR}/example.sh" | grep -vE "${given}") \
    <(values "${SCRIPTS}/lib/settings.sh" | grep -vE "${given}")
}

@test "the example names every setting" {
  diff <(sed -nE 's/^#?([A-Z_]+)=.*/\1/p' "${SCRIPTS}/config.example.sh" | sort) \
    <(sed -nE 's/^([A-Z_]+)=.*/\1/p' "${SCRIPTS}/lib/settings.sh" | sort)
}

@test "the example as it is names all that is missing at once" {
  cp "${SCRIPTS}/config.example.sh" "${FLATLINE_CONFIG}"
  run -1 flatline settings
  says 'REGISTRY_A is missing'
  says 'REGISTRY_B is missing'
  says 'STORE_ACCOUNT is missing'
  says '3 things to mend'
}

@test "no settings at all: says which file to copy" {
  rm -- "${FLATLINE_CONFIG}"
  run -1 flatline 01
  says 'copy config.example.sh to config.sh'
}

@test "a file without a folder in its name is the one here, not one on PATH" {
  printf 'PREFIX=other\n' >"${BATS_TEST_TMPDIR}/bin/mine.sh"
  chmod +x "${BATS_TEST_TMPDIR}/bin/mine.sh"
  mkdir "${BATS_TEST_TMPDIR}/here"
  cp "${FLATLINE_CONFIG}" "${BATS_TEST_TMPDIR}/here/mine.sh"
  cd "${BATS_TEST_TMPDIR}/here"
  FLATLINE_CONFIG=mine.sh run -0 flatline settings
  says 'PREFIX=flatline'
}

@test "a typing mistake in a name is found" {
  refused 'STORE_ACOUNT=other' 'sets STORE_ACOUNT, which is no setting'
}

@test "a file that is no shell is refused" {
  refused 'PREFIX="' 'is not a shell file that can be read'
}

@test "a variable of the environment is not taken for a setting" {
  PREFIX=other NODE_COUNT=1 run -0 flatline settings
  says 'PREFIX=flatline'
  says 'NODE_COUNT=3'
}

@test "a file of settings that ends badly, or was written by Windows, is refused" {
  refused 'false' 'ends with a command that fails'
  refused $'LOCATION_A=westeurope\r' 'has the line ends of Windows'
}

@test "a file of settings named without a path is not looked for on PATH" {
  cd "${BATS_TEST_TMPDIR}"
  echo 'PREFIX=other' >"${BATS_TEST_TMPDIR}/bin/config.sh"
  FLATLINE_CONFIG=config.sh run -0 flatline settings
  says 'PREFIX=flatline'
}

@test "the scripts find their parts from any folder, whatever CDPATH says" {
  cd "${SCRIPTS}/.."
  CDPATH=.:/tmp PATH=${TEST_PATH} run -0 "${SCRIPTS##*/}/flatline" settings
  says 'PREFIX=flatline'
}

@test "settings that have a default are not to be emptied, but for those that may be" {
  refused 'PREFIX=' 'PREFIX is missing'
  refused 'NODE_COUNT=' 'NODE_COUNT is missing'
  refused 'STORE_CONTAINER=' 'STORE_CONTAINER is missing'
  refused 'BEACON_RELEASE=' 'BEACON_RELEASE is missing'
  refused 'CLUSTERS=' '1 thing to mend'
  set_to STORE_PREFIX= ZONES_A= ZONES_B=
  run -0 flatline settings
  says 'the store is https://flatlinetest.blob.core.windows.net/heartbeat'
}

@test "a store in the region of cluster a is refused" {
  refused 'LOCATION_STORE=westeurope' 'its loss would take the store along'
}

@test "a store in the region of cluster b is warned of" {
  set_to 'LOCATION_STORE=northeurope'
  run -0 flatline settings
  says 'warning: the store is in the region of cluster b'
}

@test "forms of names" {
  refused 'SUBSCRIPTION=mine' "SUBSCRIPTION is 'mine', but must be an id"
  refused 'PREFIX=Flat' 'PREFIX is '
  refused 'PREFIX=far-too-long-for-a-prefix' 'at most 20'
  refused 'LOCATION_A="West Europe"' "a region's short name such as westeurope"
  refused 'STORE_ACCOUNT=ab' '3 to 24 lower case letters and digits'
  refused 'STORE_ACCOUNT=flat-line' '3 to 24 lower case letters and digits'
  refused 'STORE_ACCOUNT=abcdefghijklmnopqrstuvwxy' '3 to 24 lower case letters and digits'
  refused 'REGISTRY_A=abc' '5 to 50 lower case letters and digits'
  refused 'STORE_CONTAINER=a--b' 'single hyphens'
  refused 'STORE_PREFIX=/orders' 'names with / between them'
  refused 'WORKLOAD_RELEASE=Orders' 'a Kubernetes name'
  refused 'ADMIN_GROUP=admins' 'ADMIN_GROUP is '
  refused 'NODE_SIZE="Standard D2s"' 'a size of virtual machines'
  refused 'API_RANGES="203.0.113.7, 198.51.100.0/24"' 'addresses and ranges with commas between them'
  refused 'API_RANGES=everybody' 'addresses and ranges with commas between them'
  refused 'CONTEXT_A=--help' 'the name of a context in kubeconfig'
  refused "STORE_URL='https://x y\"z/heartbeat'" 'STORE_URL is '
}

@test "forms of numbers and choices" {
  refused 'NODE_COUNT=1' 'at least 2, since two beacons stand on two nodes'
  refused 'NODE_COUNT=many' 'at least 2'
  refused 'ZONES_A=1,2' 'zones with blanks between them'
  refused 'CLUSTERS=maybe' 'create or existing'
  refused 'CLUSTER_TIER=gold' 'free, standard or premium'
  refused 'KUBERNETES_VERSION=latest' 'a version such as 1.33'
  refused 'OWNERSHIP=off' 'prefer or strict'
  refused 'MAINTENANCE_A=tuesday' 'a day of the week such as Tuesday'
}

@test "a signature in the store's URL is refused, and not shown" {
  set_to 'STORE_URL="https://x.blob.core.windows.net/heartbeat?sig=THE-SECRET-TOKEN"' CLIENT_ID_A=01234567-89ab-cdef-0123-456789abcdef \
    CLIENT_ID_B=01234567-89ab-cdef-0123-456789abcdef
  run -1 flatline 01
  says 'a signature after a ? has no place in a file'
  [[ "${output}" != *THE-SECRET-TOKEN* ]]
}

@test "two of a kind must differ" {
  refused 'CONTEXT_B=flatline-a' "CONTEXT_A and CONTEXT_B are both 'flatline-a'"
  refused 'LOCATION_B=westeurope' 'the loss of one region would take both clusters'
  refused 'REGISTRY_B=flatlinetesta' "the loss of one region would take both clusters' images"
  refused 'MAINTENANCE_B=Tuesday' 'both clusters would be upgraded at once'
  refused 'WORKLOAD_RELEASE=heartbeat-writer' 'a federated credential needs a name of its own'
}

@test "half of a pair is refused" {
  refused 'CLIENT_ID_A=01234567-89ab-cdef-0123-456789abcdef' 'CLIENT_ID_A and CLIENT_ID_B must both be set, or neither'
  refused 'IMAGE_REGISTRY_B=registry.example.org' 'IMAGE_REGISTRY_A and IMAGE_REGISTRY_B must both be set'
}

@test "ranges that are none" {
  refused 'NETWORK_A=10.10.0.0' 'NETWORK_A is '
  refused 'NODES_A=10.10.0.1/20' 'begins with its first address'
  refused 'PODS=10.300.0.0/16' 'PODS is '
  refused 'SERVICES=10.96.0.0/33' 'SERVICES is '
  refused 'SERVICES=010.96.0.0/16' 'SERVICES is '
}

@test "ranges that overlap or stand outside" {
  refused 'NETWORK_B=10.10.0.0/16' 'NETWORK_A (10.10.0.0/16) and NETWORK_B (10.10.0.0/16) overlap'
  refused 'NETWORK_B=10.0.0.0/8' 'overlap'
  refused 'NODES_A=10.11.0.0/20' 'NODES_A (10.11.0.0/20) is not within NETWORK_A'
  refused 'ENDPOINTS_A=10.10.15.0/24' 'NODES_A (10.10.0.0/20) and ENDPOINTS_A (10.10.15.0/24) overlap'
  refused 'PODS=10.20.0.0/17' 'NETWORK_B (10.20.0.0/16) and PODS (10.20.0.0/17) overlap'
  refused 'SERVICES=10.244.128.0/24' 'PODS (10.244.0.0/16) and SERVICES (10.244.128.0/24) overlap'
}

@test "ranges without room" {
  refused 'NODES_A=10.10.0.0/29' 'NODES_A (10.10.0.0/29) has 8 addresses, and must have at least 9'
  refused 'ENDPOINTS_B=10.20.16.0/30' 'ENDPOINTS_B (10.20.16.0/30) has 4 addresses'
  refused 'PODS=10.244.0.0/23' 'PODS (10.244.0.0/23) has 512 addresses, and must have at least 1024'
  refused 'SERVICES=10.96.0.0/28' 'SERVICES (10.96.0.0/28) has 16 addresses'
}

@test "existing clusters and an existing store need other settings" {
  set_to CLUSTERS=existing
  run -1 flatline settings
  says 'OIDC_ISSUER_A is missing'
  says 'ENDPOINT_SUBNET_B is missing'
  set_to STORE_URL=https://mine.blob.core.windows.net/heartbeat/orders
  run -1 flatline settings
  says 'STORE_CONTAINER_ID is missing'
  [[ "${output}" != *ENDPOINT_SUBNET_A* ]]
  set_to CLIENT_ID_A=01234567-89ab-cdef-0123-456789abcdef CLIENT_ID_B=11234567-89ab-cdef-0123-456789abcdef
  run -0 flatline settings
  says 'the store is https://mine.blob.core.windows.net/heartbeat/orders'
}
