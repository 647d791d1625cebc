#!/usr/bin/env bats
# Drills against real beacons and guards on a folder: what `world` plays is what the programs do.
#
# Needs the programs in the folder that FLATLINE_BIN_DIR names. Their durations are shorter than the usual ones, and long
# enough for a busy machine.

bats_require_minimum_version 1.5.0

SCRIPTS=$(cd -- "${BATS_TEST_DIRNAME}/.." && pwd)

setup() {
  [[ -x "${FLATLINE_BIN_DIR:-}/heart-monitor" && -x "${FLATLINE_BIN_DIR}/heartbeat-writer" ]] ||
    skip 'FLATLINE_BIN_DIR names no folder with the programs, so no drill meets a real guard'
  command -v jq >/dev/null || skip 'there is no jq, so the drills are not tested'
  STATE=${BATS_TEST_TMPDIR}/state
  export STATE FLATLINE_CONFIG=${BATS_TEST_DIRNAME}/config.sh
  export PATH=${BATS_TEST_TMPDIR}/bin:${FLATLINE_BIN_DIR}:${PATH}
  mkdir -p "${STATE}/store" "${BATS_TEST_TMPDIR}/bin"
  ln -s "${BATS_TEST_DIRNAME}/processes" "${BATS_TEST_TMPDIR}/bin/kubectl"
  ln -s "${BATS_TEST_DIRNAME}/processes" "${BATS_TEST_TMPDIR}/bin/helm"
  durations 5s
  choose_ports
  helm start 3>&-
  wait_for_work
}

# durations T: the rest follows, as `heart-monitor timing` wants it.
durations() {
  printf 'export %s\n' "HEART_MONITOR_FLATLINE_AFTER=$1" HEART_MONITOR_POLL=400ms HEART_MONITOR_READ_DEADLINE=400ms \
    HEARTBEAT_INTERVAL=700ms HEART_MONITOR_STOP_GRACE=500ms >"${STATE}/env"
}

# Two ports that nobody listens on.
choose_ports() {
  local side port
  for side in a b; do
    port=$((20000 + RANDOM % 10000))
    while (: <"/dev/tcp/127.0.0.1/${port}") 2>/dev/null; do port=$((port + 1)); done
    printf '%s\n' "${port}" >"${STATE}/${side}.port"
  done
}

# The first record takes a threshold; then a works and b watches a's heart.
wait_for_work() {
  local tries a b
  for ((tries = 0; tries < 60; tries++)); do
    a=$(kubectl --context flatline-a get --raw /proxy/state 2>/dev/null | jq .blocked)
    b=$(kubectl --context flatline-b get --raw /proxy/state 2>/dev/null | jq -r '"\(.waiting.for) \(.own_heart.verdict)"')
    [[ "${a} ${b}" != 'false heart beating' ]] || return 0
    sleep 0.5
  done
  cat "${STATE}"/*.log
  return 1
}

teardown() {
  end_all
}

end_all() {
  local file
  kubectl delete pods --selector freezer 2>/dev/null || true
  for file in "${STATE}"/[ab].beacon.[01] "${STATE}"/[ab].guard; do
    [[ ! -f "${file}" ]] || kill -KILL "$(<"${file}")" 2>/dev/null || true
  done
}

# check_verdict WORD NAME ARGS...
check_verdict() {
  local word=$1 script=("${SCRIPTS}/$2"-*.sh)
  shift 2
  run "${script[0]}" --yes "$@" 3>&-
  printf '%s\n' "${output}"
  [[ "${output}" == *"VERDICT: ${word}"* ]]
}

@test "a takeover for real, the old owner's return, and the way home" {
  check_verdict PASS 21
  [[ "${output}" == *"b  workload started, term 2"* ]]
  [[ "${output}" == *"by the guards' logs nobody worked for"* ]]
  check_verdict PASS 30
  [[ "${output}" == *"a  workload started, term 3"* ]]
}

@test "one beacon of two is no loss" {
  check_verdict PASS 20
}

@test "an owner without a store stops, and both without a store wait" {
  check_verdict PASS 24
  check_verdict PASS 23
}

@test "frozen beacons are taken for dead, a frozen workload is not" {
  check_verdict PASS 22 --what workload
  check_verdict PASS 22
}

@test "an owner that keeps working without its store is found" {
  end_all
  printf 'export HEART_MONITOR_ON_STORE_LOSS=keep\n' >>"${STATE}/env"
  helm start 3>&-
  wait_for_work
  check_verdict FAIL 23
  [[ "${output}" == *"no longer works"* || "${output}" == *BOTH* ]]
}
