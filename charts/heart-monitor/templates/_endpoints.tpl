{{/* The port of gate and guard. */}}
{{- define "heart-monitor.ports" -}}
{{- include "heart-monitor.check" . -}}
- name: flatline
  containerPort: {{ .Values.flatline.port }}
{{- end }}

{{/*
Probes of a guarded container. They ask the guard: a probe that asks the workload fails while it is held back, and the
kubelet restarts the container for ever.
*/}}
{{- define "heart-monitor.probes" -}}
{{- include "heart-monitor.livenessProbe" . }}
{{ include "heart-monitor.readinessProbe" . }}
{{- end }}

{{- define "heart-monitor.livenessProbe" -}}
{{- include "heart-monitor.check" . -}}
livenessProbe:
  httpGet: { path: /livez, port: flatline }
  {{- toYaml .Values.flatline.livenessProbe | nindent 2 }}
{{- end }}

{{- define "heart-monitor.readinessProbe" -}}
{{- include "heart-monitor.check" . -}}
readinessProbe:
  httpGet: { path: /readyz, port: flatline }
  {{- toYaml .Values.flatline.readinessProbe | nindent 2 }}
{{- end }}

{{/*
A PodMonitor for the pods of the chart, where it is asked for. A gate and the guard that follows it listen on the same
port, one after the other: the gate while its pod is pending, the guard when it runs. Each is a target only in its time,
or the guard would count twice, and a gate that has opened would be a target that is down.
*/}}
{{- define "heart-monitor.podMonitor" -}}
{{- include "heart-monitor.check" . }}
{{- $podMonitor := .Values.flatline.podMonitor -}}
{{- if $podMonitor.enabled -}}
apiVersion: {{ $podMonitor.apiVersion }}
kind: PodMonitor
metadata:
  name: {{ include "heart-monitor.fullname" . }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "heart-monitor.merged" (list (include "heart-monitor.ownLabels" .) $podMonitor.labels .Values.commonLabels) | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- include "heart-monitor.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    - port: flatline
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
