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
{{- $selected := list "app.kubernetes.io/name" "app.kubernetes.io/instance" }}
{{- $everywhere := list "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" | concat $selected }}
{{- include "heart-monitor.checkLabels" (list "commonLabels" .Values.commonLabels $everywhere) }}
{{- include "heart-monitor.checkLabels" (list "podLabels" .Values.podLabels $selected) }}
{{- end }}

{{/*
Refuses labels that the chart sets itself: (list WHERE LABELS OWN). A pod whose labels do not fit the selector is refused
by the API server, in the middle of an upgrade. Renders nothing.
*/}}
{{- define "heart-monitor.checkLabels" -}}
{{- range $label, $_ := index . 1 }}
{{- if has $label (last $) }}
{{- fail (printf "%s sets %s, which the chart sets itself; nameOverride and the release's name go into it" (first $) $label) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses a guard that would exit at once. Renders nothing. */}}
{{- define "heart-monitor.checkGuard" -}}
{{- if eq (include "heart-monitor.ownership" .) "off" }}
{{- fail "flatline.ownership is off, which records no owner, and a guard needs the record: set it to prefer or strict, or use a gate without a guard" }}
{{- end }}
{{- end }}

{{/* Refuses a gate that would never open, since it cannot write the term. Renders nothing. */}}
{{- define "heart-monitor.checkGate" -}}
{{- if and .Values.flatline.termFile (not (include "heart-monitor.writesTermBesideGuard" .)) }}
{{- fail (printf "flatline.termFile is %s, which the gate cannot write, and a gate that cannot write the term stays closed: put it into /flatline/" .Values.flatline.termFile) }}
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
