{{/*
The port of gate and guard. A second guarded container in a pod has a port of its own, and its templates here and guardEnv
take (dict "context" . "name" NAME "port" PORT), NAME being what the port is called.
*/}}
{{- define "heart-monitor.ports" -}}
{{- $root := get . "context" | default . }}
{{- include "heart-monitor.check" $root }}
{{- include "heart-monitor.checkEndpoint" . }}
- name: {{ get . "name" | default "flatline" }}
  containerPort: {{ include "heart-monitor.port" . }}
{{- end }}

{{- define "heart-monitor.port" -}}
{{- $root := get . "context" | default . }}
{{- get . "port" | default $root.Values.flatline.port | int }}
{{- end }}

{{/* Refuses half of a name and a port, and a name that is none of a port. Renders nothing. */}}
{{- define "heart-monitor.checkEndpoint" -}}
{{- $name := get . "name" }}
{{- if ne (empty $name) (empty (get . "port")) }}
{{- fail "a second guarded container needs both a name and a port of its own: (dict \"context\" . \"name\" NAME \"port\" PORT)" }}
{{- end }}
{{- if and $name (not (and (le (len $name) 15) (regexMatch "^[a-z0-9]+(-[a-z0-9]+)*$" $name) (regexMatch "[a-z]" $name))) }}
{{- fail (printf "%s is no name of a port: at most 15 letters a to z, digits, and single dashes between them, with one letter" $name) }}
{{- end }}
{{- end }}

{{/*
Probes of a guarded container. They ask the guard: a probe that asks the workload fails while it is held back, and the
kubelet restarts the container for ever. And they ask by number: a chart that renders no ports has no name to ask by.
*/}}
{{- define "heart-monitor.probes" -}}
{{- include "heart-monitor.livenessProbe" . }}
{{ include "heart-monitor.readinessProbe" . }}
{{- end }}

{{- define "heart-monitor.livenessProbe" -}}
{{- $root := get . "context" | default . }}
{{- include "heart-monitor.check" $root }}
{{- include "heart-monitor.checkEndpoint" . -}}
livenessProbe:
  httpGet: { path: /livez, port: {{ include "heart-monitor.port" . }} }
  {{- toYaml $root.Values.flatline.livenessProbe | nindent 2 }}
{{- end }}

{{- define "heart-monitor.readinessProbe" -}}
{{- $root := get . "context" | default . }}
{{- include "heart-monitor.check" $root }}
{{- include "heart-monitor.checkEndpoint" . -}}
readinessProbe:
  httpGet: { path: /readyz, port: {{ include "heart-monitor.port" . }} }
  {{- toYaml $root.Values.flatline.readinessProbe | nindent 2 }}
{{- end }}

{{/*
A PodMonitor for the pods of the chart, where it is asked for. A gate and the guard that follows it listen on the same
port, one after the other: the gate while its pod is pending, the guard when it runs. Each is a target only in its time,
or the guard would count twice, and a gate that has opened would be a target that is down. Where there are several guarded
containers in a pod, (dict "context" . "ports" NAMES) with the names of all their ports.
*/}}
{{- define "heart-monitor.podMonitor" -}}
{{- $root := get . "context" | default . }}
{{- $ports := get . "ports" | default (list "flatline") }}
{{- with $root }}
{{- include "heart-monitor.check" . }}
{{- $podMonitor := .Values.flatline.podMonitor -}}
{{- if $podMonitor.enabled -}}
apiVersion: {{ $podMonitor.apiVersion }}
kind: PodMonitor
metadata:
  name: {{ include "heart-monitor.fullname" . }}
  namespace: {{ include "heart-monitor.namespace" . | quote }}
  labels:
    {{- include "heart-monitor.merged" (list (include "heart-monitor.ownLabels" .) $podMonitor.labels .Values.commonLabels) | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- include "heart-monitor.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    {{- range $ports }}
    - port: {{ . }}
      path: /metrics
      {{- with $podMonitor.interval }}
      interval: {{ . }}
      {{- end }}
      relabelings:
        - action: keep
          sourceLabels: [__meta_kubernetes_pod_container_init, __meta_kubernetes_pod_phase]
          regex: true;Pending|false;Running
    {{- end }}
{{- end }}
{{- end }}
{{- end }}
