# shellcheck shell=bash
# Questions to the two clusters. None of them waits long: a cluster that does not answer is one of the things that happen.

# How long one question may take, in seconds. Two of them make a sample.
readonly PATIENCE=2

# on SIDE: makes a side the current one.
on() {
  name_side "$1"
}

# kube SIDE ARGS...: kubectl in a cluster.
kube() {
  on "$1"
  shift
  ask kubectl --context "${CONTEXT}" --request-timeout "${PATIENCE}s" "$@"
}

# The command line that changes something in a cluster goes through `run`, so it is built rather than run:
# kubectl_in SIDE NAMESPACE sets KUBECTL to its beginning.
kubectl_in() {
  on "$1"
  # shellcheck disable=SC2034
  KUBECTL=(kubectl --context "${CONTEXT}" --namespace "$2")
}

# beacon_exec SIDE COMMAND...: runs an operator's command in a beacon pod, with the deployment's settings and timings.
beacon_exec() {
  on "$1"
  shift
  ask kubectl --context "${CONTEXT}" --namespace "${BEACON_NAMESPACE}" exec "deploy/${BEACON_RELEASE}" \
    --container heartbeat-writer -- "$@"
}

# What a side's beacon pod sees of the store, as JSON; nothing where it cannot be asked.
status_from() {
  beacon_exec "$1" heart-monitor status -o json 2>/dev/null || true
}

# The labels of each release's pods, without those of its tests.
beacon_labels() {
  printf 'app.kubernetes.io/instance=%s,app.kubernetes.io/component=beacon\n' "${BEACON_RELEASE}"
}

workload_labels() {
  printf 'app.kubernetes.io/instance=%s\n' "${WORKLOAD_RELEASE}"
}

# pods_of SIDE beacon|workload: one JSON object a line for each pod that is neither ended nor being deleted. `port` is null
# where no guard and no gate listens, as in the pods of tests.
pods_of() {
  local namespace=${BEACON_NAMESPACE} labels
  labels=$(beacon_labels)
  if [[ "$2" == workload ]]; then
    namespace=${WORKLOAD_NAMESPACE}
    labels=$(workload_labels)
  fi
  kube "$1" --namespace "${namespace}" get pods --selector "${labels}" --output json | jq -c '
    .items[]
    | select(.metadata.deletionTimestamp == null and (.status.phase == "Running" or .status.phase == "Pending"))
    | {
        name: .metadata.name,
        namespace: .metadata.namespace,
        node: .spec.nodeName,
        ready: ([.status.conditions[]? | select(.type == "Ready" and .status == "True")] != []),
        port: ([(.spec.containers + (.spec.initContainers // []))[].ports[]? | select(.name == "flatline").containerPort] | first),
        containers: [(.status.containerStatuses // [])[] | select(.state.running).containerID | sub("^.*://"; "")]
      }'
}

# states_of SIDE: for each pod of the workload a line with its name, a tab, and what its guard or gate says of itself (one
# line of JSON, or nothing where it does not answer). The API server asks the pod, so that no image needs a shell.
states_of() {
  local pods name path state
  pods=$(pods_of "$1" workload | jq -r 'select(.port != null)
    | [.name, "/api/v1/namespaces/\(.namespace)/pods/\(.name):\(.port)/proxy/state"] | @tsv') || return 1
  [[ -n "${pods}" ]] || return 0
  while IFS=$'\t' read -r name path; do
    state=$(kube "$1" get --raw "${path}") || state=''
    printf '%s\t%s\n' "${name}" "${state//$'\n'/}"
  done <<<"${pods}"
}

# has_cilium SIDE: whether the cluster's engine is Cilium, whose deny rules go before what any policy allows.
has_cilium() {
  kube "$1" get customresourcedefinitions ciliumnetworkpolicies.cilium.io --output name >/dev/null 2>&1
}
