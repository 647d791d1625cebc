# shellcheck shell=bash
# What every step begins with: strict mode, the library, the flags, the settings.
#
# A step is a script whose head is its help, whose function `step` does the work, and which ends with `step_main "$@"`.

set -euo pipefail

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  echo "these scripts need bash 4.4 or newer; this is ${BASH_VERSION} (macOS brings 3.2: brew install bash)" >&2
  exit 1
fi
shopt -s inherit_errexit nullglob

# With it `cd` prints where it went, and may go elsewhere.
unset CDPATH

SCRIPTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
STEP=$(basename -- "$0" .sh)
LIB=${SCRIPTS}/lib

# shellcheck source=output.sh
source "${LIB}/output.sh"
# shellcheck source=run.sh
source "${LIB}/run.sh"
# shellcheck source=azure.sh
source "${LIB}/azure.sh"
# shellcheck source=identity.sh
source "${LIB}/identity.sh"
# shellcheck source=kube.sh
source "${LIB}/kube.sh"
# shellcheck source=dist.sh
source "${LIB}/dist.sh"
# shellcheck source=cidr.sh
source "${LIB}/cidr.sh"
# shellcheck source=config.sh
source "${LIB}/config.sh"
# shellcheck source=rules.sh
source "${LIB}/rules.sh"
# shellcheck source=names.sh
source "${LIB}/names.sh"

# Whether commands that change something are only printed.
DRY_RUN=no
# Whether questions are answered with yes.
# shellcheck disable=SC2034
YES=no
# The clusters that a step works on, in this order.
# shellcheck disable=SC2034
SIDES=(a b)

step_main() {
  parse_flags "$@"
  load_config steps
  step
}

# shellcheck disable=SC2034
parse_flags() {
  while (($# > 0)); do
    TAKEN=1
    case $1 in
      help | --help | -h)
        print_head "$0"
        print_flags
        exit 0
        ;;
      --dry-run) DRY_RUN=yes ;;
      --yes) YES=yes ;;
      *)
        own_flag "$@"
        ((TAKEN > 0)) || die "there is no flag '$1'; see \`$(basename -- "$0") help\`"
        ;;
    esac
    shift "${TAKEN}"
  done
}

# A flag that not every script has: takes it from the front and sets TAKEN to how many words it is, 0 for none. Drills have
# others than steps, and replace this.
# shellcheck disable=SC2034
own_flag() {
  TAKEN=0
  [[ "$1" == --only ]] || return 0
  TAKEN=2
  [[ "${2:-}" == [ab] ]] || die "--only takes a cluster: a or b"
  SIDES=("$2")
}

print_flags() {
  cat <<'FLAGS'

Flags:
  --dry-run   print the commands that would change something, run none of them
  --only a|b  one cluster instead of both
  --yes       ask nothing
  help        this text

The settings come from config.sh beside the scripts, or from the file that FLATLINE_CONFIG names.
FLAGS
}

# skip WHY: ends a step that the settings make needless.
skip() {
  say "${STEP}: skipped, $*"
  exit 0
}
