#!/usr/bin/env bash
# 08-images: the images in both registries
#
# Pushes the images that `cargo xtask dist` made to the registry of each region, and with PUSH_CHARTS=yes the charts too.
# One whose digest is in the registry already is left as it is. Needs no Docker: skopeo, buildah or podman, whichever is
# there. The registry's short-lived token goes from az to the tool by a pipe, into a file that is removed at the end. To
# registries of your own (IMAGE_REGISTRY_A, IMAGE_REGISTRY_B) it pushes with the login that your tools have.
#
# Rights: AcrPush on both registries; Contributor has it.
# Cost: a few MiB of storage.

# shellcheck source=lib/step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/step.sh"

# What a registry takes as the name of somebody who comes with a token.
readonly TOKEN_USER=00000000-0000-0000-0000-000000000000

# heart-monitor is for gates and guards, flatline (both programs) for beacons and operators.
readonly IMAGES=(heart-monitor flatline heartbeat-writer)
readonly CHARTS=(heartbeat-writer hot-standby-example)

step() {
  choose_tool
  require_dist_of_all
  [[ "${PUSH_CHARTS}" == no ]] || require_program helm 'to push charts (PUSH_CHARTS=yes)'
  [[ -n "${IMAGE_REGISTRY_A}" ]] || require_azure
  local side
  VERSION=$(dist_version)
  make_login_folder
  for side in "${SIDES[@]}"; do
    name_side "${side}"
    LOGGED_IN=()
    push_images
    [[ "${PUSH_CHARTS}" == no ]] || push_charts
  done
}

require_dist_of_all() {
  local name
  for name in "${IMAGES[@]}"; do
    require_dist "$(image_file "${name}")"
  done
  [[ "${PUSH_CHARTS}" == yes ]] || return 0
  for name in "${CHARTS[@]}"; do
    require_dist "$(chart_file "${name}")"
  done
}

# Sets TOOL to the program that pushes.
choose_tool() {
  for TOOL in skopeo buildah podman; do
    if command -v "${TOOL}" >/dev/null; then
      return 0
    fi
  done
  TOOL=skopeo
  require_program "${TOOL}" 'to push images; buildah or podman does as well'
}

# Sets LOGIN to a folder for tokens that nobody else can read, and that goes with this script.
make_login_folder() {
  LOGIN=LOGIN_FOLDER
  dry_run && return
  LOGIN=$(mktemp -d)
  trap 'rm -rf -- "${LOGIN}"' EXIT
}

push_images() {
  local name digest image file found
  for name in "${IMAGES[@]}"; do
    digest=$(image_digest "${name}")
    image=${name}:${VERSION}
    found=$(digest_in_registry "${image}")
    if [[ "${found}" == "${digest}" ]]; then
      say "${IMAGE_REGISTRY}/${image} is there"
      continue
    fi
    say "${IMAGE_REGISTRY}/${image}, ${digest}"
    log_in "${TOOL}" login --authfile "${LOGIN}/images.json"
    file=$(image_file "${name}")
    push_image "${file}" "${image}" "${digest}"
  done
}

push_image() {
  local file=$1 image=$2 digest=$3 auth=() pushed
  [[ -n "${IMAGE_REGISTRY_A}" ]] || auth=(--authfile "${LOGIN}/images.json")
  if [[ "${TOOL}" == skopeo ]]; then
    run skopeo copy "${auth[@]}" --preserve-digests "oci-archive:${file}" "docker://${IMAGE_REGISTRY}/${image}"
    return
  fi
  # The others know an archive only by way of their own store.
  run "${TOOL}" pull --quiet "oci-archive:${file}"
  run "${TOOL}" push --digestfile "${LOGIN}/pushed" "${auth[@]}" "localhost/${image}" "docker://${IMAGE_REGISTRY}/${image}"
  ! dry_run || return 0
  # Out of that store layers are compressed anew, by another version perhaps to other bits.
  pushed=$(<"${LOGIN}/pushed")
  [[ "${pushed}" == "${digest}" ]] ||
    die "${TOOL} has pushed ${image} as ${pushed}, and pods will ask for ${digest}: install skopeo, which keeps the bits, and run this step again"
}

push_charts() {
  local name file found config=()
  [[ -n "${IMAGE_REGISTRY_A}" ]] || config=(--registry-config "${LOGIN}/charts.json")
  for name in "${CHARTS[@]}"; do
    found=$(digest_in_registry "charts/${name}:${VERSION}")
    if [[ -n "${found}" ]]; then
      say "oci://${IMAGE_REGISTRY}/charts/${name} ${VERSION} is there"
      continue
    fi
    say "oci://${IMAGE_REGISTRY}/charts/${name} ${VERSION}"
    log_in helm registry login --registry-config "${LOGIN}/charts.json"
    file=$(chart_file "${name}")
    run helm push "${file}" "oci://${IMAGE_REGISTRY}/charts" "${config[@]}"
  done
}

# log_in COMMAND...: gives a tool a token for the current side's registry, once for each tool.
log_in() {
  [[ -z "${IMAGE_REGISTRY_A}" && " ${LOGGED_IN[*]} " != *" $1 "* ]] || return 0
  LOGGED_IN+=("$1")
  run_piped az acr login --name "${REGISTRY}" --expose-token --subscription "${SUBSCRIPTION}" --query accessToken \
    --output tsv --only-show-errors -- "$@" --username "${TOKEN_USER}" --password-stdin "${IMAGE_REGISTRY}"
}

# digest_in_registry NAME:TAG: prints the digest that the current side's registry has under a name; nothing where it has
# none, or is not one of ours to ask.
digest_in_registry() {
  [[ -z "${IMAGE_REGISTRY_A}" ]] || return 0
  az_has acr show --name "${REGISTRY}" --resource-group "${GROUP}" || return 0
  local status=0 answer
  answer=$(az_ask digest acr repository show --name "${REGISTRY}" --image "$1" 2>&1) || status=$?
  case ${status} in
    0) printf '%s\n' "${answer}" ;;
    3) ;;
    *) die "cannot ask ${IMAGE_REGISTRY} for $1: ${answer}" ;;
  esac
}

step_main "$@"
