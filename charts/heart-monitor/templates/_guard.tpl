{{/* An init container that copies the static binary to where the workload's container finds it. */}}
{{- define "heart-monitor.guardBinary" -}}
- name: flatline-guard-binary
  image: {{ include "heart-monitor.image" . }}
  imagePullPolicy: {{ .Values.flatline.image.pullPolicy }}
  command: [/usr/local/bin/heart-monitor, install, /flatline]
  resources:
    {{- toYaml .Values.flatline.gate.resources | nindent 4 }}
  securityContext:
    {{- include "heart-monitor.containerSecurityContext" . | nindent 4 }}
  volumeMounts:
    - name: flatline
      mountPath: /flatline
{{- end }}

{{/* The command of the workload's container. Its args are what the image would run: entry point and arguments. */}}
{{- define "heart-monitor.guardCommand" -}}
{{- include "heart-monitor.checkGuard" . -}}
["/flatline/heart-monitor", "run", "--"]
{{- end }}

{{/* Volumes of the pod: the store's, and the one of the guard's binary. */}}
{{- define "heart-monitor.volumes" -}}
{{- with include "heart-monitor.storeVolumes" . }}
{{- . }}
{{ end -}}
- name: flatline
  emptyDir:
    sizeLimit: 64Mi
{{- end }}

{{/* Mounts of a guarded container. */}}
{{- define "heart-monitor.volumeMounts" -}}
{{- with include "heart-monitor.storeVolumeMounts" . }}
{{- . }}
{{ end -}}
{{- include "heart-monitor.guardVolumeMounts" . }}
{{- end }}

{{/* The guard's binary: writable only where the term is written beside it. */}}
{{- define "heart-monitor.guardVolumeMounts" -}}
- name: flatline
  mountPath: /flatline
{{- if not (include "heart-monitor.writesTermBesideGuard" .) }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "heart-monitor.writesTermBesideGuard" -}}
{{- if hasPrefix "/flatline/" (.Values.flatline.termFile | default "") }}true{{ end }}
{{- end }}
