{{/* What the pods of the beacons and of the test have in common. */}}

{{- define "heartbeat-writer.serviceAccountName" -}}
{{- $default := .Values.serviceAccount.create | ternary (include "heart-monitor.fullname" .) "default" }}
{{- .Values.serviceAccount.name | default $default }}
{{- end }}

{{- define "heartbeat-writer.podLabels" -}}
{{- $own := list (include "heart-monitor.selectorLabels" .) (include "heart-monitor.podLabels" .) }}
{{- include "heart-monitor.merged" (append $own .Values.commonLabels) }}
{{- end }}

{{/* No service links: a Service in the namespace must not become a variable that the program reads. */}}
{{- define "heartbeat-writer.podSpec" -}}
serviceAccountName: {{ include "heartbeat-writer.serviceAccountName" . | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with include "heartbeat-writer.imagePullSecrets" . | trim }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "heart-monitor.podSecurityContext" . | nindent 2 }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
dnsPolicy: {{ .Values.dnsPolicy }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "heartbeat-writer.imagePullSecrets" -}}
{{- include "heart-monitor.imagePullSecrets" (dict "context" . "secrets" .Values.image.pullSecrets) }}
{{- end }}

{{/* The beacon's variables. */}}
{{- define "heartbeat-writer.beaconEnv" -}}
- name: HEARTBEAT_LISTEN
  value: {{ include "heart-monitor.listenAddress" . | quote }}
{{ include "heartbeat-writer.env" . }}
{{- end }}

{{/* Those of every monitor, and the extra ones. */}}
{{- define "heartbeat-writer.env" -}}
{{- include "heart-monitor.env" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "heartbeat-writer.volumeMounts" -}}
{{- include "heart-monitor.storeVolumeMounts" . }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "heartbeat-writer.volumes" -}}
{{- include "heart-monitor.storeVolumes" . }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
