#!/usr/bin/env bats
# What differs where something is there already, or is not as it must be.

load helper

@test "two clusters, a store and registries of one's own: only 08 and 09 have something to do, without Azure" {
  set_to CLUSTERS=existing STORE_URL=https://mine.blob.core.windows.net/heartbeat/orders \
    CLIENT_ID_A=01234567-89ab-cdef-0123-456789abcdef CLIENT_ID_B=11234567-89ab-cdef-0123-456789abcdef \
    IMAGE_REGISTRY_A=registry.example.org/a IMAGE_REGISTRY_B=registry.example.org/b
  only_programs kubectl helm skopeo
  mkdir -p "${STATE}/contexts"
  touch "${STATE}/contexts/flatline-a" "${STATE}/contexts/flatline-b"
  run -0 flatline up
  says '04-clusters: skipped, they are there'
  says '05-store: skipped, the store is there'
  says '07-identities: skipped, they are there'
  golden existing
  run cat "${BATS_TEST_TMPDIR}/flatline-b.yaml"
  says 'url: https://mine.blob.core.windows.net/heartbeat/orders'
  says 'clientId: 11234567-89ab-cdef-0123-456789abcdef'
  says 'registry: registry.example.org/b'
  [[ "${output}" != *nodeSelector* ]]
}

@test "existing clusters and a new store: endpoints and identities are made for them" {
  local network=/subscriptions/x/resourceGroups/mine/providers/Microsoft.Network/virtualNetworks
  set_to CLUSTERS=existing OIDC_ISSUER_A=https://issuer.example.org/1 OIDC_ISSUER_B=https://issuer.example.org/2 \
    ENDPOINT_SUBNET_A=${network}/one/subnets/endpoints ENDPOINT_SUBNET_B=${network}/two/subnets/endpoints
  mkdir -p "${STATE}/contexts"
  touch "${STATE}/contexts/flatline-a" "${STATE}/contexts/flatline-b"
  run -0 flatline up
  [[ "$(changes)" == *"\"--subnet\", \"${network}/two/subnets/endpoints\""* ]]
  [[ "$(changes)" == *"\"--virtual-network\", \"${network}/one\""* ]]
  [[ "$(changes)" == *'"--issuer", "https://issuer.example.org/1"'* ]]
  [[ "$(changes)" != *'"aks"'* ]]
  says 'cluster b must be given the right to pull from flatlinetestb'
}

@test "a context that kubeconfig lacks is named" {
  rm -rf -- "${STATE}/contexts"
  up_to 09
  rm -- "${STATE}/contexts/flatline-b"
  run -1 flatline 09
  says 'kubeconfig has no context flatline-b; step 04 adds it, or set CONTEXT_B'
  [[ -z "$(changes)" ]]
}

@test "b is deployed alone when a is gone" {
  up_to 09
  rm -- "${STATE}/contexts/flatline-a"
  run -0 flatline 09 --only b
  [[ "$(changes)" != *flatline-a* ]]
}

@test "a cluster is not made under the name of an old context" {
  up_to 04
  mkdir -p "${STATE}/contexts"
  touch "${STATE}/contexts/flatline-a"
  run -1 flatline 04
  says 'kubeconfig has a context flatline-a although cluster flatline-a is not there'
  [[ "$(changes)" != *'"aks"'* ]]
}

@test "a cluster that lost the right to pull gets it again" {
  up_to 05
  rm -- "${STATE}"/have/role*kubelet-of-flatline-b*
  run -0 flatline 04
  [[ "$(changes)" == '["az", "aks", "update", "--name", "flatline-b", '*'"--attach-acr"'* ]]
}

@test "Entra, API ranges and a version reach the cluster" {
  up_to 04
  only_programs az kubectl helm skopeo kubelogin
  set_to ADMIN_GROUP=01234567-89ab-cdef-0123-456789abcdef API_RANGES=20.1.2.3/32 KUBERNETES_VERSION=1.33
  run -0 flatline 04 --only a
  [[ "$(changes)" == *'"--enable-aad", "--enable-azure-rbac", "--aad-admin-group-object-ids", "01234567-89ab-cdef-0123-456789abcdef", "--disable-local-accounts"'* ]]
  golden clusters-with-entra
}

@test "clusters with Entra need kubelogin, and the premium tier its support plan" {
  up_to 04
  set_to CLUSTER_TIER=premium ZONES_A=
  run -0 --separate-stderr flatline 04 --dry-run --only a
  [[ "${output}" == *'--tier premium '*' --k8s-support-plan AKSLongTermSupport'* && "${output}" != *--zones* ]]
  set_to ADMIN_GROUP=01234567-89ab-cdef-0123-456789abcdef
  run -1 flatline 04
  says 'kubelogin is not on PATH'
  [[ -z "$(changes)" ]]
}

@test "a cluster that Azure still makes is waited for" {
  up_to 05
  echo Creating >"${STATE}/answer-cluster"
  run -0 flatline 04
  says 'cluster flatline-a is there: Creating'
  says 'cluster flatline-a is there: Succeeded'
  [[ -z "$(changes)" ]]
  golden clusters-in-the-making
}

@test "files that the settings name are beside them" {
  up_to 09
  set_to BEACON_VALUES=beacon.yaml
  run -0 flatline 09
  [[ "$(changes)" == *"\"--values\", \"${BATS_TEST_TMPDIR}/beacon.yaml\""* ]]
}

