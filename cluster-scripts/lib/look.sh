# shellcheck shell=bash
# Looking at both clusters' workloads at the same time, again and again, from before a drill to its end.
#
# What this proves: in every sample, both sides were asked within a few seconds, and not both said that the workload may
# run. What it cannot prove: what happened between two samples, what a side that gave no answer did, and what a workload
# does that ignores its guard. The guards' own logs, which the verdict compares, leave no gap between samples.

# A sample whose questions took longer, in seconds, says nothing about "at once". A takeover leaves at least 3 s between
# one side's stop and the other's start (docs/failover.md).
readonly AT_ONCE=2

# From one sample to the next, in seconds; more spares an API server that is slow or far away.
readonly LOOK_EVERY=${FLATLINE_LOOK_EVERY:-1}

# Takes one sample: a line {at, took, a, b, both}; a side is {word, states}. A drill fails at the first sample in which both
# work. The words:
#   works       a pod says that the workload may run
#   stands by   every pod says that it may not
#   silent      a pod does not answer, and none works
#   nobody      there is no pod
look() {
  local began ended a b
  began=$(now)
  look_at a 2>/dev/null &
  a=$!
  look_at b 2>/dev/null &
  b=$!
  wait "${a}" "${b}" || true
  ended=$(now)
  LAST=$(jq -nc --argjson at "${began}" --argjson took "$((ended - began))" --argjson most "${AT_ONCE}" \
    --rawfile a "${SCRATCH}/a" --rawfile b "${SCRATCH}/b" '
      def side(text):
        [text | split("\n")[] | select(. != "" and . != "asked") | split("\t") | {pod: .[0], state: (.[1] | fromjson? // null)}] as $pods
        | {
            word: (if text | startswith("asked\n") | not then "silent"
              elif $pods == [] then "nobody"
              elif any($pods[]; .state.blocked == false) then "works"
              elif any($pods[]; .state == null) then "silent"
              else "stands by" end),
            states: [$pods[].state | values]
          };
      {at: $at, took: $took, a: side($a), b: side($b)}
      | . + {both: (.a.word == "works" and .b.word == "works" and .took <= $most)}')
  printf '%s\n' "${LAST}" >>"${SAMPLES}"
  if [[ "${LAST}" == *'"both":true}' ]]; then
    fail "BOTH clusters said that their workload may run, in one sample at $(clock "${began}")"
  fi
}

# look_at SIDE: notes what the side says; the first line is there where the cluster could be asked at all.
look_at() {
  local states
  : >"${SCRATCH}/$1"
  states=$(states_of "$1") || return 0
  printf 'asked\n%s\n' "${states}" >"${SCRATCH}/$1"
}

# holds CONDITION: whether the last sample fulfils a condition in jq's words, in which `owner` and `standby` are the sides that
# were so before the drill.
holds() {
  jq -e --arg owner "${OWNER}" --arg standby "${STANDBY}" \
    "def owner: .[\$owner]; def standby: .[\$standby]; $1" <<<"${LAST}" >/dev/null
}

# wait_until SECONDS CONDITION WHAT [WHY]: looks until the condition holds, and fails where it does not in time, with what
# may be the reason. Sets TOOK to the seconds since the drill acted.
wait_until() {
  local limit=$1 condition=$2 what=$3 why=${4:-} began
  ! dry_run || return 0
  began=$(now)
  say "waiting for at most ${limit} s: ${what}"
  while true; do
    look
    TOOK=$(($(now) - ${ACTED:-${began}}))
    if holds "${condition}"; then
      finding "after ${TOOK} s: ${what}"
      return 0
    fi
    (($(now) - began < limit)) || fail "after ${TOOK} s still not: ${what}. Last seen: $(sides)${why:+. ${why}}"
    sleep "${LOOK_EVERY}"
  done
}

# keep_looking SECONDS CONDITION WHAT: the condition must hold in every sample of this time.
keep_looking() {
  local seconds=$1 condition=$2 what=$3 began
  ! dry_run || return 0
  began=$(now)
  say "looking for ${seconds} s: ${what}"
  while (($(now) - began < seconds)); do
    look
    holds "${condition}" || fail "no longer: ${what}. Last seen: $(sides)"
    sleep "${LOOK_EVERY}"
  done
  finding "for ${seconds} s: ${what}"
}

# The last sample in words.
sides() {
  jq -r '[("a", "b") as $side | "\($side) \(.[$side].word)"] | join(", ")' <<<"${LAST}"
}

# Samples that mostly took too long prove nothing: then the drill has no verdict but FAIL.
judge_samples() {
  local slow
  slow=$(jq -s --argjson most "${AT_ONCE}" '(map(select(.took > $most)) | length) * 2 > length' "${SAMPLES}")
  [[ "${slow}" != true ]] ||
    FAILURE=${FAILURE:-"most samples took longer than ${AT_ONCE} s, so that nobody can tell whether both worked: try from nearer to the API servers"}
}

# What the samples say together.
tell_samples() {
  jq -rs --argjson most "${AT_ONCE}" '
    def both: map(select(.a.word != "silent" and .b.word != "silent" and .took <= $most));
    if . == [] then empty else
      "\(length) samples in \(.[-1].at - .[0].at) s; in \(both | length) both clusters answered within \($most) s, and both worked in " +
      "\(both | map(select(.a.word == "works" and .b.word == "works")) | length)"
    end' "${SAMPLES}" | sed 's/^/  /'
}

# A moment, in UTC.
clock() {
  jq -rn --argjson at "$1" '$at | strftime("%H:%M:%S")'
}
