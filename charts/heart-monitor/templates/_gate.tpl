{{/* The gate: an init container that ends when this cluster may run the workload. */}}
{{- define "heart-monitor.gate" -}}
- name: flatline-gate
  image: {{ include "heart-monitor.image" . }}
  imagePullPolicy: {{ .Values.flatline.image.pullPolicy }}
  command: [/usr/local/bin/heart-monitor, wait]
  env:
    {{- include "heart-monitor.gateEnv" . | nindent 4 }}
  ports:
    {{- include "heart-monitor.ports" . | nindent 4 }}
  resources:
    {{- toYaml .Values.flatline.gate.resources | nindent 4 }}
  securityContext:
    {{- include "heart-monitor.containerSecurityContext" . | nindent 4 }}
  {{- with include "heart-monitor.gateVolumeMounts" . }}
  volumeMounts:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The store, and the guard's volume where the gate writes the term into it. */}}
{{- define "heart-monitor.gateVolumeMounts" -}}
{{- $mounts := list (include "heart-monitor.storeVolumeMounts" .) }}
{{- if include "heart-monitor.writesTermBesideGuard" . }}
{{- $mounts = append $mounts (include "heart-monitor.guardVolumeMounts" .) }}
{{- end }}
{{- compact $mounts | join "\n" }}
{{- end }}
