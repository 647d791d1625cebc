# shellcheck shell=bash
# What every drill begins with: the steps' library, looking at both clusters, undoing, the verdict.
#
# A drill is a script whose head is its help. It names in `plan` what it does and what must come out, in `ready` what it
# needs beyond two healthy clusters, does it in `drill`, and ends with `drill_main "$@"`. Whatever it changes it first puts
# on the list of things to undo, which is worked off when the script ends, however it ends.
#
# Answers of kubectl and helm are JSON, and jq reads them: one small program, made for nothing else, that comes with
# every distribution and with Azure Cloud Shell. Python would be a second language inside this one.

# shellcheck source=step.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/step.sh"
# shellcheck source=clusters.sh
source "${LIB}/clusters.sh"
# shellcheck source=look.sh
source "${LIB}/look.sh"
# shellcheck source=diary.sh
source "${LIB}/diary.sh"
# shellcheck source=health.sh
source "${LIB}/health.sh"
# shellcheck source=expect.sh
source "${LIB}/expect.sh"

# What is to be undone, last first: command lines, quoted.
UNDO=()
# What went wrong, and what was found out.
FAILURE=''
FINDINGS=()
# Whether something was broken on purpose, and when, in seconds since 1970.
ACTED=''
# The command that runs while the clusters are looked at, and whether it undoes something.
BESIDE=''
UNDOING=no

drill_main() {
  parse_flags "$@"
  load_config drill
  # A dry run looks at the clusters too.
  command -v kubectl >/dev/null || die 'kubectl is not on PATH; it is needed to reach the clusters'
  command -v jq >/dev/null || die 'jq is not on PATH; it is needed to read what the clusters answer'
  SCRATCH=$(mktemp -d)
  SAMPLES=${SCRATCH}/samples
  : >"${SAMPLES}"
  trap 'finish $?' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  examine
  ready
  say ''
  plan >&2
  say ''
  confirm
  BEGAN=$(now)
  drill
  PASSED=yes
}

# What a drill may need beyond two healthy clusters. Drills that do replace this.
ready() { :; }

# Flags of a drill's own, as `own_flag` of the steps. Drills that have some replace these two.
own_flag() { TAKEN=0; }

print_own_flags() { :; }

print_flags() {
  printf '\nFlags:\n'
  print_own_flags
  cat <<'FLAGS'
  --dry-run   look at the clusters, print the commands that would change something, run none of them
  --yes       ask nothing
  help        this text

Ends with 0 after `VERDICT: PASS`, with 1 after `VERDICT: FAIL` or where the clusters are not fit for a drill. Whatever it
changed is undone when it ends, also on Ctrl-C. The settings come from config.sh beside the scripts, or from the file that
FLATLINE_CONFIG names.
FLAGS
}

confirm() {
  if dry_run || [[ "${YES}" == yes ]]; then
    return 0
  fi
  local answer=''
  printf 'go on? (yes/no) ' >&2
  read -r answer || true
  [[ "${answer}" == yes ]] || die 'nothing was changed'
}

# Seconds since 1970.
now() {
  date +%s
}

# Notes that from here on something is broken on purpose: times are counted from it.
act() {
  ACTED=$(now)
  run "$@"
}

# to_undo COMMAND...: has this done when the script ends. Comes before the change, so that nothing can fall in between.
to_undo() {
  UNDO+=("$(quoted "$@")")
}

# undo run|beside: undoes everything now, last first. What cannot be undone is named, and makes the drill fail. With `beside`
# the clusters are looked at meanwhile; what fails then stays on the list, and is tried again at the end.
undo() {
  local line
  while ((${#UNDO[@]} > 0)); do
    line=${UNDO[-1]}
    if [[ "$1" == beside ]]; then UNDOING=yes; fi
    # The line was quoted by `to_undo`.
    if ! eval "$1 ${line}"; then
      FAILURE=${FAILURE:-'not everything could be undone'}
      warn "this could not be undone; do it by hand: ${line}"
    fi
    UNDOING=no
    unset 'UNDO[-1]'
  done
}

# Ends the drill: something came out otherwise than it must.
fail() {
  FAILURE=$*
  exit 1
}

# finding TEXT: evidence, told with the verdict.
finding() {
  FINDINGS+=("$*")
}

# beside COMMAND...: runs something that takes a while, and looks at the clusters meanwhile.
beside() {
  if dry_run; then
    run "$@"
    return
  fi
  quoted + "$@" >&2
  # Without a function between, so that what is ended on Ctrl-C is the program and not a shell that waits for it.
  "$@" &
  BESIDE=$!
  while kill -0 "${BESIDE}" 2>/dev/null; do
    look
    sleep 1
  done
  local status=0
  wait "${BESIDE}" || status=$?
  BESIDE=''
  ((status == 0)) || fail "\`$(quoted "$@")\` failed"
}

# The end of every drill, good or bad: undo, then evidence and verdict.
finish() {
  local status=$1 word=PASS
  # A second Ctrl-C must not cut off the undoing.
  trap '' INT TERM HUP
  trap - EXIT
  set +e
  end_beside 2>/dev/null
  ((${#UNDO[@]} == 0)) || say 'undoing what was changed'
  undo run
  if [[ -n "${BEGAN:-}" ]] && ! dry_run; then
    judge_samples
    [[ -z "${ACTED}" ]] || read_diaries
    if [[ -n "${FAILURE}" || -z "${PASSED:-}" ]]; then word=FAIL; fi
    print_verdict "${word}" "${status}"
    if [[ "${word}" == FAIL ]] && ((status == 0)); then status=1; fi
  fi
  rm -rf -- "${SCRATCH}"
  exit "${status}"
}

# Ends the command beside, but not one that undoes: a release whose rollback is cut off can be neither rolled back nor upgraded.
end_beside() {
  [[ -n "${BESIDE}" ]] || return 0
  [[ "${UNDOING}" == yes ]] || kill "${BESIDE}"
  wait "${BESIDE}"
}

print_verdict() {
  local word=$1 status=$2 line
  say ''
  for line in "${FINDINGS[@]}"; do
    printf '  %s\n' "${line}"
  done
  tell_samples
  if ((status > 128)); then
    printf 'VERDICT: FAIL %s: interrupted\n' "${STEP}"
  elif [[ "${word}" == FAIL ]]; then
    printf 'VERDICT: FAIL %s: %s\n' "${STEP}" "${FAILURE:-it ended early, see above}"
  else
    printf 'VERDICT: PASS %s\n' "${STEP}"
  fi
}
