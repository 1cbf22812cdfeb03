{{- define "nasoa.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Names stay short: Kubernetes allows 63 characters, and some get a suffix. */}}
{{- define "nasoa.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "nasoa.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "nasoa.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "nasoa.selector" -}}
app.kubernetes.io/name: {{ include "nasoa.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "nasoa.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "nasoa.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "nasoa.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "nasoa.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "nasoa.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s%s@%s" $image.registry $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s%s:%s" $image.registry $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "nasoa.trainerImage" -}}
{{- default (printf "%snasoa-trainer:%s-cpu" .Values.image.registry .Chart.AppVersion) .Values.trainer.image -}}
{{- end -}}

{{- define "nasoa.trainerGpuImage" -}}
{{- default (printf "%snasoa-trainer:%s-gpu" .Values.image.registry .Chart.AppVersion) .Values.trainer.gpuImage -}}
{{- end -}}

{{- define "nasoa.certificate" -}}
{{- printf "%s-serving" (include "nasoa.fullname" .) -}}
{{- end -}}

{{- define "nasoa.claim" -}}
{{- default (printf "%s-experience" (include "nasoa.fullname" .)) .Values.database.claim.existing -}}
{{- end -}}

{{/* 2 with a PostgreSQL and 1 without, unless it is said. */}}
{{- define "nasoa.replicas" -}}
{{- if hasKey .Values "replicas" -}}
{{- .Values.replicas | int -}}
{{- else -}}
{{- ternary 2 1 (ne .Values.database.existingSecret "") -}}
{{- end -}}
{{- end -}}

{{/* What the restricted Pod Security level asks of a pod, and more. */}}
{{- define "nasoa.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "nasoa.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}
