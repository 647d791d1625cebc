#!/usr/bin/env bats
# Tearing down asks first, and takes only what the steps made.

load helper

# The steps have run, and nothing is recorded yet.
setup_all() {
  up_to 90
  flatline 09 2>/dev/null
  forget
}

@test "nothing goes without the prefix being typed" {
  setup_all
  run -1 flatline 90 <<<'yes'
  says 'type the prefix (flatline) to go on'
  says 'nothing was deleted'
  run -1 flatline tear-down </dev/null
  [[ -z "$(changes)" ]]
}

@test "with the prefix everything goes, and a second time there is nothing" {
  setup_all
  run -0 flatline 90 <<<'flatline'
  golden 90-tear-down
  # The roles and images went with what they belong to; the stand-in does not know that.
  rm -f -- "${STATE}"/have/{role,image}*
  [[ -z "$(ls "${STATE}/have")" ]]
  [[ ! -e "${BATS_TEST_TMPDIR}/flatline-a.yaml" ]]
  forget
  run -0 flatline 90 --yes
  [[ -z "$(changes)" ]]
}

@test "--yes asks nothing" {
  setup_all
  run -0 flatline 90 --yes </dev/null
  [[ "$(changes)" == *'"group", "delete", "--name", "flatline-store"'* ]]
}

@test "one side goes without the store" {
  setup_all
  run -0 flatline 90 --only b --yes
  [[ "$(changes)" == *'"--name", "flatline-b"'* && "$(changes)" != *flatline-store* && "$(changes)" != *flatline-a* ]]
}

@test "a group that somebody else made is left alone" {
  setup_all
  echo other >"$(echo "${STATE}/have/group flatline-a "*)"
  run -0 flatline 90 --yes
  says 'resource group flatline-a has no tag flatline=flatline'
  [[ "$(changes)" != *'"delete", "--name", "flatline-a"'* ]]
}

@test "from existing clusters the releases go, and the role on an existing store" {
  local store=/subscriptions/x/resourceGroups/mine/providers/Microsoft.Storage/storageAccounts/mine
  set_to CLUSTERS=existing OIDC_ISSUER_A=https://issuer.example.org/1 OIDC_ISSUER_B=https://issuer.example.org/2 \
    STORE_URL=https://mine.blob.core.windows.net/heartbeat STORE_CONTAINER_ID=${store}/blobServices/default/containers/heartbeat
  mkdir -p "${STATE}/contexts"
  touch "${STATE}/contexts/flatline-a" "${STATE}/contexts/flatline-b"
  flatline up 2>/dev/null
  forget
  run -0 flatline 90 --yes
  golden existing-tear-down
  [[ -e "${STATE}/contexts/flatline-a" ]]
}
