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

{{/*
Pulls the workload's image before the gate: (dict "context" . "image" IMAGE), with pullPolicy and securityContext where
they differ from the library's. The kubelet pulls the image of a container when it starts it, which with a gate is in
the disaster, perhaps from a registry that died with the region.
*/}}
{{- define "heart-monitor.prePull" -}}
- name: flatline-pre-pull
  image: {{ .image }}
  imagePullPolicy: {{ .pullPolicy | default .context.Values.flatline.image.pullPolicy }}
  command: [/flatline/heart-monitor, --version]
  resources:
    {{- toYaml .context.Values.flatline.gate.resources | nindent 4 }}
  securityContext:
    {{- toYaml (.securityContext | default .context.Values.flatline.containerSecurityContext) | nindent 4 }}
  volumeMounts:
    - name: flatline
      mountPath: /flatline
      readOnly: true
{{- end }}
