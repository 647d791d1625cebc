{{/* The folder that HEARTBEAT_STORE names, or the URL. */}}
{{- define "heart-monitor.storePlace" -}}
{{- include "heart-monitor.check" . }}
{{- $store := .Values.flatline.store }}
{{- if eq $store.type "blob" }}
{{- $store.blob.url }}
{{- else }}
{{- $folder := (index $store $store.type).folder }}
{{- list $store.mountPath $folder | compact | join "/" }}
{{- end }}
{{- end }}

{{/*
The claim that pods mount. The name of one that this chart makes ends in a digest of its settings: volumes and claims
cannot be changed, so that other settings make others.
*/}}
{{- define "heart-monitor.storeClaimName" -}}
{{- $store := .Values.flatline.store }}
{{- if eq $store.type "claim" }}
{{- $store.claim.name }}
{{- else }}
{{- /* A blank key is as none. */}}
{{- $none := dict "resourceGroup" "" "server" "" "secretName" "" "secretNamespace" "" "extraMountOptions" list }}
{{- $settings := list (merge (omit $store.azureFiles "folder") $none) (include "heart-monitor.mountOptions" .) (include "heart-monitor.namespace" .) | toJson }}
{{- printf "%s-store-%s" (include "heart-monitor.fullname" . | trunc 48 | trimSuffix "-") ($settings | sha256sum | trunc 8) }}
{{- end }}
{{- end }}

{{/* Volumes of a pod that reads the store and runs no guard: the store's, and that of the authorities. */}}
{{- define "heart-monitor.storeVolumes" -}}
{{- include "heart-monitor.check" . -}}
{{- list (include "heart-monitor.ownStoreVolumes" .) (include "heart-monitor.certificatesVolumes" . | trim) | compact | join "\n" }}
{{- end }}

{{- define "heart-monitor.ownStoreVolumes" -}}
{{- if ne .Values.flatline.store.type "blob" -}}
- name: flatline-store
  persistentVolumeClaim:
    claimName: {{ include "heart-monitor.storeClaimName" . | quote }}
{{- end }}
{{- end }}

{{- define "heart-monitor.storeVolumeMounts" -}}
{{- include "heart-monitor.check" . -}}
{{- list (include "heart-monitor.ownStoreMounts" .Values.flatline.store) (include "heart-monitor.certificatesVolumeMounts" .) | compact | join "\n" }}
{{- end }}

{{- define "heart-monitor.ownStoreMounts" -}}
{{- if ne .type "blob" -}}
- name: flatline-store
  mountPath: {{ .mountPath }}
{{- end }}
{{- end }}

{{/*
Options that let a reader see a beat when it is written. The driver adds actimeo=30 where nothing is said, three times
the threshold.
*/}}
{{- define "heart-monitor.mountOptions" -}}
{{- $files := .Values.flatline.store.azureFiles }}
{{- if eq $files.protocol "smb" -}}
- cache=none
- actimeo=1
- closetimeo=0
- nohandlecache
- echo_interval=5
- nosharesock
- nobrl
- uid={{ int $files.uid }}
{{- /* The driver refuses a group that is not the pods'. */}}
{{- with .Values.flatline.podSecurityContext.fsGroup }}
- gid={{ int . }}
{{- end }}
- file_mode=0660
- dir_mode=0770
{{- else -}}
- actimeo=1
- noresvport
{{- end }}
{{- range $files.extraMountOptions }}
- {{ . }}
{{- end }}
{{- end }}

{{/*
The volume of an Azure Files share and the claim for it, where the store is one: manifests, not a part of one. Helm leaves
them behind: an upgrade with other settings would otherwise take the claim from the pods that still run with it, and no pod
could be started with it again, by a rollback least of all.
*/}}
{{- define "heart-monitor.storeVolume" -}}
{{- include "heart-monitor.check" . }}
{{- if eq .Values.flatline.store.type "azureFiles" -}}
{{- $files := .Values.flatline.store.azureFiles -}}
{{- $claim := include "heart-monitor.storeClaimName" . -}}
{{- $volume := printf "%s-%s" (include "heart-monitor.namespace" .) $claim -}}
apiVersion: v1
kind: PersistentVolume
metadata:
  name: {{ $volume }}
  labels:
    {{- include "heart-monitor.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
    argocd.argoproj.io/sync-options: Prune=false,Delete=false # Helm's own word keeps nothing from Argo CD's pruning
spec:
  capacity:
    storage: 1Gi # asked for by the API; a share has the size that it has
  accessModes: [ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  claimRef:
    namespace: {{ include "heart-monitor.namespace" . | quote }}
    name: {{ $claim }}
  mountOptions:
    {{- include "heart-monitor.mountOptions" . | nindent 4 }}
  csi:
    driver: file.csi.azure.com
    volumeHandle: {{ $volume }} # one for each volume, or the kubelet takes two for one
    volumeAttributes:
      storageAccount: {{ $files.account | quote }}
      shareName: {{ $files.share | quote }}
      protocol: {{ $files.protocol }}
      {{- with $files.resourceGroup }}
      resourceGroup: {{ . | quote }}
      {{- end }}
      {{- with $files.server }}
      server: {{ . | quote }}
      {{- end }}
    {{- if eq $files.protocol "smb" }}
    nodeStageSecretRef:
      name: {{ $files.secretName | quote }}
      namespace: {{ $files.secretNamespace | default (include "heart-monitor.namespace" .) | quote }}
    {{- end }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ $claim }}
  namespace: {{ include "heart-monitor.namespace" . | quote }}
  labels:
    {{- include "heart-monitor.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
    argocd.argoproj.io/sync-options: Prune=false,Delete=false # Helm's own word keeps nothing from Argo CD's pruning
spec:
  accessModes: [ReadWriteMany]
  storageClassName: ""
  volumeName: {{ $volume }}
  resources:
    requests:
      storage: 1Gi
{{- end }}
{{- end }}