@test "a registry that cannot be asked ends the step before anything is pushed" {
  up_to 08
  mkdir "${BATS_TEST_TMPDIR}/behind"
  mv "${BATS_TEST_TMPDIR}/bin/az" "${BATS_TEST_TMPDIR}/behind/az"
  printf '#!/usr/bin/env bash\n[[ "$*" != "acr repository show"* ]] || { echo "ERROR: unauthorized" >&2; exit 1; }\nexec "%s" "$@"\n' \
    "${BATS_TEST_TMPDIR}/behind/az" >"${BATS_TEST_TMPDIR}/bin/az"
  chmod +x "${BATS_TEST_TMPDIR}/bin/az"
  run -1 flatline 08
  says 'cannot ask flatlinetesta.azurecr.io for heart-monitor'
  [[ -z "$(changes)" ]]
}

@test "a cluster or a peering that failed is told, with what to do" {
  up_to 09
  echo Failed >"${STATE}/answer-cluster"
  run -1 flatline 04
  says 'cluster flatline-a could not be made'
  echo Disconnected >"${STATE}/answer-peering"
  run -1 flatline 02
  says 'is disconnected; delete it'
  says 'az network vnet peering delete --name to-b --vnet-name flatline-a'
  run -1 flatline 02 --only b
  says 'peering to-b of flatline-a is disconnected'
}

@test "an account that is not as it must be is refused, with the difference" {
  up_to 06
  printf '%s\t%s\n' region westeurope copies Standard_GRS 'public network' Enabled 'public blobs' False 'shared keys' True \
    'https only' True TLS TLS1_2 immutability None >"${STATE}/answer-account"
  run -1 flatline 05
  says 'must be copies: Standard_ZRS'
  says 'but is shared keys: True'
  says 'storage account flatlinetest is not as it must be'
}

@test "a container with an immutability policy is refused" {
  up_to 06
  printf '%s\t%s\n' 'immutability policy' True 'legal hold' False >"${STATE}/answer-container"
  run -1 flatline 05
  says 'container heartbeat is not as it must be'
}

@test "an account whose versioning was switched on is mended" {
  up_to 06
  rm -- "${STATE}"/have/*blob-service-properties*
  run -0 flatline 05
  [[ "$(changes)" == *'"--enable-versioning", "false"'* ]]
}

@test "an endpoint that nobody approved is told" {
  up_to 07
  echo Pending >"${STATE}/answer-endpoint"
  run -1 flatline 06
  says 'private endpoint flatline-store-a is Pending, not Approved'
}

@test "a cluster that was made anew is trusted in place of the old one" {
  up_to 08
  printf 'https://issuer.example.org/old/\nsystem:serviceaccount:flatline:heartbeat-writer\n' \
    >"$(echo "${STATE}"/have/*'federated-credential beacon'*flatline-a*)"
  run -0 flatline 07
  [[ "$(changes)" == '["az", "identity", "federated-credential", "update", "--name", "beacon"'*'"https://issuer.example.org/flatline-a/"'* ]]
}

@test "a failure that is not 'there is none' ends the step" {
  up_to 02
  rm -- "${BATS_TEST_TMPDIR}/bin/az"
  printf '#!/usr/bin/env bash\n[[ "$1" == account ]] || { echo "ERROR: throttled" >&2; exit 1; }\n' >"${BATS_TEST_TMPDIR}/bin/az"
  chmod +x "${BATS_TEST_TMPDIR}/bin/az"
  run -1 flatline 01
  says 'cannot tell whether there is one'
  says 'throttled'
}

@test "buildah and podman push by way of their own store" {
  up_to 08
  only_programs az kubectl helm buildah podman
  run -0 flatline 08 --only a
  golden images-by-buildah
}

@test "an image that was compressed anew on its way is found" {
  up_to 08
  only_programs az kubectl helm buildah
  echo sha256:other >"${STATE}/answer-digest"
  run -1 flatline 08
  says 'buildah has pushed heart-monitor:0.1.0 as sha256:other, and pods will ask for sha256:0'
}

@test "a release that Helm refuses is told, with what to do" {
  up_to 09
  echo 1 >"${STATE}/fail-at"
  run -1 flatline 09
  says 'helm could not deploy heartbeat-writer to cluster a'
  says 'helm rollback heartbeat-writer --kube-context flatline-a --namespace flatline'
}

@test "charts are pushed where that is asked for, once" {
  up_to 08
  set_to PUSH_CHARTS=yes
  run -0 flatline 08
  [[ "$(changes)" == *'"helm", "push", '*'"oci://flatlinetestb.azurecr.io/charts"'* ]]
  golden images-with-charts
  forget
  run -0 flatline 08
  [[ -z "$(changes)" ]]
}

@test "an image with other bits under the same tag is pushed again" {
  up_to 09
  echo sha256:other >"${STATE}/have/image flatlinetesta heart-monitor:0.1.0"
  run -0 flatline 08
  [[ "$(changes)" == '["skopeo", "copy", '*'docker://flatlinetesta.azurecr.io/heart-monitor:'* ]]
}

@test "further values reach the charts" {
  up_to 09
  set_to BEACON_VALUES=/etc/beacon.yaml WORKLOAD_VALUES=/etc/orders.yaml
  run -0 flatline 09
  [[ "$(changes)" == *'"heartbeat-writer", '*'"--values", "/etc/beacon.yaml"'* ]]
  [[ "$(changes)" == *'"orders", '*'"--values", "/etc/orders.yaml"'* ]]
}
