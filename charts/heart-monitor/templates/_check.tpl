{{/* Refuses what the schema cannot: rules between values. Renders nothing. */}}
{{- define "heart-monitor.check" -}}
{{- if not (and .Values.flatline .Subcharts.flatline) }}
{{- fail "this chart has no flatline: in its Chart.yaml, give the dependency heart-monitor 'alias: flatline'" }}
{{- end }}
{{- include "heart-monitor.checkEnabled" (list "flatline.enabled" .Values.flatline) }}
{{- include "heart-monitor.checkEnabled" (list "enabled" .Values) }}
{{- include "heart-monitor.checkGlobal" (.Values.global | default dict) }}
{{- include "heart-monitor.checkBlank" (list "flatline." .Values.flatline (include "heart-monitor.keysWithDefault" .)) }}
{{- include "heart-monitor.checkRequired" . }}
{{- include "heart-monitor.checkCluster" .Values.flatline.cluster }}
{{- include "heart-monitor.checkStore" .Values.flatline.store }}
{{- include "heart-monitor.checkCertificates" . }}
{{- $selected := list "app.kubernetes.io/name" "app.kubernetes.io/instance" }}
{{- $everywhere := list "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" | concat $selected }}
{{- include "heart-monitor.checkLabels" (list "commonLabels" .Values.commonLabels $everywhere) }}
{{- include "heart-monitor.checkLabels" (list "podLabels" .Values.podLabels $selected) }}
{{- include "heart-monitor.checkIdentity" . }}
{{- end }}

{{/*
Refuses labels and annotations that would sign in as somebody else than the block flatline says. The same said twice is
fine. Renders nothing.
*/}}
{{- define "heart-monitor.checkIdentity" -}}
{{- if include "heart-monitor.signsInByServiceAccount" . }}
{{- range $where := list "commonLabels" "podLabels" }}
{{- $advice := "flatline.store.blob.credential is workload-identity: take the label out, or choose another credential" }}
{{- include "heart-monitor.checkSame" (list $where (get $.Values $where) (dict "azure.workload.identity/use" "true") $advice) }}
{{- end }}
{{- if kindIs "map" .Values.serviceAccount }}
{{- with .Values.flatline.store.blob.clientId }}
{{- $advice := "flatline.store.blob.clientId says so: give the identity in one of the two places" }}
{{- $ours := dict "azure.workload.identity/client-id" . }}
{{- include "heart-monitor.checkSame" (list "serviceAccount.annotations" $.Values.serviceAccount.annotations $ours $advice) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses entries that differ from ours: (list WHERE MAP OURS ADVICE). Renders nothing. */}}
{{- define "heart-monitor.checkSame" -}}
{{- $theirs := index . 1 | default dict }}
{{- range $key, $value := index . 2 }}
{{- $their := get $theirs $key }}
{{- if and $their (ne (toString $their) $value) }}
{{- fail (printf "%s sets %s to %s, and the chart sets it to %s: %s" (first $) $key $their $value (last $)) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Refuses a chart that is rendered although it is said to be off: (list WHERE VALUES). Helm leaves a subchart out by the
condition in its parent's Chart.yaml, and asks no other value. Renders nothing.
*/}}
{{- define "heart-monitor.checkEnabled" -}}
{{- if eq (get (last .) "enabled" | toString) "false" }}
{{- fail (printf "%s is false, and the chart is rendered all the same: only a condition in the parent's Chart.yaml, such as 'condition: heartbeat-writer.enabled', leaves it out" (first .)) }}
{{- end }}
{{- end }}

{{/* Refuses what no schema checks, since Helm checks none of global. Renders nothing. */}}
{{- define "heart-monitor.checkGlobal" -}}
{{- $registry := .imageRegistry | default "" }}
{{- if not (and (kindIs "string" $registry) (regexMatch `^$|^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9._-]+)*$` (toString $registry))) }}
{{- fail (printf "global.imageRegistry is no registry: %v" $registry) }}
{{- end }}
{{- if not (kindIs "slice" (.imagePullSecrets | default list)) }}
{{- fail "global.imagePullSecrets is no list: give names of Secrets, or maps with a name" }}
{{- end }}
{{- end }}

{{/* Refuses clusters that are one, or have no primary. Renders nothing. */}}
{{- define "heart-monitor.checkCluster" -}}
{{- $cluster := . }}
{{- if eq $cluster.this $cluster.that }}
{{- fail (printf "flatline.cluster: this and that are both '%s'; name the release's own cluster in this, and the other one in that" $cluster.this) }}
{{- end }}
{{- if not (or $cluster.primary (has "a" (list $cluster.this $cluster.that))) }}
{{- fail (printf "flatline.cluster.primary is empty, and neither cluster is 'a': set it to '%s' or '%s', the same in both clusters" $cluster.this $cluster.that) }}
{{- end }}
{{- end }}

