# shellcheck shell=bash
# The only ways to another program: `run` for what changes something, `ask` for what only reads.

# Prints a command line as it can be pasted into a shell.
quoted() {
  local word line=''
  for word in "$@"; do
    if [[ ! "${word}" =~ ^[A-Za-z0-9_./:=@,+%-]+$ ]]; then
      word="'${word//\'/\'\\\'\'}'"
    fi
    line+="${line:+ }${word}"
  done
  printf '%s\n' "${line}"
}

dry_run() {
  [[ "${DRY_RUN}" == yes ]]
}

# Runs a command that changes something. A dry run prints it on standard output instead.
run() {
  if dry_run; then
    quoted "$@"
    return
  fi
  quoted + "$@" >&2
  "$@"
}

# run_piped SOURCE... -- SINK...: runs `SOURCE | SINK`. So a secret goes from one program to the next without ever being
# in a command line, a variable or a log.
run_piped() {
  local source=()
  while [[ "$1" != -- ]]; do
    source+=("$1")
    shift
  done
  shift
  local line
  line="$(quoted "${source[@]}") | $(quoted "$@")"
  if dry_run; then
    printf '%s\n' "${line}"
    return
  fi
  printf '+ %s\n' "${line}" >&2
  "${source[@]}" | "$@"
}

# Runs a command that only reads, and lets its answer through. A dry run does so too.
ask() {
  if ! command -v "$1" >/dev/null; then
    warn "$1 is not on PATH, so it could not be asked: \`$(quoted "$@")\`"
    return 127
  fi
  "$@"
}

# write_file FILE CONTENT: makes a file have this content, and says so where it had not. A dry run only shows it.
write_file() {
  local file=$1 content=$2
  if [[ -f "${file}" && "$(<"${file}")" == "${content}" ]]; then
    say "${file} is up to date"
    return
  fi
  if dry_run; then
    say "would write ${file}:"
    say "${content}" 2>&1 | sed 's/^/    /' >&2
    return
  fi
  printf '%s\n' "${content}" >"${file}.new"
  mv -- "${file}.new" "${file}"
  say "wrote ${file}"
}

# Makes sure that a program is there, or says what it is needed for. A dry run goes on without it.
require_program() {
  local program=$1 purpose=$2
  if command -v "${program}" >/dev/null; then
    return 0
  fi
  if dry_run; then
    say "${program} is not on PATH; it will be needed ${purpose}"
    return 0
  fi
  die "${program} is not on PATH; it is needed ${purpose}"
}
