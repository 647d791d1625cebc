{{/*
Further objects of the values' extraObjects, as manifests: each a map or a text, in which templates are rendered, such as
{{ include "heart-monitor.fullname" . }}.
*/}}
{{- define "heart-monitor.extraObjects" -}}
{{- range .Values.extraObjects }}
---
{{ tpl (kindIs "string" . | ternary (toString .) (toYaml .)) $ }}
{{- end }}
{{- end }}
