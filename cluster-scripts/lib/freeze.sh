# shellcheck shell=bash
# Stopping processes from their nodes: one pod on each node, which does it and undoes it (node/freezer.sh).

# For how long a freezer freezes at most, in seconds: beyond the takeover that the drill waits for.
freeze_limit() {
  printf '%d\n' "$((THRESHOLD + SLACK + 20))"
}

# make_freezers beacons|workload|all: starts a pod on every node concerned, each of which waits for its sign. Sets FREEZERS.
make_freezers() {
  local pods node number=0
  pods=$(frozen_pods "$1")
  FREEZERS=()
  on "${OWNER}"
  to_undo kubectl --context "${CONTEXT}" --namespace "${DRILL_NAMESPACE}" delete pods \
    --selector "${DRILL_LABEL}=freezer" --ignore-not-found --timeout 60s
  while IFS= read -r node; do
    number=$((number + 1))
    freezer_manifest "${number}" "${node}" "${pods}" >"${SCRATCH}/freezer-${number}.json"
    run kubectl --context "${CONTEXT}" --namespace "${DRILL_NAMESPACE}" create --filename "${SCRATCH}/freezer-${number}.json"
    FREEZERS+=("flatline-freezer-${number}")
  done < <(jq -r .node <<<"${pods}" | sort -u)
  beside kubectl --context "${CONTEXT}" --namespace "${DRILL_NAMESPACE}" wait pods \
    --selector "${DRILL_LABEL}=freezer" --for condition=Ready --timeout 3m
}

frozen_pods() {
  if [[ "$1" != workload ]]; then pods_of "${OWNER}" beacon || die 'the beacons cannot be listed'; fi
  if [[ "$1" != beacons ]]; then pods_of "${OWNER}" workload || die "the workload's pods cannot be listed"; fi
}

# freezer_manifest NUMBER NODE PODS: a pod that may send signals to the node's processes, and nothing else.
freezer_manifest() {
  local limit
  limit=$(freeze_limit)
  jq -n --arg name "flatline-freezer-$1" --arg node "$2" --arg image "${DRILL_IMAGE}" --arg mark "${DRILL_LABEL}" \
    --arg limit "${limit}" --rawfile script "${SCRIPTS}/node/freezer.sh" --slurpfile pods <(printf '%s\n' "$3") '{
      apiVersion: "v1", kind: "Pod",
      metadata: {name: $name, labels: {($mark): "freezer"}},
      spec: {
        nodeName: $node, hostPID: true, restartPolicy: "Never", terminationGracePeriodSeconds: 10,
        # The cluster ends it where nobody else does: waiting for its sign, freezing, and some more.
        activeDeadlineSeconds: (($limit | tonumber) + 600),
        automountServiceAccountToken: false, enableServiceLinks: false,
        tolerations: [{operator: "Exists"}],
        containers: [{
          name: "freezer", image: $image,
          command: (["sh", "-c", $script, "freezer", $limit] + [$pods[] | select(.node == $node).containers[]]),
          resources: {requests: {cpu: "10m", memory: "16Mi"}, limits: {memory: "32Mi"}},
          securityContext: {
            runAsUser: 0, allowPrivilegeEscalation: false,
            capabilities: {drop: ["ALL"], add: ["KILL"]}
          }
        }]
      }
    }'
}

# freeze: gives all freezers their sign, and makes sure that each has stopped something.
freeze() {
  local freezer
  on "${OWNER}"
  for freezer in "${FREEZERS[@]}"; do
    run kubectl --context "${CONTEXT}" --namespace "${DRILL_NAMESPACE}" exec "${freezer}" -- touch /tmp/go
  done
  for freezer in "${FREEZERS[@]}"; do
    frozen "${freezer}"
  done
}

# frozen FREEZER: waits until it says so.
frozen() {
  local tries log=''
  ! dry_run || return 0
  for tries in 1 2 3 4 5; do
    log=$(kube "${OWNER}" --namespace "${DRILL_NAMESPACE}" logs "$1") || log=''
    [[ ! "${log}" =~ frozen:\ +[1-9] ]] || { finding "$1 ${log}"; return 0; }
    sleep 1
  done
  fail "$1 has stopped no process (after ${tries} looks): ${log:-it says nothing}"
}
