{{/* The rules of the network policy; a list without rules is empty. */}}

{{- define "heartbeat-writer.ingress" -}}
{{- with .Values.networkPolicy.metricsFrom }}
- from:
    {{- range . }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ . | quote }}
    {{- end }}
  ports:
    - { protocol: TCP, port: flatline }
{{- end }}
{{- with .Values.networkPolicy.extraIngress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A share is mounted by the node, which no policy of a pod's concerns: then nothing is allowed. */}}
{{- define "heartbeat-writer.egress" -}}
{{- if eq .Values.flatline.store.type "blob" }}
{{- include "heartbeat-writer.blobEgress" . }}
{{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "heartbeat-writer.blobEgress" }}
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
  {{- with .Values.networkPolicy.dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
- ports:
    {{- range include "heartbeat-writer.storePorts" . | fromYamlArray }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with .Values.networkPolicy.storeTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if eq .Values.flatline.store.blob.credential "managed-identity" }}
# The node's metadata service, where a managed identity gets its tokens.
- ports:
    - { protocol: TCP, port: 80 }
  to:
    - ipBlock: { cidr: 169.254.169.254/32 }
{{- end }}
{{- end }}

{{/* The port of the store's URL, and that of Entra ID, where workload identity signs in: a YAML list. */}}
{{- define "heartbeat-writer.storePorts" -}}
{{- $url := urlParse .Values.flatline.store.blob.url }}
{{- $default := eq $url.scheme "http" | ternary 80 443 }}
{{- $ports := list (regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default $default | int) }}
{{- if include "heart-monitor.usesWorkloadIdentity" . }}
{{- $ports = append $ports 443 }}
{{- end }}
{{- uniq $ports | toJson }}
{{- end }}
