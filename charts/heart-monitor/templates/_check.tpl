{{/* Refuses what the schema cannot: rules between values. Renders nothing. */}}
{{- define "heart-monitor.check" -}}
{{- if not (and .Values.flatline .Subcharts.flatline) }}
{{- fail "this chart has no flatline: in its Chart.yaml, give the dependency heart-monitor 'alias: flatline'" }}
{{- end }}
{{- $cluster := .Values.flatline.cluster }}
{{- if eq $cluster.this $cluster.that }}
{{- fail (printf "flatline.cluster: this and that are both '%s'; name the release's own cluster in this, and the other one in that" $cluster.this) }}
{{- end }}
{{- if not (or $cluster.primary (has "a" (list $cluster.this $cluster.that))) }}
{{- fail (printf "flatline.cluster.primary is empty, and neither cluster is 'a': set it to '%s' or '%s', the same in both clusters" $cluster.this $cluster.that) }}
{{- end }}
{{- end }}

{{/* Refuses a guard that would exit at once. Renders nothing. */}}
{{- define "heart-monitor.checkGuard" -}}
{{- if eq (include "heart-monitor.ownership" .) "off" }}
{{- fail "flatline.ownership is off, which records no owner, and a guard needs the record: set it to prefer or strict, or use a gate without a guard" }}
{{- end }}
{{- end }}

{{/* The mode; an unquoted off is false in YAML. */}}
{{- define "heart-monitor.ownership" -}}
{{- .Values.flatline.ownership | default "off" }}
{{- end }}

{{/* Refuses an environment that names a variable twice: (list WHERE ENVIRONMENT). Renders nothing. */}}
{{- define "heart-monitor.checkEnv" -}}
{{- $names := list }}
{{- range last . | fromYamlArray }}
{{- if has .name $names }}
{{- fail (printf "%s sets %s, which the chart sets from another value: set it there" (first $) .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}
