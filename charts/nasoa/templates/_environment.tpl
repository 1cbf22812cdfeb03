{{/* The operator's settings; docs/operations.md describes each. */}}
{{- define "nasoa.environment" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: NASOA_NAMESPACES
  value: {{ join "," .Values.namespaces | quote }}
- name: NASOA_LEASE_NAMESPACE
  value: {{ .Release.Namespace | quote }}
- name: NASOA_LEASE_NAME
  value: {{ include "nasoa.fullname" . | quote }}
- name: NASOA_TRAINER_IMAGE
  value: {{ include "nasoa.trainerImage" . | quote }}
- name: NASOA_TRAINER_GPU_IMAGE
  value: {{ include "nasoa.trainerGpuImage" . | quote }}
- name: NASOA_TRAINER_PULL_POLICY
  value: {{ .Values.trainer.pullPolicy | quote }}
- name: NASOA_TRAINER_CPU
  value: {{ .Values.trainer.resources.cpu | toString | quote }}
- name: NASOA_TRAINER_MEMORY
  value: {{ .Values.trainer.resources.memory | toString | quote }}
- name: NASOA_PROGRESS_URL
  value: {{ printf "https://%s.%s.svc:8443" (include "nasoa.fullname" .) .Release.Namespace | quote }}
- name: NASOA_HTTP_PORT
  value: "8080"
- name: NASOA_HTTPS_PORT
  value: "8443"
- name: NASOA_CERTIFICATE_SECRET
  value: {{ include "nasoa.certificate" . | quote }}
- name: NASOA_WORKERS
  value: {{ .Values.workers | quote }}
- name: NASOA_SHARE_EXPERIENCE
  value: {{ .Values.shareExperience | quote }}
- name: NASOA_LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
{{- if .Values.database.existingSecret }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.key }}
{{- else }}
- name: NASOA_DATA_DIR
  value: /var/lib/nasoa
{{- end }}
{{- end -}}
