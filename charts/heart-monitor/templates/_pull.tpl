{{/*
Pulls images before the gate. The kubelet pulls the image of a container when it starts it, which behind a gate is in the
disaster, perhaps from a registry that died with the region.

(dict "context" . "image" IMAGE) for one, with its container's pullPolicy; "images" for all that are behind the gate, init
containers and sidecars too: a list of IMAGE, or of maps with image and, where it has them, name and pullPolicy or
imagePullPolicy, as a container has. "securityContext", of the whole or of one, where it differs from the library's. An image
that comes twice is pulled once.
*/}}
{{- define "heart-monitor.prePull" -}}
{{- $pulls := list }}
{{- $known := list }}
{{- range include "heart-monitor.pulledImages" . | fromYamlArray }}
{{- include "heart-monitor.checkPull" . }}
{{- if not (has .image $known) }}
{{- $known = append $known .image }}
{{- $suffix := .name | default (eq (len $known) 1 | ternary "" (len $known | toString)) }}
{{- $pull := dict "context" $.context "pull" . "name" (list "flatline-pre-pull" $suffix | compact | join "-" | trunc 63 | trimSuffix "-") }}
{{- $pulls = append $pulls (include "heart-monitor.pull" $pull) }}
{{- end }}
{{- end }}
{{- join "\n" $pulls }}
{{- end }}

{{/* What prePull is given as a list of maps, in YAML: first its image, then its images. */}}
{{- define "heart-monitor.pulledImages" -}}
{{- $images := list }}
{{- if .image }}
{{- $images = append $images (pick . "name" "image" "pullPolicy" "securityContext") }}
{{- end }}
{{- range .images }}
{{- $image := . }}
{{- if kindIs "string" . }}
{{- $image = dict "image" . }}
{{- end }}
{{- $policy := $image.pullPolicy | default $image.imagePullPolicy }}
{{- $security := $image.securityContext | default $.securityContext }}
{{- $images = append $images (dict "name" $image.name "image" $image.image "pullPolicy" $policy "securityContext" $security) }}
{{- end }}
{{- toYaml $images }}
{{- end }}

{{/*
Refuses an image that the kubelet asks the registry for again, whether it is there or not: one with the policy Always, which
is the default for a tag latest and where there is none. Renders nothing.
*/}}
{{- define "heart-monitor.checkPull" -}}
{{- $moves := regexMatch `(^|/)[^/:@]+(:latest)?$` .image }}
{{- $policy := .pullPolicy | default (ternary "Always" "IfNotPresent" $moves) }}
{{- if eq $policy "Always" }}
{{- $why := empty .pullPolicy | ternary "has no tag or latest, and so" "has" }}
{{- fail (printf "the image %s %s pull policy Always, so that the kubelet asks the registry again when the gate opens, in the disaster: use IfNotPresent, with a tag that does not move or a digest" .image $why) }}
{{- end }}
{{- end }}

{{/* One init container that does nothing but to need an image: (dict "context" . "name" NAME "pull" IMAGE). */}}
{{- define "heart-monitor.pull" -}}
- name: {{ .name }}
  image: {{ .pull.image }}
  imagePullPolicy: {{ .pull.pullPolicy | default "IfNotPresent" }}
  command: [/flatline/heart-monitor, --version]
  resources:
    {{- toYaml .context.Values.flatline.gate.resources | nindent 4 }}
  securityContext:
    {{- toYaml (.pull.securityContext | default .context.Values.flatline.containerSecurityContext) | nindent 4 }}
  volumeMounts:
    - name: flatline
      mountPath: /flatline
      readOnly: true
{{- end }}
