{{- define "om.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "om.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "om.labels" -}}
{{ include "om.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* What all pods have in common: they are nobody in particular and speak to no API. */ -}}
{{- define "om.pod" -}}
automountServiceAccountToken: false
# Kubernetes would name services in variables with the prefix of our settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "om.container" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "om.worker.scheme" -}}
{{- ternary "https" "http" (not (empty .Values.webTls.existingSecret)) -}}
{{- end -}}

{{- /* The kubelet has no certificate to show, so a worker behind TLS is asked from within. */ -}}
{{- define "om.worker.probes" -}}
{{- if .Values.webTls.existingSecret -}}
startupProbe:
  exec: {command: [python, -m, monitor.shell.probe, /healthz]}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 36
livenessProbe:
  exec: {command: [python, -m, monitor.shell.probe, /healthz]}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  exec: {command: [python, -m, monitor.shell.probe, /readyz]}
  periodSeconds: 10
  timeoutSeconds: 5
{{- else -}}
{{- include "om.probes" "/readyz" -}}
{{- end -}}
{{- end -}}

{{- /* Liveness asks whether the process answers: not ready is no reason to be restarted. */ -}}
{{- define "om.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: web}
  periodSeconds: 5
  failureThreshold: 36
livenessProbe:
  httpGet: {path: /healthz, port: web}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: {{ . }}, port: web}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{- define "om.kafka.env" -}}
{{- $keys := .Values.kafka.keys }}
- {name: OUTCOME_MONITOR_KAFKA_BOOTSTRAP, value: {{ required "kafka.bootstrap: give host:port of your brokers" .Values.kafka.bootstrap | quote }}}
- {name: OUTCOME_MONITOR_KAFKA_SECURITY_PROTOCOL, value: {{ .Values.kafka.securityProtocol }}}
{{- with .Values.kafka.saslMechanism }}
- {name: OUTCOME_MONITOR_KAFKA_SASL_MECHANISM, value: {{ . }}}
{{- end }}
{{- range $name, $key := dict "CA" $keys.ca "CERTIFICATE" $keys.certificate "KEY" $keys.key "USER" $keys.user "PASSWORD" $keys.password }}
{{- with $key }}
- {name: OUTCOME_MONITOR_KAFKA_{{ $name }}_FILE, value: /etc/outcome-monitor/kafka/{{ . }}}
{{- end }}
{{- end }}
- {name: OUTCOME_MONITOR_GROUP, value: {{ .Values.group | quote }}}
- {name: OUTCOME_MONITOR_PARTITIONS, value: {{ .Values.partitions | quote }}}
- {name: OUTCOME_MONITOR_REPLICATION_FACTOR, value: {{ .Values.replicationFactor | quote }}}
- {name: OUTCOME_MONITOR_CREATE_TOPICS, value: {{ .Values.createTopics | quote }}}
- {name: OUTCOME_MONITOR_LOG_LEVEL, value: {{ .Values.logLevel }}}
{{- if .Values.referenceKey.existingSecret }}
- {name: OUTCOME_MONITOR_REFERENCE_KEY_FILE, value: /etc/outcome-monitor/reference-key/{{ .Values.referenceKey.key }}}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: OUTCOME_MONITOR_{{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{- define "om.kafka.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.kafka.existingSecret }}
- {name: kafka, mountPath: /etc/outcome-monitor/kafka, readOnly: true}
{{- end }}
{{- if .Values.referenceKey.existingSecret }}
- {name: reference-key, mountPath: /etc/outcome-monitor/reference-key, readOnly: true}
{{- end }}
{{- end -}}

{{- define "om.kafka.volumes" -}}
- {name: tmp, emptyDir: {}}
{{- if .Values.kafka.existingSecret }}
- {name: kafka, secret: {secretName: {{ .Values.kafka.existingSecret }}, defaultMode: 0440}}
{{- end }}
{{- if .Values.referenceKey.existingSecret }}
- {name: reference-key, secret: {secretName: {{ .Values.referenceKey.existingSecret }}, defaultMode: 0440}}
{{- end }}
{{- end -}}

{{- define "om.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end -}}
