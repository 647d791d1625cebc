#!/usr/bin/env bats
# Help, the list, and how steps are found.

load helper

@test "the list names every step with what it is about" {
  run -0 flatline list
  [[ "${lines[0]}" == '01-networks '*'a virtual network in each region' ]]
  [[ "${#lines[@]}" == "$(echo "${SCRIPTS}"/[0-9][0-9]-*.sh | wc -w)" ]]
}

@test "every step has help: its name, its rights, its flags; without settings" {
  rm -- "${FLATLINE_CONFIG}"
  local script name
  for script in "${SCRIPTS}"/[0-9][0-9]-*.sh; do
    name=$(basename -- "${script}" .sh)
    run -0 flatline help "${name}"
    [[ "${lines[0]}" == "${name}: "* ]]
    says 'Rights: '
    says '--dry-run'
    run -0 flatline "${name}" --help
    says '--dry-run'
  done
}

@test "a step is found by number, name or both" {
  local word
  for word in 05 store 05-store; do
    run -0 flatline help "${word}"
    says '05-store: '
  done
}

@test "the dispatcher's help names its commands and the steps" {
  run -0 flatline help
  says 'flatline up [FLAGS]'
  says '01-networks'
  run -0 flatline
  says 'flatline STEP'
}

@test "what there is not is told" {
  run -1 flatline dance
  says "there is no step or command 'dance'; see \`flatline list\`"
  run -1 flatline 01 --dance
  says "there is no flag '--dance'"
}

@test "a step can be run by itself, from anywhere" {
  cd /
  PATH=${TEST_PATH} run -0 "${SCRIPTS}/01-networks.sh" --dry-run
  says 'az network vnet create'
}
