{{/* What the operator does in the namespaces that it serves. A test compares this with the requests that it makes. */}}
{{- define "nasoa.rules" -}}
- apiGroups: [nasoa.dev]
  resources: [finetunetasks]
  # delete: ttlAfterFinished
  verbs: [list, watch, delete]
- apiGroups: [nasoa.dev]
  resources: [modelzoos]
  verbs: [list, watch]
- apiGroups: [nasoa.dev]
  resources: [finetunetasks/status, modelzoos/status]
  verbs: [patch]
{{- if .Values.rbac.ownerReferencesPermissionEnforcement }}
- apiGroups: [nasoa.dev]
  resources: [finetunetasks/finalizers, modelzoos/finalizers]
  verbs: [update]
{{- end }}
- apiGroups: [batch]
  resources: [jobs]
  # a suspended task has no Job: its pod writes a checkpoint and the next Job goes on from it
  verbs: [list, watch, create, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, watch]
{{- if .Values.rbac.checkSecrets }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
# the authority of the address that pods report to, public, one in each namespace
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [nasoa-report-authority]
  # delete: it is made anew with a new authority
  verbs: [get, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "nasoa.subject" -}}
- kind: ServiceAccount
  name: {{ include "nasoa.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
