{{/*
The groups of files/rules, as the values want them. Those files are no templates, since Prometheus has the same braces as
Helm: each name in ${…} is replaced by its text.
*/}}
{{- define "heartbeat-writer.ruleGroups" -}}
{{- $settings := .Values.metrics.rules }}
{{- $texts := include "heartbeat-writer.ruleTexts" . | fromYaml }}
{{- $groups := list }}
{{- range $path, $_ := .Files.Glob "files/rules/*.yaml" }}
{{- $file := $.Files.Get $path }}
{{- range $name, $text := $texts }}
{{- $file = $file | replace (printf "${%s}" $name) $text }}
{{- end }}
{{- range (fromYaml $file).groups }}
{{- $alerts := list }}
{{- range .rules }}
{{- if not (has .alert ($settings.disabled | default list)) }}
{{- $alerts = append $alerts (include "heartbeat-writer.alert" (dict "alert" . "settings" $settings) | fromYaml) }}
{{- end }}
{{- end }}
{{- $group := dict "name" .name "rules" $alerts }}
{{- with $settings.interval }}
{{- $_ := set $group "interval" . }}
{{- end }}
{{- if $alerts }}
{{- $groups = append $groups $group }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $groups }}
{{- end }}

{{/* What stands for each name in ${…}. */}}
{{- define "heartbeat-writer.ruleTexts" -}}
{{- $settings := .Values.metrics.rules }}
{{- $name := include "heart-monitor.fullname" . }}
{{- $where := printf "kubectl -n %s" (include "heart-monitor.namespace" .) }}
{{- /*
A pod of a Deployment is called by the Deployment's name, its revision and a word of its own. Of a long name all that is
sure to be left are 46 letters: Kubernetes cuts the first two to 58 in all, and 11 and a dash are the revision's.
*/}}
{{- $pods := gt (len $name) 46 | ternary (printf "%s.+" (trunc 46 $name)) (printf "%s-[a-z0-9]+-[a-z0-9]+" $name) }}
beacons: {{ printf `namespace="%s",pod=~"%s"` (include "heart-monitor.namespace" .) $pods | quote }}
this_cluster: {{ .Values.flatline.cluster.this | quote }}
exec: {{ printf "%s exec deploy/%s --" $where $name | quote }}
logs: {{ printf "%s logs -l app.kubernetes.io/component=beacon --all-containers --ignore-errors --prefix --tail 5" $where | quote }}
get: {{ printf "%s get deploy/%s" $where $name | quote }}
silent_intervals: {{ $settings.thresholds.silentIntervals | toString | quote }}
store_error_ratio: {{ $settings.thresholds.storeErrorRatio | toString | quote }}
skew_seconds: {{ $settings.thresholds.skewSeconds | toString | quote }}
for_silent: {{ $settings.for.silent | quote }}
for_store_errors: {{ $settings.for.storeErrors | quote }}
for_skew: {{ $settings.for.skew | quote }}
for_blocked: {{ $settings.for.blocked | quote }}
for_stuck: {{ $settings.for.stuck | quote }}
for_unreadable: {{ $settings.for.unreadable | quote }}
{{- end }}

{{/* One alert with its severity, further labels, and the place of the runbook where to read on. */}}
{{- define "heartbeat-writer.alert" -}}
{{- $alert := deepCopy .alert }}
{{- $severity := get .settings.severity $alert.labels.severity }}
{{- $labels := merge (dict "severity" $severity) $alert.labels (.settings.alertLabels | default dict) }}
{{- $runbook := printf "%s#%s" (.settings.runbookUrl | default "docs/runbook.md") (lower $alert.alert) }}
{{- $annotations := merge (dict "runbook_url" $runbook) $alert.annotations }}
{{- merge (dict "labels" $labels "annotations" $annotations) $alert | toYaml }}
{{- end }}
