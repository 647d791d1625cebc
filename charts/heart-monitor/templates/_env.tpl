{{/* One variable, where it has a value: (list NAME VALUE). */}}
{{- define "heart-monitor.variable" -}}
{{- if last . }}
- name: {{ first . }}
  value: {{ last . | quote }}
{{- end }}
{{- end }}

{{/* One variable from a secret, where one is named: (list NAME SECRET), with SECRET's name and key. */}}
{{- define "heart-monitor.secretVariable" -}}
{{- with last . }}
{{- if .name }}
- name: {{ first $ }}
  valueFrom:
    secretKeyRef:
      name: {{ .name | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The variable that brings the secret of a blob store; empty for an identity, which needs none. */}}
{{- define "heart-monitor.secretOfBlob" -}}
{{- $secrets := dict "sas" "AZURE_STORAGE_SAS_TOKEN" "key" "AZURE_STORAGE_KEY" "connection-string" "AZURE_STORAGE_CONNECTION_STRING" }}
{{- get $secrets .Values.flatline.store.blob.credential }}
{{- end }}

{{/* How to sign in to the store. */}}
{{- define "heart-monitor.credentialEnv" -}}
{{- $store := .Values.flatline.store }}
{{- if eq $store.type "blob" }}
{{- $blob := $store.blob }}
{{- include "heart-monitor.variable" (list "HEARTBEAT_CREDENTIAL" $blob.credential) }}
{{- with include "heart-monitor.secretOfBlob" $ }}
{{- include "heart-monitor.secretVariable" (list . $blob.existingSecret) }}
{{- end }}
{{- if eq $blob.credential "managed-identity" }}
{{- include "heart-monitor.variable" (list "AZURE_CLIENT_ID" $blob.clientId) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
What beacons, monitors and the operator's commands share: the store, the clusters, and every duration, so that whoever
asks gets the same answer.
*/}}
{{- define "heart-monitor.env" -}}
{{- include "heart-monitor.check" . }}
{{- include "heart-monitor.sharedEnv" . | trim }}
{{- end }}

{{- define "heart-monitor.sharedEnv" -}}
{{- $flatline := .Values.flatline }}
{{- $variables := list
  (list "HEARTBEAT_STORE" (include "heart-monitor.storePlace" .))
  (list "THIS_CLUSTER" $flatline.cluster.this)
  (list "THAT_CLUSTER" $flatline.cluster.that)
  (list "PRIMARY_CLUSTER" $flatline.cluster.primary)
  (list "HEARTBEAT_INTERVAL" $flatline.timing.interval)
  (list "HEARTBEAT_WRITE_DEADLINE" $flatline.timing.writeDeadline)
  (list "HEART_MONITOR_OWNERSHIP" (include "heart-monitor.ownership" .))
  (list "HEART_MONITOR_IF_NEVER_SEEN" $flatline.ifNeverSeen)
  (list "HEART_MONITOR_FLATLINE_AFTER" $flatline.timing.flatlineAfter)
  (list "HEART_MONITOR_POLL" $flatline.timing.poll)
  (list "HEART_MONITOR_READ_DEADLINE" $flatline.timing.readDeadline)
  (list "HEART_MONITOR_CONFIRM" $flatline.timing.confirm)
  (list "HEART_MONITOR_CACHE_AGE" $flatline.timing.cacheAge)
  (list "HEART_MONITOR_STORE_GRACE" $flatline.timing.storeGrace)
  (list "HEART_MONITOR_TAKEOVER_DELAY" $flatline.timing.takeoverDelay)
  (list "HEART_MONITOR_STOP_GRACE" $flatline.guard.stopGrace)
  (list "HEART_MONITOR_ON_STORE_LOSS" $flatline.guard.onStoreLoss)
  (list "SSL_CERT_FILE" (include "heart-monitor.certificatesFile" .))
  (list "LOG_FORMAT" $flatline.log.format)
  (list "RUST_LOG" $flatline.log.level)
}}
{{- range $variables }}
{{- include "heart-monitor.variable" . }}
{{- end }}
{{- include "heart-monitor.credentialEnv" . }}
{{- with $flatline.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where gates, guards and beacons answer. */}}
{{- define "heart-monitor.listenAddress" -}}
{{- $root := get . "context" | default . }}
{{- $address := $root.Values.flatline.address }}
{{- contains ":" $address | ternary (printf "[%s]" $address) $address }}:{{ include "heart-monitor.port" . }}
{{- end }}

{{/* What gate and guard have beside that. */}}
{{- define "heart-monitor.monitorEnv" -}}
{{- $root := get . "context" | default . }}
{{- $flatline := $root.Values.flatline }}
{{- include "heart-monitor.env" $root }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_LISTEN" (include "heart-monitor.listenAddress" .)) }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_TERM_FILE" $flatline.termFile) }}
{{- include "heart-monitor.secretVariable" (list "ACTIVATION_KEY" $flatline.activationKey.existingSecret) }}
{{- end }}

{{/* The environment of the gate. */}}
{{- define "heart-monitor.gateEnv" -}}
{{- include "heart-monitor.checkGate" . }}
{{- $env := include "heart-monitor.rawGateEnv" . }}
{{- include "heart-monitor.checkEnv" (list "flatline.extraEnv or flatline.gate.extraEnv" $env) }}
{{- $env }}
{{- end }}

{{- define "heart-monitor.rawGateEnv" -}}
{{- $gate := .Values.flatline.gate }}
{{- include "heart-monitor.monitorEnv" . }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_TIMEOUT" $gate.timeout) }}
{{- with $gate.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The environment of a container whose command is guarded. */}}
{{- define "heart-monitor.guardEnv" -}}
{{- include "heart-monitor.checkGuard" (get . "context" | default .) }}
{{- include "heart-monitor.checkEndpoint" . }}
{{- $env := include "heart-monitor.rawGuardEnv" . }}
{{- include "heart-monitor.checkEnv" (list "flatline.extraEnv or flatline.guard.extraEnv" $env) }}
{{- $env }}
{{- end }}

{{- define "heart-monitor.rawGuardEnv" -}}
{{- $root := get . "context" | default . }}
{{- $guard := $root.Values.flatline.guard }}
{{- include "heart-monitor.monitorEnv" . }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_TIMEOUT" $guard.timeout) }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_ON_ACTIVE" $guard.onActive) }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_ON_STANDBY" $guard.onStandby) }}
{{- include "heart-monitor.variable" (list "HEART_MONITOR_ON_FAULT" $guard.onFault) }}
{{- with $guard.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
