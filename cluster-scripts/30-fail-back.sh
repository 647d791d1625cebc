#!/usr/bin/env bash
# 30-fail-back: bring the work back to the primary, or hand it over to any cluster
#
# Runs `heart-monitor failback` in a beacon pod of the cluster that is to own the work: the owner's guard stops the
# workload, and the other's starts it when the first has stopped for certain. Nobody works for about the threshold. Shows
# the plan and asks first. Refuses where a side has no guard, where the successor's heart does not beat, where maintenance
# is on. Has nothing to do where the work is there already. On Ctrl-C the command goes on in its pod: run this again, which
# waits for it, or look at `heart-monitor status`.
#
# Rights: to exec into pods and to reach them through the API server, in the namespaces of both releases.

# shellcheck source=lib/drill.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/drill.sh"

TO=a
DRAIN=0s
SUPPOSED_OWNER=b

print_own_flags() {
  printf '  --to a|b    the cluster that is to own the work; a, the primary, unless said\n'
  printf '  --drain 30s how long the workload may finish in peace; nobody works for that much longer\n'
}

own_flag() {
  TAKEN=2
  case $1 in
    --to)
      TO=${2:-}
      [[ "${TO}" == [ab] ]] || die '--to takes a cluster: a or b'
      [[ "${TO}" == a ]] || SUPPOSED_OWNER=a
      ;;
    --drain)
      DRAIN=${2:-}
      [[ "${DRAIN}" =~ ^[0-9]+s$ ]] || die '--drain takes seconds, such as 30s'
      ;;
    *) TAKEN=0 ;;
  esac
}

ready() {
  [[ "${OWNER}" != "${TO}" ]] || skip "cluster ${TO} owns the work already"
  COMMAND=(heart-monitor failback --to "${TO}" --drain "${DRAIN}")
}

plan() {
  say "Hands the work of cluster ${OWNER} over to cluster ${TO}. What heart-monitor plans:"
  say ''
  beacon_exec "${TO}" "${COMMAND[@]}" --dry-run >&2 || dry_run || die 'there is no plan'
  say ''
  say "Must come out: ${OWNER} stops, then ${TO} works under term $((TERM_NOW + 1)), never both."
}

drill() {
  on "${TO}"
  ACTED=$(now)
  beside kubectl --context "${CONTEXT}" --namespace "${BEACON_NAMESPACE}" exec "deploy/${BEACON_RELEASE}" \
    --container heartbeat-writer -- "${COMMAND[@]}" --yes
  wait_until "$((THRESHOLD + 20))" "${MOVED}" "${TO} works, ${OWNER} stands by"
  check_all 30 "${TO}" "$((TERM_NOW + 1))"
}

drill_main "$@"
