{{/* Where beacons run, and in which order they are replaced. */}}

{{/* The Deployment's selector. It can never be changed, so neither may these labels. */}}
{{- define "heartbeat-writer.beaconLabels" -}}
{{- include "heart-monitor.selectorLabels" . }}
app.kubernetes.io/component: beacon
{{- end }}

{{/* All labels of a beacon's pod. What is said of pods alone goes before what is said of everything. */}}
{{- define "heartbeat-writer.allBeaconLabels" -}}
{{- $own := list (include "heartbeat-writer.beaconLabels" .) (include "heart-monitor.podLabels" .) }}
{{- include "heart-monitor.merged" (concat $own (list .Values.podLabels .Values.commonLabels)) }}
{{- end }}

{{/* The pod's affinity. A single beacon has none to keep away from, and its rollout may need its own node. */}}
{{- define "heartbeat-writer.affinity" -}}
{{- with .Values.nodeAffinity }}
nodeAffinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if and (gt (int .Values.replicaCount) 1) (ne .Values.podAntiAffinity "none") }}
podAntiAffinity:
  {{- if eq .Values.podAntiAffinity "required" }}
  requiredDuringSchedulingIgnoredDuringExecution:
    - {{ include "heartbeat-writer.otherBeacons" . | nindent 6 | trim }}
  {{- else }}
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        {{- include "heartbeat-writer.otherBeacons" . | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{/*
Beacons keep apart from those of their own revision. A running pod keeps others off its node by its own rule, whatever
theirs says: without the revision an old beacon in a cluster with one node would keep the new one Pending, and stay itself,
since the new one is not ready. Kubernetes before 1.31 does not know the field, and drops it.
*/}}
{{- define "heartbeat-writer.otherBeacons" -}}
topologyKey: {{ .Values.podAntiAffinityTopologyKey }}
matchLabelKeys: [pod-template-hash]
labelSelector:
  matchLabels:
    {{- include "heartbeat-writer.beaconLabels" . | nindent 4 }}
{{- end }}

{{/* The constraints of the values, each with the beacons' selector where it has none. */}}
{{- define "heartbeat-writer.topologySpread" -}}
{{- $beacons := dict "matchLabels" (include "heartbeat-writer.beaconLabels" . | fromYaml) }}
{{- range .Values.topologySpreadConstraints }}
{{- $selector := .labelSelector | default $beacons }}
- {{ dict "labelSelector" $selector | mergeOverwrite (deepCopy .) | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/*
One beacon at a time, the next only when the one before has beaten for minReadySeconds. Of several the old one goes
first: where beacons keep apart, a new one beside two old ones finds no third node, and the rollout stands still. A
single one goes last, since nobody else beats.
*/}}
{{- define "heartbeat-writer.strategy" -}}
{{- $several := gt (int .Values.replicaCount) 1 -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: {{ ternary 0 1 $several }}
  maxUnavailable: {{ ternary 1 0 $several }}
{{- end }}
