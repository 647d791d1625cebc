{{- define "heart-monitor.podSecurityContext" -}}
{{- include "heart-monitor.check" . }}
{{- toYaml .Values.flatline.podSecurityContext }}
{{- end }}

{{- define "heart-monitor.containerSecurityContext" -}}
{{- include "heart-monitor.check" . }}
{{- toYaml .Values.flatline.containerSecurityContext }}
{{- end }}

{{/* "true" where pods sign in with the workload identity of their service account. */}}
{{- define "heart-monitor.usesWorkloadIdentity" -}}
{{- include "heart-monitor.check" . }}
{{- include "heart-monitor.signsInByServiceAccount" . }}
{{- end }}

{{- define "heart-monitor.signsInByServiceAccount" -}}
{{- $store := .Values.flatline.store }}
{{- if and (eq $store.type "blob") (eq $store.blob.credential "workload-identity") }}true{{ end }}
{{- end }}

{{/* Labels that a pod needs to reach the store. */}}
{{- define "heart-monitor.podLabels" -}}
{{- if include "heart-monitor.usesWorkloadIdentity" . -}}
azure.workload.identity/use: "true"
{{- end }}
{{- end }}

{{/* Annotations of a service account that the chart makes: the identity that its pods sign in with. */}}
{{- define "heart-monitor.serviceAccountAnnotations" -}}
{{- if include "heart-monitor.usesWorkloadIdentity" . -}}
{{- $advice := "flatline.store.blob.clientId is empty: set it to the client ID of the identity that this service account signs in with, or name a service account of your own that has one" -}}
azure.workload.identity/client-id: {{ required $advice .Values.flatline.store.blob.clientId | quote }}
{{- end }}
{{- end }}
