#!/usr/bin/env bats
# --dry-run prints what would be run and runs none of it, with Azure and without.

load helper

# Every step, and the tear down. Drills look at living clusters first, also in a dry run: drills.bats has them.
steps() {
  flatline list | sed -n 's/^\([09][0-9]-[a-z-]*\).*/\1/p'
}

everything() {
  find "${BATS_TEST_TMPDIR}" -type f ! -name calls ! -path '*/bin/*' -exec sha256sum {} + | sort
}

@test "a dry run changes nothing, in any step" {
  local step before
  before=$(everything)
  for step in $(steps); do
    run -0 flatline "${step}" --dry-run --yes
    [[ -z "$(changes)" ]]
  done
  [[ "$(everything)" == "${before}" ]]
}

@test "a dry run prints on stdout exactly the commands that a run then runs" {
  local step shown
  for step in 01 02 03 05 06 07 08 09; do
    up_to "${step}"
    shown=$(flatline "${step}" --dry-run 2>/dev/null)
    forget
    flatline "${step}" 2>"${BATS_TEST_TMPDIR}/said"
    # A run says each command behind a + before it runs it.
    diff <(sed -E "s/'<(principal|client)Id of ([a-z-]+)>'/\1-of-\2/" <<<"${shown}") \
      <(sed -nE "s#${TMPDIR}/tmp\.[A-Za-z0-9]+#LOGIN_FOLDER#; s/^\+ //p" "${BATS_TEST_TMPDIR}/said")
  done
}

@test "a dry run asks Azure, and leaves out what is there" {
  up_to 02
  run -0 --separate-stderr flatline 01 --dry-run
  [[ -z "${output}" ]]
  [[ "${stderr}" == *'network flatline-a is there'* ]]
}

@test "a dry run without a login takes everything for missing, and says so" {
  up_to 90
  touch "${STATE}/logged-out"
  local step
  for step in $(steps); do
    run -0 flatline "${step}" --dry-run
  done
  run -0 --separate-stderr flatline 01 --dry-run
  [[ "${stderr}" == *'not logged in to subscription'*'taken for missing'* ]]
  [[ "${output}" == *'az group create --name flatline-a '* ]]
}

@test "a dry run needs no program at all, and no distribution" {
  only_programs
  rm -rf -- "${DIST_FIXTURE}"
  local step
  for step in $(steps); do
    run -0 flatline "${step}" --dry-run
  done
  run -0 --separate-stderr flatline 09 --dry-run
  [[ "${stderr}" == *'helm is not on PATH'*'cargo xtask dist'* ]]
}

@test "a dry run names what is not known before it is made" {
  run -0 --separate-stderr flatline 07 --dry-run
  [[ "${output}" == *"--assignee-object-id '<principalId of flatline-a>'"* ]]
  [[ "${output}" == *"--issuer '<token issuer of flatline-b>'"* ]]
}

@test "what is printed can be pasted into a shell" {
  set_to "ZONES_A='1 2'" 'PREFIX=it-s'
  run -0 --separate-stderr flatline 04 --dry-run --only a
  local words
  eval "words=($(grep 'aks create' <<<"${output}"))"
  [[ " ${words[*]} " == *' --zones 1 2 --attach-acr '* ]]
  eval "words=($(grep 'role assignment create' <<<"${output}"))"
  [[ "${words[8]}" == --role && "${words[9]}" == 'Network Contributor' ]]
}

@test "a real run without a login, without az or without a distribution says what to do" {
  touch "${STATE}/logged-out"
  run -1 flatline 01
  says 'run `az login`'
  only_programs kubectl helm skopeo
  run -1 flatline 01
  says 'install the Azure CLI'
  only_programs az kubectl helm
  run -1 flatline 08
  says 'skopeo is not on PATH; it is needed to push images; buildah or podman does as well'
  only_programs az kubectl helm skopeo
  rm -- "${DIST_FIXTURE}/images/flatline.oci.tar"
  run -1 flatline 08
  says 'run `cargo xtask dist`'
}
