# shellcheck shell=bash
# Whether the two clusters are fit for a drill, and whether all is well after it.

# Marks what a drill makes, so that what one left behind is found.
readonly DRILL_LABEL=flatline-drill

# Reasons against a drill.
UNFIT=()

# Whom a dry run takes for the owner where no cluster says who it is.
SUPPOSED_OWNER=a

# unfit WHY: a reason against a drill.
unfit() {
  UNFIT+=("$*")
}

# refuse_unfit: ends a drill that has reasons against it; a dry run only tells them.
refuse_unfit() {
  ((${#UNFIT[@]} > 0)) || return 0
  say 'the clusters are not fit for this:'
  say "$(printf '  - %s\n' "${UNFIT[@]}")"
  dry_run || die 'nothing was changed'
  UNFIT=()
}

# Looks whether both hearts beat, the record is active, and exactly one side works while a guard stands by in the other. A
# dry run goes on where they are not, and says that it only supposes so.
# Sets OWNER, STANDBY, TERM_NOW, and THRESHOLD: after how many seconds of silence a heart is flat.
examine() {
  local side found=''
  OWNER='' STANDBY=b TERM_NOW=0 THRESHOLD=10
  for side in a b; do
    on "${side}"
    require_context
    examine_store "${side}"
    examine_leftovers "${side}"
  done
  OWNER=${OWNER:-${SUPPOSED_OWNER}}
  [[ "${OWNER}" == a ]] || STANDBY=a
  ((${#UNFIT[@]} > 0)) || examine_work
  ((${#UNFIT[@]} > 0)) || examine_timing
  ((${#UNFIT[@]} == 0)) || found='what follows is only printed, supposing that '
  refuse_unfit
  say "${found}cluster ${OWNER} owns the work under term ${TERM_NOW} and works, cluster ${STANDBY} stands by, both hearts beat"
}

# examine_store SIDE: what this side's beacon sees.
examine_store() {
  local status owner problem
  status=$(status_from "$1")
  if [[ -z "${status}" ]]; then
    unfit "the beacon of cluster $1 cannot be asked: \`kubectl --context ${CONTEXT} --namespace ${BEACON_NAMESPACE} exec \
deploy/${BEACON_RELEASE} -- heart-monitor status\`; step 09 deploys it"
    return
  fi
  while IFS= read -r problem; do
    [[ -z "${problem}" ]] || unfit "seen from cluster $1, ${problem}"
  done <<<"$(jq -r '
    (if .record.state != "found" then "the ownership record is \(.record.state)"
      elif .record.phase != "active" then "the record is \(.record.phase): a takeover or a handover is under way" else empty end),
    (if .maintenance.state != "off" then "maintenance is \(.maintenance.state)" else empty end),
    (("a", "b") as $heart
      | [.clusters[] | select(.cluster == $heart).verdict] | first // "unknown"
      | select(. != "beating") | "the heart of cluster \($heart) is \(.)")' <<<"${status}")"
  owner=$(jq -r '.record.owner // ""' <<<"${status}")
  TERM_NOW=$(jq -r '.record.term // 0' <<<"${status}")
  [[ -z "${OWNER}" || "${OWNER}" == "${owner}" ]] || unfit "cluster a sees ${OWNER} as the owner, cluster b sees ${owner}"
  case ${owner} in
    a | b | '') OWNER=${owner} ;;
    *) unfit "the work is owned by cluster ${owner}, which is neither a nor b" ;;
  esac
}

# examine_leftovers SIDE: what an earlier drill could not take away.
examine_leftovers() {
  local namespace kinds=networkpolicies
  ! has_cilium "$1" || kinds+=,ciliumnetworkpolicies
  leftover "$1" "${DRILL_NAMESPACE}" pods
  for namespace in "${BEACON_NAMESPACE}" "${WORKLOAD_NAMESPACE}"; do
    leftover "$1" "${namespace}" "${kinds}"
  done
}

# leftover SIDE NAMESPACE KINDS
leftover() {
  local found
  found=$(kube "$1" --namespace "$2" get "$3" --selector "${DRILL_LABEL}" --output name 2>/dev/null) || found=''
  [[ -z "${found}" ]] || unfit "cluster $1 holds what an earlier drill left: ${found//$'\n'/, }; delete it: \`$(quoted kubectl \
    --context "${CONTEXT}" --namespace "$2" delete "$3" --selector "${DRILL_LABEL}")\`"
}

# One sample of the workloads.
examine_work() {
  look
  holds 'owner.word == "works"' ||
    unfit "cluster ${OWNER} owns the work, and no guard there says that it runs ($(sides)); a gate alone (\`guard.enabled=false\`) says nothing once it is open"
  holds 'standby.word == "stands by"' || unfit "nothing stands by in cluster ${STANDBY} ($(sides))"
  holds 'owner | all(.states[]; .own_heart != null)' ||
    unfit 'the workload has no guard: a gate alone stops nothing, and a drill would run it twice'
  # A gate that waits does not look at its own heart, a guard does.
  holds 'standby | any(.states[]; .waiting.for == "heart" and (.own_heart.verdict // "beating") == "beating")' ||
    unfit "no guard in cluster ${STANDBY} watches the heart of ${OWNER}: see \`waiting\` at its /state"
  holds 'standby | all(.states[]; .rehearsal == null or .rehearsal.well)' ||
    unfit "the rehearsal failed in cluster ${STANDBY}: it could not write the record"
}

# The threshold of the deployment; the longer one where the two sides differ.
examine_timing() {
  local side seconds
  THRESHOLD=0
  for side in a b; do
    seconds=$(beacon_exec "${side}" heart-monitor timing -o json 2>/dev/null |
      jq '.durations[] | select(.symbol == "T").ms / 1000 | ceil') || seconds=''
    [[ -n "${seconds}" ]] || unfit "cluster ${side} does not say its timings (\`heart-monitor timing\`)"
    ((${seconds:-0} <= THRESHOLD)) || THRESHOLD=${seconds}
  done
}

# require_two_beacons SIDE: a drill that takes one beacon away needs another one, on another node.
require_two_beacons() {
  local nodes
  nodes=$(pods_of "$1" beacon | jq -s '[.[] | select(.ready).node] | unique | length') || nodes=0
  ((nodes >= 2)) || unfit "ready beacons of cluster $1 are on ${nodes} node, and this needs two nodes (\`replicaCount\` of the beacon)"
}

# The flatline check at the end of a drill: both clusters see this owner and term, an active record and two beating hearts,
# exactly the owner works, and the other stands by. check_all SECONDS OWNER TERM_NOW gives them some time for it.
check_all() {
  local limit=$1 owner=$2 term=$3 began side problem=''
  ! dry_run || return 0
  say "flatline check: cluster ${owner} owns the work under term ${term}, both hearts beat, only ${owner} works"
  began=$(now)
  while true; do
    problem=''
    for side in a b; do
      problem+=$(problem_from "${side}" "${owner}" "${term}")
    done
    look
    holds "[.a, .b] | map(.word) | sort == [\"stands by\", \"works\"]" && holds ".${owner}.word == \"works\"" ||
      problem+="$(sides); "
    [[ -n "${problem}" ]] || break
    (($(now) - began < limit)) || fail "the flatline check after ${limit} s: ${problem%; }"
  done
  finding "flatline check: both clusters see ${owner} own the work under term ${term}, both hearts beat, only ${owner} works"
}

# problem_from SIDE OWNER TERM_NOW: what is not as it must be, seen from a side; nothing where all is.
problem_from() {
  local status
  status=$(status_from "$1")
  if [[ -z "${status}" ]]; then
    printf 'the beacon of cluster %s cannot be asked; ' "$1"
    return
  fi
  jq -r --arg side "$1" --arg owner "$2" --argjson term "$3" '
    [ (if .record.owner == $owner and .record.term == $term and .record.phase == "active" then empty
        else "the record says \(.record.owner // .record.state), term \(.record.term // "?"), \(.record.phase // "?")" end),
      (.clusters[] | select(.cluster == "a" or .cluster == "b") | select(.verdict != "beating")
        | "the heart of cluster \(.cluster) is \(.verdict)")
    ] | map("seen from \($side), \(.); ") | join("")' <<<"${status}"
}
