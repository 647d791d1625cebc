#!/usr/bin/env bash
# 03-registries: an image registry in each region
#
# Makes a registry in each region, so that no cluster needs the other region to start a pod. A gated pod pulls the
# workload's image only when its gate opens: in a disaster, when the other region's registry may be gone. Has nothing to do
# where the registries are your own (IMAGE_REGISTRY_A and IMAGE_REGISTRY_B).
#
# Rights: Contributor on the resource groups PREFIX-a and PREFIX-b.
# Cost: two registries of the Basic tier.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

step() {
  [[ -z "${IMAGE_REGISTRY_A}" ]] || skip 'the registries are your own (IMAGE_REGISTRY_A, IMAGE_REGISTRY_B)'
  require_azure
  local side
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    ensure_group "${GROUP}" "${LOCATION}"
    ensure_registry
    [[ "${CLUSTERS}" == create ]] || tell_pull_right
  done
}

# Step 04 gives it to the clusters that it makes, and nothing here changes those of others.
tell_pull_right() {
  warn "cluster ${SIDE} must be given the right to pull from ${REGISTRY}, where it has not got it: \`az aks update --name NAME \
--resource-group GROUP --attach-acr ${REGISTRY_ID}\`"
}

ensure_registry() {
  if az_has acr show --name "${REGISTRY}" --resource-group "${GROUP}"; then
    say "registry ${REGISTRY} is there"
    return
  fi
  say "registry ${REGISTRY}"
  # No admin user: clusters pull with their own identity, people push with theirs.
  az_run acr create --name "${REGISTRY}" --resource-group "${GROUP}" --location "${LOCATION}" --sku Basic \
    --admin-enabled false --tags "${TAG}"
}

step_main "$@"
