# shellcheck shell=bash
# What every test of a drill begins with: settings, and two healthy clusters played by `world`.

bats_require_minimum_version 1.5.0

SCRIPTS=$(cd -- "${BATS_TEST_DIRNAME}/.." && pwd)

# What the drills use of the system. Nothing else is on PATH, so that no test reaches a real cluster.
SYSTEM=(basename bash cat dirname env grep jq mkdir mktemp rm sed sort touch)

setup() {
  STATE=${BATS_TEST_TMPDIR}/state
  WORLD=${STATE}/world
  export STATE FLATLINE_LOOK_EVERY=3
  export FLATLINE_CONFIG=${BATS_TEST_TMPDIR}/config.sh
  export TMPDIR=${BATS_TEST_TMPDIR}/tmp
  mkdir -p "${WORLD}" "${TMPDIR}" "${BATS_TEST_TMPDIR}/bin"
  cp "${BATS_TEST_DIRNAME}/config.sh" "${FLATLINE_CONFIG}"
  printf '1800000000\n' >"${WORLD}/clock"
  printf 'a\n' >"${WORLD}/owner"
  printf '4\n' >"${WORLD}/term"
  touch "${WORLD}/a.works" "${STATE}/calls"
  local name real
  for name in "${SYSTEM[@]}"; do
    real=$(PATH=/usr/local/bin:/usr/bin:/bin type -P "${name}") || skip "there is no ${name}, so the drills are not tested"
    ln -s "${real}" "${BATS_TEST_TMPDIR}/bin/${name}"
  done
  for name in kubectl helm date sleep; do
    ln -s "${SCRIPTS}/tests/world" "${BATS_TEST_TMPDIR}/bin/${name}"
  done
}

# drill NAME ARGS...: runs a drill in the played world, without questions.
drill() {
  local script=("${SCRIPTS}/$1"*.sh)
  shift
  PATH=${BATS_TEST_TMPDIR}/bin "${script[0]}" --yes "$@"
}

# knob NAME [CONTENT]: changes how the world behaves.
knob() {
  printf '%s\n' "${2:-}" >"${WORLD}/$1"
}

# What was changed, one JSON array a line.
changes() {
  cat -- "${STATE}/calls"
}

# says TEXT: the last run said this.
says() {
  # shellcheck disable=SC2154
  [[ "${output}" == *"$1"* ]] || {
    printf 'expected: %s\nfound:\n%s\n' "$1" "${output}"
    return 1
  }
}

# changed TEXT: a change was made whose call contains this.
changed() {
  changes | grep -qF -- "$1" || {
    printf 'no change with %s among:\n%s\n' "$1" "$(changes)"
    return 1
  }
}
