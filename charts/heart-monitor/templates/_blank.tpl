{{/*
A key without a value, such as `port:`, is null in YAML, and Helm takes the key away with its default, before the schema
looks. What is required is then not there, and what has a default would render as something else: both are refused.
*/}}

{{/* Refuses required values that are not there. Renders nothing. */}}
{{- define "heart-monitor.checkRequired" -}}
{{- $flatline := .Values.flatline }}
{{- $missing := list }}
{{- range $key, $meaning := include "heart-monitor.requiredKeys" . | fromYaml }}
{{- $value := $flatline }}
{{- range splitList "." $key }}
{{- $value = get $value . }}
{{- end }}
{{- if not $value }}
{{- $missing = append $missing (printf "flatline.%s is required: %s" $key $meaning) }}
{{- end }}
{{- end }}
{{- if $missing }}
{{- fail (join "; " $missing) }}
{{- end }}
{{- end }}

{{/* The required values, and what each of them is. */}}
{{- define "heart-monitor.requiredKeys" -}}
{{- $store := .Values.flatline.store -}}
cluster.this: the cluster that the release runs in, such as a
cluster.that: the other cluster, such as b
{{- if not (include "heart-monitor.globalRegistry" .) }}
image.registry: the registry of the images, such as myregistry.azurecr.io
{{- end }}
{{- if eq $store.type "blob" }}
store.blob.url: https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]
{{- if include "heart-monitor.secretOfBlob" . }}
store.blob.existingSecret.name: a Secret in the release's namespace, for store.blob.credential {{ $store.blob.credential }}
store.blob.existingSecret.key: the key within that Secret
{{- end }}
{{- else if eq $store.type "azureFiles" }}
store.azureFiles.account: the storage account of the share
store.azureFiles.share: the name of the share
store.azureFiles.folder: a folder within the share, which exists
{{- if eq $store.azureFiles.protocol "smb" }}
store.azureFiles.secretName: a Secret with azurestorageaccountname and azurestorageaccountkey
{{- end }}
{{- else }}
store.claim.name: a PersistentVolumeClaim in the release's namespace
store.claim.folder: a folder within its volume, which exists
{{- end }}
{{- end }}

{{/* Refuses blank keys that stand for something: (list WHERE VALUES KEYS), KEYS being a list in YAML. Renders nothing. */}}
{{- define "heart-monitor.checkBlank" -}}
{{- $where := first . }}
{{- $values := index . 1 }}
{{- $blank := list }}
{{- range last . | fromYamlArray }}
{{- $value := $values }}
{{- $path := list }}
{{- range splitList "." . }}
{{- if kindIs "map" $value }}
{{- $path = append $path . }}
{{- $value = hasKey $value . | ternary (index $value .) nil }}
{{- end }}
{{- end }}
{{- if kindIs "invalid" $value }}
{{- $blank = append $blank (printf "%s%s" $where (join "." $path)) }}
{{- end }}
{{- end }}
{{- if $blank }}
{{- fail (printf "without a value: %s. Give one, or take the line out for the default" (uniq $blank | join ", ")) }}
{{- end }}
{{- end }}

{{/* The values of this library whose default is not empty, and the groups of values. */}}
{{- define "heart-monitor.keysWithDefault" -}}
- cluster
- store.type
- store.mountPath
- store.blob.credential
- store.blob.existingSecret
- store.azureFiles.protocol
- store.azureFiles.uid
- store.claim
- image.repository
- image.pullPolicy
- timing
- gate.resources.requests
- gate.resources.limits
- guard
- activationKey.existingSecret.key
- address
- port
- livenessProbe.periodSeconds
- livenessProbe.timeoutSeconds
- livenessProbe.failureThreshold
- readinessProbe.periodSeconds
- readinessProbe.timeoutSeconds
- readinessProbe.failureThreshold
- log
- certificates
- certificates.key
- podMonitor.apiVersion
- podMonitor.interval
- podSecurityContext.seccompProfile.type
- containerSecurityContext.allowPrivilegeEscalation
- containerSecurityContext.readOnlyRootFilesystem
- containerSecurityContext.capabilities.drop
- containerSecurityContext.seccompProfile.type
{{- end }}
