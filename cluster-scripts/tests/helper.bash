# shellcheck shell=bash
# What every test begins with: settings, a distribution to push, and stand-ins for every program that reaches out.

bats_require_minimum_version 1.5.0

SCRIPTS=$(cd -- "${BATS_TEST_DIRNAME}/.." && pwd)

# What the scripts use of the system. Nothing else is on PATH, so that no test reaches a real az or a real registry.
SYSTEM=(basename bash cat diff dirname env ls mkdir mktemp mv rm sed sort tar touch tr wc)

setup() {
  STATE=${BATS_TEST_TMPDIR}/state
  DIST_FIXTURE=${BATS_TEST_TMPDIR}/dist
  export STATE DIST_FIXTURE
  export FLATLINE_CONFIG=${BATS_TEST_TMPDIR}/config.sh
  export TMPDIR=${BATS_TEST_TMPDIR}/tmp
  mkdir -p "${STATE}" "${TMPDIR}"
  make_dist
  # shellcheck disable=SC2154
  cp "${BATS_TEST_DIRNAME}/config.sh" "${FLATLINE_CONFIG}"
  printf 'DIST=%q\n' "${DIST_FIXTURE}" >>"${FLATLINE_CONFIG}"
  only_programs az kubectl helm skopeo
}

# only_programs NAME...: PATH holds the system's own programs and these stand-ins.
only_programs() {
  local bin=${BATS_TEST_TMPDIR}/bin name real
  rm -rf -- "${bin}"
  mkdir -p "${bin}"
  for name in "${SYSTEM[@]}"; do
    real=$(PATH=/usr/local/bin:/usr/bin:/bin type -P "${name}")
    ln -s "${real}" "${bin}/${name}"
  done
  for name in "$@"; do
    ln -s "${SCRIPTS}/tests/stub" "${bin}/${name}"
  done
  TEST_PATH=${bin}
}

# Archives as `cargo xtask dist` makes them, as far as the scripts look into them.
make_dist() {
  local name digit=1
  mkdir -p "${DIST_FIXTURE}/images" "${DIST_FIXTURE}/charts"
  for name in heart-monitor flatline heartbeat-writer; do
    printf '{"schemaVersion":2,"manifests":[{"digest":"sha256:%064d","size":732}]}' "${digit}" >"${BATS_TEST_TMPDIR}/index.json"
    tar -cf "${DIST_FIXTURE}/images/${name}.oci.tar" -C "${BATS_TEST_TMPDIR}" index.json
    digit=$((digit + 1))
  done
  local version
  version=$(sed -nE 's/^appVersion: *"?([^"]*)"?$/\1/p' "${SCRIPTS}/../charts/heart-monitor/Chart.yaml")
  touch "${DIST_FIXTURE}/charts/"{heartbeat-writer,hot-standby-example}"-${version}.tgz"
}

# flatline ARGS...: the dispatcher with nothing but the stand-ins.
flatline() {
  PATH=${TEST_PATH} "${SCRIPTS}/flatline" "$@"
}

# up_to NAME: what there is after the steps before this one, which were run once for each file of tests.
up_to() {
  local name script
  [[ -d "${BATS_FILE_TMPDIR}/before" ]] || remember_steps
  script=$(echo "${SCRIPTS}/$1"*.sh)
  name=$(basename -- "${script}" .sh)
  rm -rf -- "${STATE}"
  cp -r "${BATS_FILE_TMPDIR}/before/${name}" "${STATE}"
}

remember_steps() {
  local script name
  mkdir -p "${BATS_FILE_TMPDIR}/before"
  for script in "${SCRIPTS}"/[0-9][0-9]-*.sh; do
    name=$(basename -- "${script}" .sh)
    cp -r "${STATE}" "${BATS_FILE_TMPDIR}/before/${name}"
    if [[ "${name}" == 0* ]]; then
      flatline "${name}" 2>/dev/null
      forget
    fi
  done
}

# Forgets what was recorded, not what was made.
forget() {
  rm -f -- "${STATE}/calls" "${STATE}/changes"
}

set_to() {
  printf '%s\n' "$@" >>"${FLATLINE_CONFIG}"
}

changes() {
  if [[ -f "${STATE}/changes" ]]; then cat -- "${STATE}/changes"; fi
}

# What was recorded, with the names that differ from run to run replaced.
calls() {
  sed -E -e "s#${TMPDIR}/tmp\.[A-Za-z0-9]+#/login#g" -e "s#${BATS_TEST_TMPDIR}#/here#g" "${STATE}/calls"
}

# golden NAME: what was recorded is what golden/NAME.jsonl says. BLESS=1 writes the file.
golden() {
  local file=${SCRIPTS}/tests/golden/$1.jsonl
  if [[ -n "${BLESS:-}" ]]; then
    calls >"${file}"
  fi
  diff -u "${file}" <(calls)
}

# says TEXT: the last run said this.
says() {
  # shellcheck disable=SC2154
  [[ "${output}" == *"$1"* ]] || {
    printf 'expected: %s\nfound:\n%s\n' "$1" "${output}"
    return 1
  }
}
