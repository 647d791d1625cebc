{{/* Refuses what the schema cannot: rules between values. Renders nothing. */}}
{{- define "heartbeat-writer.check" -}}
{{- include "heart-monitor.check" . }}
{{- include "heart-monitor.checkBlank" (list "" .Values (include "heartbeat-writer.keysWithDefault" .)) }}
{{- include "heart-monitor.checkLabels" (list "commonLabels" .Values.commonLabels (list "app.kubernetes.io/component")) }}
{{- include "heart-monitor.checkLabels" (list "podLabels" .Values.podLabels (list "app.kubernetes.io/component")) }}
{{- include "heartbeat-writer.checkIdentity" . }}
{{- include "heartbeat-writer.checkScraping" . }}
{{- include "heartbeat-writer.checkAlerts" . }}
{{- include "heart-monitor.checkEnv" (list "extraEnv or flatline.extraEnv" (include "heartbeat-writer.beaconEnv" .)) }}
{{- include "heart-monitor.checkBundle" (list "extraEnv" (toYaml .Values.extraEnv) (include "heartbeat-writer.volumeMounts" .)) }}
{{- include "heart-monitor.checkVolumes" (list "extraVolumes" (include "heartbeat-writer.volumes" .)) }}
{{- include "heart-monitor.checkMounts" (list "extraVolumeMounts" (include "heartbeat-writer.volumeMounts" .)) }}
{{- end }}

{{- define "heartbeat-writer.checkIdentity" -}}
{{- $nobody := not (or .Values.serviceAccount.create .Values.serviceAccount.name) }}
{{- if and $nobody (include "heart-monitor.usesWorkloadIdentity" .) }}
{{- fail "serviceAccount: workload identity signs in as a service account: create one, or name your own in serviceAccount.name" }}
{{- end }}
{{- end }}

{{- define "heartbeat-writer.checkScraping" -}}
{{- with .Values.networkPolicy }}
{{- if and .enabled $.Values.metrics.podMonitor.enabled (not .metricsFrom) (not .extraIngress) }}
{{- fail "networkPolicy.metricsFrom is empty, and metrics.podMonitor is enabled: name the namespace that Prometheus runs in, or it cannot reach the beacons" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "heartbeat-writer.checkAlerts" -}}
{{- $rules := "" }}
{{- range $path, $_ := .Files.Glob "files/rules/*.yaml" }}
{{- $rules = print $rules ($.Files.Get $path) }}
{{- end }}
{{- range .Values.metrics.rules.disabled }}
{{- if not (contains (printf "alert: %s\n" .) $rules) }}
{{- fail (printf "metrics.rules.disabled: there is no alert %s; files/rules has their names" .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The values of this chart whose default is not empty, and the groups of values. */}}
{{- define "heartbeat-writer.keysWithDefault" -}}
- replicaCount
- image.repository
- image.pullPolicy
- resources.requests
- resources.limits
- livenessProbe.periodSeconds
- livenessProbe.timeoutSeconds
- livenessProbe.failureThreshold
- readinessProbe.periodSeconds
- readinessProbe.timeoutSeconds
- readinessProbe.failureThreshold
- startupProbe.periodSeconds
- startupProbe.timeoutSeconds
- startupProbe.failureThreshold
- minReadySeconds
- terminationGracePeriodSeconds
- revisionHistoryLimit
- dnsPolicy
- dnsConfig.options
- podAntiAffinity
- podAntiAffinityTopologyKey
- topologySpreadConstraints
- nodeSelector
- tolerations
- podDisruptionBudget.enabled
- serviceAccount.create
- networkPolicy
- metrics.podMonitor.apiVersion
- metrics.podMonitor.interval
- metrics.podMonitor.scrapeTimeout
- metrics.rules.apiVersion
- metrics.rules.severity.critical
- metrics.rules.severity.warning
- metrics.rules.severity.info
- metrics.rules.thresholds.silentIntervals
- metrics.rules.thresholds.storeErrorRatio
- metrics.rules.thresholds.skewSeconds
- metrics.rules.for.silent
- metrics.rules.for.storeErrors
- metrics.rules.for.skew
- metrics.rules.for.blocked
- metrics.rules.for.stuck
- metrics.rules.for.unreadable
- metrics.dashboard.labels
- test.enabled
- test.watchFor
{{- end }}
