#!/usr/bin/env bats
# The drills against a played world: what must come out and does, what must and does not, and that everything is undone.

load drills

# check_pass NAME ARGS...: the drill passes, and nothing that it made is left.
check_pass() {
  run -0 drill "$@"
  says 'VERDICT: PASS'
  says 'and both worked in 0'
  [[ ! -f "${WORLD}/a.cut" && ! -f "${WORLD}/b.cut" && ! -f "${WORLD}/a.silent" && ! -f "${WORLD}/b.silent" ]]
  run ls -A "${TMPDIR}"
  [[ -z "${output}" ]]
}

# check_fail WHY NAME ARGS...: the drill ends with 1 and says why.
check_fail() {
  local why=$1
  shift
  run -1 drill "$@"
  says 'VERDICT: FAIL'
  says "${why}"
}

# check_refused WHY NAME: the drill does not start, and changes nothing.
check_refused() {
  run -1 drill "$2"
  says 'the clusters are not fit for this'
  says "$1"
  [[ -z "$(changes)" ]]
  [[ "${output}" != *VERDICT* ]]
}

owner() { cat -- "${WORLD}/owner"; }

@test "a drill needs two contexts and no word of store, registries or subscription" {
  printf 'CONTEXT_A=flatline-a\nCONTEXT_B=flatline-b\n' >"${FLATLINE_CONFIG}"
  check_pass 20
  printf 'CONTEXT_A=flatline-a\n' >"${FLATLINE_CONFIG}"
  run -1 drill 20
  says 'CONTEXT_B is missing'
  [[ "${output}" != *STORE* && "${output}" != *SUBSCRIPTION* ]]
}

@test "20 passes where nothing comes of a dead beacon" {
  check_pass 20
  changed '"delete","pod","beacon-0"'
  [[ "$(owner)" == a ]]
}

@test "20 fails where the standby finds the heart flat" {
  printf 'flat\n' >"${WORLD}/flat"
  check_fail 'no longer: a works, and for b its heart is not flat' 20
}

@test "21 passes where the standby takes over and the old owner stays stopped" {
  check_pass 21
  [[ "$(owner)" == b ]]
  changed '"delete","deployment","heartbeat-writer"'
  changed '"rollback","heartbeat-writer","3"'
}

@test "21 tells what the guards' logs say" {
  run -0 drill 21
  says 'a  workload stopped'
  says 'b  workload started, term 5'
  says "by the guards' logs nobody worked for 4 s"
}

@test "21 fails where nobody takes over, and brings the beacon back all the same" {
  knob lame
  check_fail 'still not: b works' 21
  changed '"rollback","heartbeat-writer","3"'
}

@test "21 fails where the owner does not stop" {
  knob stubborn
  knob lame
  check_fail 'still not: a no longer works' 21
  changed '"rollback"'
}

@test "21 fails at once where both work" {
  knob stubborn
  check_fail 'BOTH clusters said that their workload may run' 21
  changed '"rollback"'
}

@test "21 fails where it cannot bring the beacon back, and says what to do" {
  knob no-rollback
  check_fail 'failed' 21
  says 'could not be undone; do it by hand: helm rollback heartbeat-writer 3 --kube-context flatline-a'
}

@test "22 passes with frozen beacons and thaws them" {
  check_pass 22
  [[ "$(owner)" == b ]]
  changed '"delete","pods","--selector","flatline-drill=freezer"'
}

@test "22 passes where a frozen workload is no reason to take over" {
  check_pass 22 --what workload
  [[ "$(owner)" == a && "$(cat "${WORLD}/term")" == 4 ]]
}

@test "22 passes where all of the owner is frozen" {
  check_pass 22 --what all
  [[ "$(owner)" == b ]]
}

@test "22 makes pods that may send signals and nothing else" {
  run -0 drill 22
  run -0 jq -rs '.[0].spec | [.hostPID, .hostNetwork, .activeDeadlineSeconds > 0, .containers[0].securityContext.privileged,
    .containers[0].securityContext.capabilities.drop[], .containers[0].securityContext.capabilities.add[]] | map(tostring) | join(" ")' \
    "${WORLD}/a.freezers"
  [[ "${output}" == 'true null true null ALL KILL' ]]
}

@test "23 passes where the owner without a store stops and the other takes over" {
  check_pass 23
  [[ "$(owner)" == b ]]
  changed 'deny-a-heartbeat-writer.json'
  changed 'deny-a-orders.json'
}

@test "23 fails where policies cut nothing" {
  knob uncut
  check_fail 'lets standing connections live' 23
  changed '"delete","networkpolicy","flatline-drill-orders"'
}

@test "23 takes Cilium's deny rules where there are any" {
  knob cilium
  check_pass 23
  changed '"delete","ciliumnetworkpolicy","flatline-drill-orders"'
}

@test "23 refuses where another policy allows what it would deny" {
  knob policies '{"items": [{"metadata": {"name": "theirs"}, "spec": {"egress": [{}]}}]}'
  check_refused 'allow outgoing traffic (theirs)' 23
}

@test "24 passes where nobody takes over" {
  check_pass 24
  [[ "$(owner)" == a && "$(cat "${WORLD}/term")" == 4 ]]
}

@test "25 passes, evicts nothing but beacons, and uncordons the node" {
  check_pass 25
  changed '"cordon","node-1"'
  changed '"drain","node-1","--pod-selector","app.kubernetes.io/instance=heartbeat-writer,app.kubernetes.io/component=beacon"'
  changed '"uncordon","node-1"'
}

@test "30 hands the work over and back" {
  check_pass 30 --to b
  [[ "$(owner)" == b ]]
  check_pass 30
  [[ "$(owner)" == a && "$(cat "${WORLD}/term")" == 6 ]]
}

