{{/*
A bundle of certificate authorities of one's own. It reaches whatever speaks to the store: variables, mounts and volumes
of every pod are made of these, beside the store's.
*/}}

{{/* "true" where there is one. */}}
{{- define "heart-monitor.hasCertificates" -}}
{{- with .Values.flatline.certificates }}
{{- if or .configMap .secret }}true{{ end }}
{{- end }}
{{- end }}

{{- define "heart-monitor.certificatesFile" -}}
{{- if include "heart-monitor.hasCertificates" . }}/etc/flatline/{{ .Values.flatline.certificates.key }}{{ end }}
{{- end }}

{{- define "heart-monitor.certificatesVolumes" -}}
{{- if include "heart-monitor.hasCertificates" . }}
{{- with .Values.flatline.certificates -}}
- name: flatline-certificates
  {{- if .configMap }}
  configMap:
    name: {{ .configMap | quote }}
  {{- else }}
  secret:
    secretName: {{ .secret | quote }}
  {{- end }}
    items:
      - { key: {{ .key | quote }}, path: {{ .key | quote }} }
{{- end }}
{{- end }}
{{- end }}

{{- define "heart-monitor.certificatesVolumeMounts" -}}
{{- if include "heart-monitor.hasCertificates" . -}}
- name: flatline-certificates
  mountPath: /etc/flatline
  readOnly: true
{{- end }}
{{- end }}

{{/* Refuses two bundles, and a bundle that no container has. Renders nothing. */}}
{{- define "heart-monitor.checkCertificates" -}}
{{- $flatline := .Values.flatline }}
{{- if and $flatline.certificates.configMap $flatline.certificates.secret }}
{{- fail "flatline.certificates names a configMap and a secret: the bundle is in one of them" }}
{{- end }}
{{- range $where, $env := dict "flatline.extraEnv" $flatline.extraEnv "flatline.gate.extraEnv" $flatline.gate.extraEnv }}
{{- include "heart-monitor.checkBundle" (list $where (toYaml $env) "") }}
{{- end }}
{{- end }}

{{/*
Refuses a variable that names a bundle which is neither in our images nor mounted: (list WHERE ENVIRONMENT MOUNTS), both
in YAML. Without a bundle no https connection works, and a gate never opens. Renders nothing.
*/}}
{{- define "heart-monitor.checkBundle" -}}
{{- $mounts := list "/etc/ssl/certs" }}
{{- range index . 2 | fromYamlArray }}
{{- $mounts = append $mounts (trimSuffix "/" .mountPath) }}
{{- end }}
{{- range index . 1 | fromYamlArray }}
{{- if and (has .name (list "SSL_CERT_FILE" "SSL_CERT_DIR")) .value }}
{{- $path := .value }}
{{- $found := false }}
{{- range $mounts }}
{{- $found = or $found (eq . $path) (hasPrefix (printf "%s/" .) $path) }}
{{- end }}
{{- if not $found }}
{{- fail (printf "%s sets %s to %s, and nothing is mounted there: name a ConfigMap or Secret with the bundle in flatline.certificates, which mounts it wherever it is needed" (first $) .name .value) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
