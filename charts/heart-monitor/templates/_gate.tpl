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
Pulls the workload's image before the gate: (dict "context" . "image" IMAGE), with the workload's pullPolicy, and with
securityContext where it differs from the library's. The kubelet pulls the image of a container when it starts it, which
with a gate is in the disaster, perhaps from a registry that died with the region.
*/}}
{{- define "heart-monitor.prePull" -}}
{{- $pullPolicy := .pullPolicy | default "IfNotPresent" }}
{{- if eq $pullPolicy "Always" }}
{{- fail "the workload's image has pull policy Always, so that the kubelet asks the registry again when the gate opens, in the disaster: use IfNotPresent, with a tag that does not move or a digest" }}
{{- end -}}
- name: flatline-pre-pull
  image: {{ .image }}
  imagePullPolicy: {{ $pullPolicy }}
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