@test "30 shows the plan before it asks" {
  knob owner b
  rm -- "${WORLD}/a.works"
  touch "${WORLD}/b.works"
  local script=("${SCRIPTS}"/30-*.sh)
  PATH=${BATS_TEST_TMPDIR}/bin run -1 "${script[0]}" <<<no
  says 'the plan of heart-monitor'
  says 'nothing was changed'
  [[ -z "$(changes)" ]]
}

@test "30 has nothing to do where the work is there" {
  run -0 drill 30
  says 'cluster a owns the work already'
}

@test "no drill starts during maintenance" {
  knob maintenance
  check_refused 'maintenance is on' 21
}

@test "no drill starts on a silent heart" {
  knob b.silent 1799999999
  check_refused 'the heart of cluster b is flatlined' 21
}

@test "no drill starts where the workload has no guard" {
  knob unguarded
  check_refused 'has no guard' 30-fail-back
}

@test "a standby behind a gate is fit for a drill" {
  knob gated
  check_pass 21
}

@test "samples that take too long are no proof" {
  knob slow
  check_fail 'most samples took longer than 2 s' 20
}

@test "no drill starts where both work" {
  touch "${WORLD}/b.works"
  run -1 drill 20
  [[ -z "$(changes)" ]]
}

@test "no drill starts where an earlier one left something" {
  knob leftover networkpolicy.networking.k8s.io/flatline-drill-orders
  check_refused 'holds what an earlier drill left' 23
}

@test "a no changes nothing" {
  local script
  for script in "${SCRIPTS}"/2[0-9]-*.sh; do
    PATH=${BATS_TEST_TMPDIR}/bin run -1 "${script}" <<<no
    says 'nothing was changed'
  done
  [[ -z "$(changes)" ]]
}

@test "--dry-run changes nothing and prints what would be changed and undone" {
  local script
  for script in "${SCRIPTS}"/2[0-9]-*.sh; do
    PATH=${BATS_TEST_TMPDIR}/bin run -0 "${script}" --dry-run
    [[ "${output}" == *'kubectl --context flatline-a'* && "${output}" != *VERDICT* ]]
  done
  run -0 drill 21 --dry-run
  says 'helm rollback heartbeat-writer 3'
  [[ -z "$(changes)" ]]
}

@test "a dry run with nothing that answers only supposes who owns the work" {
  knob away
  run -0 drill 21 --dry-run
  says 'the clusters are not fit for this'
  says 'supposing that cluster a owns the work'
  [[ "${output}" != *$'\n''cluster a owns the work'* ]]
  run -0 drill 30 --dry-run
  says 'supposing that cluster b owns the work'
  [[ "${output}" != *'owns the work already'* ]]
  [[ -z "$(changes)" ]]
}

@test "without helm, 21 says that it is missing and blames no release" {
  rm -- "${BATS_TEST_TMPDIR}/bin/helm"
  run -0 drill 21 --dry-run
  says 'helm is not on PATH'
  says "helm rollback heartbeat-writer '<revision>'"
  [[ "${output}" != *'command not found'* && "${output}" != *'no deployed release'* ]]
  run -1 drill 21
  says 'helm is not on PATH'
  [[ -z "$(changes)" ]]
}

@test "what is asked of a program that is missing names the program" {
  run -127 bash -c 'source "$0/output.sh"; source "$0/run.sh"; ask no-such-program get pods' "${SCRIPTS}/lib"
  says 'no-such-program is not on PATH'
  [[ "${output}" != *'command not found'* ]]
}

@test "what is interrupted is undone, and is no success" {
  local script name
  for name in 21 22 23 25; do
    script=("${SCRIPTS}/${name}"-*.sh)
    : >"${STATE}/calls"
    # The script's own process is told, as by Ctrl-C, at its first change.
    PATH=${BATS_TEST_TMPDIR}/bin run -130 bash -c 'echo $$ >"${STATE}/world/pid"; touch "${STATE}/world/interrupt"; exec "$0" --yes' "${script[0]}"
    rm -- "${WORLD}/interrupt"
    says 'interrupted'
    case ${name} in
      21) changed '"rollback"' ;;
      22) changed '"delete","pods"' ;;
      23) changed '"delete","networkpolicy"' ;;
      *) changed '"uncordon"' ;;
    esac
  done
}

@test "every drill says in its help what must come out" {
  local script
  for script in "${SCRIPTS}"/2[0-9]-*.sh; do
    PATH=${BATS_TEST_TMPDIR}/bin run -0 "${script}" help
    [[ "${output}" == *'VERDICT: PASS'* && "${output,,}" == *'rights:'* ]]
  done
}

@test "an unknown flag is refused" {
  run -1 drill 20 --only b
  says "there is no flag '--only'"
}

@test "whoever cuts is told first how to mend by hand what a killed script leaves" {
  knob cilium
  run -0 drill 24 --dry-run
  says 'kubectl --context flatline-a --namespace orders delete ciliumnetworkpolicy --selector flatline-drill'
  says 'kubectl --context flatline-b --namespace flatline delete ciliumnetworkpolicy --selector flatline-drill'
}

@test "an owner that says nothing any more has not stopped for certain" {
  knob mute-owner
  check_fail 'still not: a no longer works. Last seen: a silent' 21
}

@test "what freezes all warns of the milliseconds after the thaw" {
  run -0 drill 22 --what all --dry-run
  says 'MAY RUN FOR SOME MILLISECONDS'
  run -0 drill 22 --dry-run
  [[ "${output}" != *MILLISECONDS* ]]
}
