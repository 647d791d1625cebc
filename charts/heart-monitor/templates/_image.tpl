{{/* The image of the gate and of the guard's binary. */}}
{{- define "heart-monitor.image" -}}
{{- include "heart-monitor.imageOf" (dict "context" . "image" .Values.flatline.image) }}
{{- end }}

{{/*
An image of flatline's: (dict "context" . "image" IMAGE), where IMAGE has repository, and may have registry, tag and
digest. Registry and tag are this library's where it has none.
*/}}
{{- define "heart-monitor.imageOf" -}}
{{- include "heart-monitor.check" .context }}
{{- $library := .context.Subcharts.flatline }}
{{- $registry := .image.registry | default .context.Values.flatline.image.registry }}
{{- $tag := .image.tag | default .context.Values.flatline.image.tag | default $library.Chart.AppVersion }}
{{- printf "%s/%s" $registry .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{/* The pod's imagePullSecrets, where there are any. */}}
{{- define "heart-monitor.imagePullSecrets" -}}
{{- range .Values.flatline.image.pullSecrets }}
- name: {{ . | quote }}
{{- end }}
{{- end }}
