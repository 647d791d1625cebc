#!/usr/bin/env bats
# Every step from 01 to 09: what it runs, that a second run finds everything made, and that a run that broke off anywhere is
# carried on by the next. tests/golden holds each step's calls from nothing, one JSON array a line; BLESS=1 writes them.

load helper

# what_is_there: the stand-in's memory, to compare.
what_is_there() {
  ls "${STATE}/have" "${STATE}/contexts"
}

check_step() {
  up_to "$1"
  flatline "$1"
  golden "$1"
}

check_second_run() {
  up_to "$1"
  flatline "$1" 2>/dev/null
  local made
  made=$(what_is_there)
  forget
  run -0 flatline "$1"
  [[ -z "$(changes)" ]]
  [[ "$(what_is_there)" == "${made}" ]]
}

# check_interrupted STEP [FLAGS]: breaks off at every change, before it was made and after, and runs the step again. One
# side is enough for what is the same on both.
check_interrupted() {
  up_to "$1"
  local before=${BATS_TEST_TMPDIR}/before made number at late
  cp -r "${STATE}" "${before}"
  flatline "$@" 2>/dev/null
  made=$(what_is_there)
  number=$(changes | wc -l)
  ((number > 0))
  for ((at = 1; at <= number; at++)); do
    for late in no yes; do
      rm -rf -- "${STATE}"
      cp -r "${before}" "${STATE}"
      printf '%s\n' "${at}" >"${STATE}/fail-at"
      [[ "${late}" == no ]] || touch "${STATE}/fail-late"
      run -1 flatline "$@"
      rm -f -- "${STATE}/fail-at"
      run -0 flatline "$@"
      [[ "$(what_is_there)" == "${made}" ]]
    done
  done
}

@test "01 makes a network with two subnets in each region" { check_step 01-networks; }
@test "02 peers the networks from both sides" { check_step 02-peering; }
@test "03 makes a registry in each region" { check_step 03-registries; }
@test "04 makes the clusters with identities of their own and names them in kubeconfig" { check_step 04-clusters; }
@test "05 makes a store that only identities reach and that keeps no old beats" { check_step 05-store; }
@test "06 gives each side an endpoint and a DNS zone of its own" { check_step 06-private-endpoints; }
@test "07 gives each cluster an identity with one role on the container" { check_step 07-identities; }
@test "08 pushes the images to both registries" { check_step 08-images; }
@test "09 deploys the beacons first and waits, then the workloads and does not" { check_step 09-deploy; }

@test "01 changes nothing when run again" { check_second_run 01-networks; }
@test "02 changes nothing when run again" { check_second_run 02-peering; }
@test "03 changes nothing when run again" { check_second_run 03-registries; }
@test "04 changes nothing when run again" { check_second_run 04-clusters; }
@test "05 changes nothing when run again" { check_second_run 05-store; }
@test "06 changes nothing when run again" { check_second_run 06-private-endpoints; }
@test "07 changes nothing when run again" { check_second_run 07-identities; }
@test "08 changes nothing when run again" { check_second_run 08-images; }

@test "09 ties the releases of a cluster to its region, so that no other cluster runs them by mistake" {
  up_to 09-deploy
  run -0 flatline 09
  grep -Fx '  topology.kubernetes.io/region: northeurope' "${BATS_TEST_TMPDIR}/flatline-b.yaml"
  grep -Fx '    this: b' "${BATS_TEST_TMPDIR}/flatline-b.yaml"
}

@test "09 run again asks Helm for the same releases" {
  up_to 09-deploy
  flatline 09 2>/dev/null
  local first
  first=$(changes)
  forget
  run -0 flatline 09
  says 'flatline-a.yaml is up to date'
  [[ "$(changes)" == "${first}" ]]
}

@test "01 broken off anywhere is carried on by the next run" { check_interrupted 01-networks --only a; }
@test "02 broken off anywhere is carried on by the next run" { check_interrupted 02-peering --only a; }
@test "03 broken off anywhere is carried on by the next run" { check_interrupted 03-registries --only a; }
@test "04 broken off anywhere is carried on by the next run" { check_interrupted 04-clusters --only a; }
@test "05 broken off anywhere is carried on by the next run" { check_interrupted 05-store; }
@test "06 broken off anywhere is carried on by the next run" { check_interrupted 06-private-endpoints --only a; }
@test "07 broken off anywhere is carried on by the next run" { check_interrupted 07-identities --only a; }
@test "08 broken off anywhere is carried on by the next run" { check_interrupted 08-images --only a; }

@test "up runs the steps in their order and says where it ended" {
  printf '3\n' >"${STATE}/fail-at"
  run -1 flatline up
  says '=== 01-networks'
  says 'the connection broke'
  says '01-networks failed; mend it and run `flatline up` again'
  [[ "${output}" != *'=== 02'* ]]
  run -0 flatline up
  says '=== 09-deploy'
}

@test "--only works on one side" {
  up_to 02
  run -0 flatline 02 --only b
  [[ "$(changes)" == *'"to-a"'* && "$(changes)" != *'"to-b"'* ]]
  run -1 flatline 02 --only c
  says '--only takes a cluster: a or b'
}

@test "no call leaves out its subscription, its context or its namespace" {
  flatline up 2>/dev/null
  run grep -vE '"--subscription", "01234567-89ab-cdef-0123-456789abcdef"' <(grep '^\["az"' "${STATE}/calls")
  [[ -z "${output}" ]]
  run grep -vE '"--kube-context", .*"--namespace"' <(grep '^\["helm"' "${STATE}/calls")
  [[ -z "${output}" ]]
}

@test "no token is in a command line or in what is said" {
  set_to PUSH_CHARTS=yes
  run -0 flatline up
  [[ "${output}" != *THE-SECRET-TOKEN* ]]
  run grep -r THE-SECRET-TOKEN "${STATE}" "${BATS_TEST_TMPDIR}"/flatline-?.yaml
  [[ -z "${output}" ]]
  run ls -A "${TMPDIR}"
  [[ -z "${output}" ]]
}
