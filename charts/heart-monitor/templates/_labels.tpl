{{/* Names and labels of the chart that uses this one, with its nameOverride, fullnameOverride,
namespaceOverride and commonLabels. */}}

{{- define "heart-monitor.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "heart-monitor.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $default := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $default | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Where everything of the release is: a parent chart may have its own idea of it. */}}
{{- define "heart-monitor.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "heart-monitor.selectorLabels" -}}
app.kubernetes.io/name: {{ include "heart-monitor.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "heart-monitor.labels" -}}
{{- include "heart-monitor.merged" (list (include "heart-monitor.ownLabels" .) .Values.commonLabels) }}
{{- end }}

{{- define "heart-monitor.ownLabels" -}}
{{- include "heart-monitor.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | default .Chart.Version | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Several maps as one: (list MAP…), each a map or the text of one. Where several have a key, the first of them wins. Two maps
that are written one below the other have the key twice: Helm takes that, and Flux and whoever else reads YAML strictly does
not.
*/}}
{{- define "heart-monitor.merged" -}}
{{- $merged := dict }}
{{- range . }}
{{- $map := . }}
{{- if kindIs "string" . }}
{{- $map = fromYaml . }}
{{- end }}
{{- range $key, $value := $map }}
{{- if not (or (hasKey $merged $key) (kindIs "invalid" $value)) }}
{{- $_ := set $merged $key $value }}
{{- end }}
{{- end }}
{{- end }}
{{- with $merged }}
{{- toYaml . }}
{{- end }}
{{- end }}
