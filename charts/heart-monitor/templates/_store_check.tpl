{{/* Refuses what the store's settings must not say. Renders nothing. */}}
{{- define "heart-monitor.checkStore" -}}
{{- if eq .type "blob" }}
{{- include "heart-monitor.checkUrl" .blob.url }}
{{- else if eq .type "azureFiles" }}
{{- include "heart-monitor.checkMountOptions" .azureFiles.extraMountOptions }}
{{- end }}
{{- end }}

{{/* No message shows the URL, and no schema has a pattern for it, whose error might: it may hold a signature. */}}
{{- define "heart-monitor.checkUrl" -}}
{{- if contains "?" . }}
{{- fail "flatline.store.blob.url has a '?': give it without a signature, and put that into a Secret, with store.blob.credential: sas and store.blob.existingSecret" }}
{{- end }}
{{- if not (regexMatch `^https?://[^/#@\s]+/[^#\s]+$` .) }}
{{- fail "flatline.store.blob.url is not of the form https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]" }}
{{- end }}
{{- if regexMatch `^http://[^/]+\.blob\.` . }}
{{- fail "flatline.store.blob.url has http, which is for emulators only: write https" }}
{{- end }}
{{- end }}

{{/*
An option that the chart sets must not come twice: the last one wins, and beats would be seen late, or not be written. Those
that actimeo stands for are no better.
*/}}
{{- define "heart-monitor.checkMountOptions" -}}
{{- $own := list "actimeo" "acregmin" "acregmax" "acdirmin" "acdirmax" "ac" "cache" "closetimeo" "handlecache" "nohandlecache" "echo_interval" }}
{{- $own = concat $own (list "nosharesock" "nobrl" "brl" "uid" "gid" "file_mode" "dir_mode" "noresvport" "resvport") }}
{{- range join "," . | splitList "," }}
{{- $name := splitList "=" . | first | trim }}
{{- if has $name $own }}
{{- fail (printf "flatline.store.azureFiles.extraMountOptions sets %s, which the chart sets so that a beat is seen when it is written: take it out" $name) }}
{{- end }}
{{- end }}
{{- end }}