{{/*
Refuses labels that the chart sets itself: (list WHERE LABELS OWN). A pod whose labels do not fit the selector is refused
by the API server, in the middle of an upgrade. Renders nothing.
*/}}
{{- define "heart-monitor.checkLabels" -}}
{{- range $label, $_ := index . 1 }}
{{- if has $label (last $) }}
{{- fail (printf "%s sets %s, which the chart sets itself; nameOverride and the release's name go into it" (first $) $label) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses a guard that would exit at once. Renders nothing. */}}
{{- define "heart-monitor.checkGuard" -}}
{{- if eq (include "heart-monitor.ownership" .) "off" }}
{{- fail "flatline.ownership is off, which records no owner, and a guard needs the record: set it to prefer or strict, or use a gate without a guard" }}
{{- end }}
{{- end }}

{{/* Refuses a gate that would never open, since it cannot write the term. Renders nothing. */}}
{{- define "heart-monitor.checkGate" -}}
{{- if and .Values.flatline.termFile (not (include "heart-monitor.writesTermBesideGuard" .)) }}
{{- fail (printf "flatline.termFile is %s, which the gate cannot write, and a gate that cannot write the term stays closed: put it into /flatline/" .Values.flatline.termFile) }}
{{- end }}
{{- end }}

{{/* The mode; an unquoted off is false in YAML. Nothing at all is the default: off must be said. */}}
{{- define "heart-monitor.ownership" -}}
{{- kindIs "bool" .Values.flatline.ownership | ternary "off" (.Values.flatline.ownership | default "prefer") }}
{{- end }}

{{/*
Refuses a pod that is killed before its workload has had its stop grace: (list . SECONDS), with the pod's
terminationGracePeriodSeconds. Renders nothing.
*/}}
{{- define "heart-monitor.checkTermination" -}}
{{- $seconds := last . }}
{{- $stopGrace := (first .).Values.flatline.guard.stopGrace | default "1500ms" }}
{{- if lt (mul $seconds 1000) (include "heart-monitor.milliseconds" $stopGrace | atoi) }}
{{- fail (printf "terminationGracePeriodSeconds is %v, less than the %s that the workload has to end when its right to run is gone (flatline.guard.stopGrace): make it longer" $seconds $stopGrace) }}
{{- end }}
{{- end }}

{{/* A duration, such as 1s 200ms, in milliseconds. */}}
{{- define "heart-monitor.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 }}
{{- $sum = regexFind "[a-z]+" . | get $units | mul (regexFind "[0-9]+" . | atoi) | add $sum }}
{{- end }}
{{- $sum }}
{{- end }}

{{/* Refuses an environment that names a variable twice: (list WHERE ENVIRONMENT). Renders nothing. */}}
{{- define "heart-monitor.checkEnv" -}}
{{- $advice := "which the chart sets from another value: set it there" }}
{{- include "heart-monitor.checkTwice" (list (first .) "name" (last .) $advice) }}
{{- end }}

{{/* Refuses volumes of one name: (list WHERE VOLUMES). Renders nothing. */}}
{{- define "heart-monitor.checkVolumes" -}}
{{- include "heart-monitor.checkTwice" (list (first .) "name" (last .) "which is a volume already: take another name") }}
{{- end }}

{{/* Refuses mounts at one place: (list WHERE MOUNTS). Renders nothing. */}}
{{- define "heart-monitor.checkMounts" -}}
{{- $advice := "where something is mounted already: take another path" }}
{{- include "heart-monitor.checkTwice" (list (first .) "mountPath" (last .) $advice) }}
{{- end }}

{{/* Refuses containers of one name: (list WHERE CONTAINERS). Renders nothing. */}}
{{- define "heart-monitor.checkContainers" -}}
{{- include "heart-monitor.checkTwice" (list (first .) "name" (last .) "which is a container already: take another name") }}
{{- end }}

{{/*
Refuses a list whose items are known by a key and of which two have the same: (list WHERE KEY ITEMS ADVICE), ITEMS being
YAML. The API server refuses such a list too, in the middle of an upgrade. Renders nothing.
*/}}
{{- define "heart-monitor.checkTwice" -}}
{{- $key := index . 1 }}
{{- $known := list }}
{{- range index . 2 | fromYamlArray }}
{{- $value := get . $key }}
{{- if and $value (has $value $known) }}
{{- fail (printf "%s sets %s, %s" (first $) $value (last $)) }}
{{- end }}
{{- $known = append $known $value }}
{{- end }}
{{- end }}
