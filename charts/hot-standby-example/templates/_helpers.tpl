{{- define "hot-standby-example.serviceAccountName" -}}
{{- $default := .Values.serviceAccount.create | ternary (include "heart-monitor.fullname" .) "default" }}
{{- .Values.serviceAccount.name | default $default }}
{{- end }}

{{- define "hot-standby-example.image" -}}
{{- with .Values.image }}
{{- list (include "heart-monitor.globalRegistry" $ | default .registry) .repository | compact | join "/" }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}
{{- end }}

{{- define "hot-standby-example.imagePullSecrets" -}}
{{- include "heart-monitor.imagePullSecrets" (dict "context" . "secrets" .Values.image.pullSecrets) }}
{{- end }}

{{/* What is said of pods alone goes before what is said of everything. */}}
{{- define "hot-standby-example.podLabels" -}}
{{- $own := list (include "heart-monitor.selectorLabels" .) (include "heart-monitor.podLabels" .) }}
{{- include "heart-monitor.merged" (concat $own (list .Values.podLabels .Values.commonLabels)) }}
{{- end }}

{{/*
In a standby, pods behind a gate are never ready. With Recreate, or where a rollout may make no pod unavailable, `helm
--wait` would wait for them, and an update would stand still. A guard alone is ready in the standby too.
*/}}
{{- define "hot-standby-example.strategy" -}}
{{- if .Values.updateStrategy }}
{{- toYaml .Values.updateStrategy }}
{{- else if .Values.gate.enabled -}}
type: RollingUpdate
rollingUpdate: { maxSurge: 0, maxUnavailable: 100% }
{{- else -}}
type: Recreate
{{- end }}
{{- end }}

{{/*
What the pod does before its containers start, in this order: the guard's binary and the pulling of images first, then
the gate, and behind it everything that works.
*/}}
{{- define "hot-standby-example.initContainers" -}}
{{- if or .Values.guard.enabled (include "hot-standby-example.prePulls" .) }}
{{ include "heart-monitor.guardBinary" . }}
{{- end }}
{{- if include "hot-standby-example.prePulls" . }}
{{ include "hot-standby-example.prePull" . }}
{{- end }}
{{- if .Values.gate.enabled }}
{{ include "heart-monitor.gate" . }}
{{- end }}
{{- with .Values.extraInitContainers }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Everything behind the gate is pulled before it: the workload, further init containers, and what runs beside it. */}}
{{- define "hot-standby-example.prePull" -}}
{{- $images := list }}
{{- range concat (.Values.extraInitContainers | default list) (.Values.extraContainers | default list) }}
{{- $images = append $images (pick . "name" "image" "imagePullPolicy") }}
{{- end }}
{{- $own := include "hot-standby-example.image" . }}
{{- include "heart-monitor.prePull" (dict "context" . "image" $own "pullPolicy" .Values.image.pullPolicy "images" $images) }}
{{- end }}

{{/* Every container of the pod, as far as names go. */}}
{{- define "hot-standby-example.allContainers" -}}
- name: orders
{{- with .Values.extraContainers }}
{{ toYaml . }}
{{- end }}
{{ include "hot-standby-example.initContainers" . }}
{{- end }}

{{- define "hot-standby-example.prePulls" -}}
{{- if and .Values.gate.enabled .Values.gate.prePull }}true{{ end }}
{{- end }}

{{/* The environment of the workload's container. */}}
{{- define "hot-standby-example.env" -}}
{{- if .Values.guard.enabled }}
{{- include "heart-monitor.guardEnv" . }}
{{- else }}
- name: THIS_CLUSTER
  value: {{ .Values.flatline.cluster.this | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Its mounts. A gate alone may have written the term for it. */}}
{{- define "hot-standby-example.volumeMounts" -}}
{{- if .Values.guard.enabled }}
{{- include "heart-monitor.volumeMounts" . }}
{{- else if include "heart-monitor.writesTermBesideGuard" . }}
{{- include "heart-monitor.guardVolumeMounts" . }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The pod's volumes. A gate alone that pre-pulls nothing has no use for the guard's. */}}
{{- define "hot-standby-example.volumes" -}}
{{- if or .Values.guard.enabled (include "hot-standby-example.prePulls" .) (include "heart-monitor.writesTermBesideGuard" .) }}
{{- include "heart-monitor.volumes" . }}
{{- else }}
{{- include "heart-monitor.storeVolumes" . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
