{{/* Refuses what the schema cannot: rules between values. Renders nothing. */}}
{{- define "hot-standby-example.check" -}}
{{- include "heart-monitor.check" . }}
{{- include "heart-monitor.checkBlank" (list "" .Values (include "hot-standby-example.keysWithDefault" .)) }}
{{- if not (or .Values.guard.enabled .Values.gate.enabled) }}
{{- fail "guard.enabled and gate.enabled are both false, so that the workload would run in every cluster: enable the guard, or the gate, or both" }}
{{- end }}
{{- if .Values.guard.enabled }}
{{- include "heart-monitor.checkTermination" (list . .Values.terminationGracePeriodSeconds) }}
{{- end }}
{{- include "heart-monitor.checkEnv" (list "extraEnv" (include "hot-standby-example.env" .)) }}
{{- include "heart-monitor.checkVolumes" (list "extraVolumes" (include "hot-standby-example.volumes" .)) }}
{{- include "heart-monitor.checkMounts" (list "extraVolumeMounts" (include "hot-standby-example.volumeMounts" .)) }}
{{- include "heart-monitor.checkContainers" (list "extraInitContainers or extraContainers" (include "hot-standby-example.allContainers" .)) }}
{{- if and (include "heart-monitor.usesWorkloadIdentity" .) (not (or .Values.serviceAccount.create .Values.serviceAccount.name)) }}
{{- fail "serviceAccount.name is empty and serviceAccount.create is false, but workload identity signs in as a service account: name yours, or let the chart create one" }}
{{- end }}
{{- end }}

{{/* The values of this chart whose default is not empty, and the groups of values. */}}
{{- define "hot-standby-example.keysWithDefault" -}}
- guard.enabled
- gate.prePull
- replicaCount
- autoscaling
- image.registry
- image.repository
- image.tag
- image.pullPolicy
- command
- args
- resources.requests
- resources.limits
- terminationGracePeriodSeconds
- podDisruptionBudget.maxUnavailable
- dnsConfig.options
- nodeSelector
- nameOverride
- serviceAccount.create
- test.enabled
- test.watchFor
{{- end }}
