{{/* The image of the gate and of the guard's binary. */}}
{{- define "heart-monitor.image" -}}
{{- include "heart-monitor.imageOf" (dict "context" . "image" .Values.flatline.image) }}
{{- end }}

{{/* The registry that a parent chart names for all of its images; empty for none. It goes before every other. */}}
{{- define "heart-monitor.globalRegistry" -}}
{{- (.Values.global | default dict).imageRegistry | default "" }}
{{- end }}

{{/*
An image of flatline's: (dict "context" . "image" IMAGE), where IMAGE has repository, and may have registry, tag and
digest. Registry and tag are this library's where it has none.
*/}}
{{- define "heart-monitor.imageOf" -}}
{{- include "heart-monitor.check" .context }}
{{- $library := .context.Subcharts.flatline }}
{{- $tag := .image.tag | default .context.Values.flatline.image.tag | default $library.Chart.AppVersion }}
{{- include "heart-monitor.registryOf" . }}/{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{- define "heart-monitor.registryOf" -}}
{{- $own := .image.registry | default .context.Values.flatline.image.registry }}
{{- include "heart-monitor.globalRegistry" .context | default $own }}
{{- end }}

{{/*
The pod's imagePullSecrets, where there are any: global ones, those of the block flatline, and with
(dict "context" . "secrets" NAMES) those of another image. Each comes once.
*/}}
{{- define "heart-monitor.imagePullSecrets" -}}
{{- $root := get . "context" | default . }}
{{- $names := list }}
{{- range concat (($root.Values.global | default dict).imagePullSecrets | default list) ($root.Values.flatline.image.pullSecrets | default list) (get . "secrets" | default list) }}
{{- $name := . }}
{{- if kindIs "map" . }}
{{- $name = .name }}
{{- end }}
{{- $names = append $names $name }}
{{- end }}
{{- range uniq $names }}
- name: {{ . | quote }}
{{- end }}
{{- end }}
