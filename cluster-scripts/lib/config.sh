# shellcheck shell=bash
# Reading the settings.

# The file with the user's settings.
CONFIG=${FLATLINE_CONFIG:-${SCRIPTS}/config.sh}
# Without a folder in its name, `source` would look for it on PATH.
[[ "${CONFIG}" == */* ]] || CONFIG=./${CONFIG}

# load_config steps|drill: reads the settings, checks them, and derives the names that do not depend on a side. A drill needs
# fewer of them than the steps.
load_config() {
  local what=$1
  [[ -f "${CONFIG}" ]] ||
    die "there are no settings at ${CONFIG}; copy config.example.sh to config.sh and fill it in, or name a file in FLATLINE_CONFIG"
  [[ "$(<"${CONFIG}")" != *$'\r'* ]] || die "${CONFIG} has the line ends of Windows; write it with plain ones"
  bash -n "${CONFIG}" || die "${CONFIG} is not a shell file that can be read"
  refuse_unknown_settings
  # The defaults come first, so that a variable of the caller's environment is never taken for a setting.
  # shellcheck source=settings.sh
  source "${LIB}/settings.sh"
  # shellcheck source=/dev/null
  source "${CONFIG}" || die "${CONFIG} ends with a command that fails; it is to hold settings and nothing else"
  check_config "${what}"
  name_everything
}

# A typing mistake in a name would otherwise be a setting that nobody reads.
refuse_unknown_settings() {
  local known name
  known=$(names_set_in "${LIB}/settings.sh")
  for name in $(names_set_in "${CONFIG}"); do
    [[ $'\n'"${known}"$'\n' == *$'\n'"${name}"$'\n'* ]] ||
      die "${CONFIG} sets ${name}, which is no setting; see config.example.sh"
  done
}

# The names of the variables that a file assigns, one a line.
names_set_in() {
  sed -nE 's/^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=.*/\2/p' "$1"
}
