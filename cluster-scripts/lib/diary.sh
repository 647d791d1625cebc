# shellcheck shell=bash
# What the guards wrote into their logs during a drill: exact times, by the nodes' clocks, without gaps between samples.

# A drill whose logs cannot be compared sets this to no, and says why.
DIARIES_JUDGE=yes

# Reads the logs of both workloads since the drill began, tells what changed, and fails where one side's workload was
# started before the other's had ended.
read_diaries() {
  local events=${SCRATCH}/events line
  { diary_of a; diary_of b; } 2>/dev/null | jq -cs 'sort_by(.at)[]' >"${events}"
  while IFS= read -r line; do
    finding "${line}"
  done < <(jq -r '"\(.clock)  \(.side)  \(.message)\(if .reason then " (\(.reason))" else "" end)\(if .term then ", term \(.term)" else "" end)"' "${events}")
  [[ "${DIARIES_JUDGE}" == yes ]] || return 0
  line=$(jq -rs --from-file "${LIB}/pause.jq" "${events}")
  case ${line} in
    '' | null) ;;
    -*) FAILURE=${FAILURE:-"by the guards' logs BOTH workloads ran, for ${line#-} s"} ;;
    *) finding "by the guards' logs nobody worked for ${line} s" ;;
  esac
}

# diary_of SIDE: the events of a side's workload, one JSON object a line.
diary_of() {
  local side=$1 pod since
  since=$(jq -rn --argjson at "${BEGAN}" '$at | todate')
  while IFS= read -r pod; do
    on "${side}"
    ask kubectl --context "${CONTEXT}" --namespace "${WORKLOAD_NAMESPACE}" logs "${pod}" --all-containers \
      --since-time "${since}" | jq -cR --arg side "${side}" --arg pod "${pod}" --argjson began "${BEGAN}" '
        fromjson? | objects
        | select((.message // "") | test("^(workload (started|stopped|ended)|stopping the workload|claim|taken over|handed over|go)"))
        | {
            at: (.timestamp | (sub("[.][0-9]+Z$"; "Z") | fromdate) + ((capture("(?<f>[.][0-9]+)Z$").f | tonumber) // 0)),
            clock: .timestamp[11:23], side: $side, pod: $pod, message: (.message | sub(":.*"; "")), reason, term
          }
        | select(.at >= $began)'
  done < <(pods_of "${side}" workload | jq -r 'select(.port != null).name')
}
