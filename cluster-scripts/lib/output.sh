# shellcheck shell=bash
# What a step says. Standard output is left to commands that are only printed and to answers; all words go to standard error.

# Says what is going on.
say() {
  printf '%s\n' "$*" >&2
}

# Says what is worth a look although nothing failed.
warn() {
  printf 'warning: %s\n' "$*" >&2
}

# Ends the step with a sentence that says what is wrong and what to do.
die() {
  printf '%s: error: %s\n' "${STEP:-flatline}" "$*" >&2
  exit 1
}

# Prints the comment at the head of a script: its help.
print_head() {
  local line
  while IFS= read -r line; do
    case "${line}" in
      '#!'* | '# shellcheck '*) ;;
      '#'*)
        line=${line#'#'}
        printf '%s\n' "${line# }"
        ;;
      *) return 0 ;;
    esac
  done <"$1"
}
