{{- define "csmr.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "csmr.clusterName" -}}
{{- .Values.clusterName | default (printf "%s-%s" .Release.Namespace (include "csmr.fullname" .)) -}}
{{- end -}}

{{- define "csmr.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Labels of every object. */}}
{{- define "csmr.labels" -}}
{{ include "csmr.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* What never changes in the life of a release. */}}
{{- define "csmr.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "csmr.replicaNames" -}}
{{- $names := list -}}
{{- range $i := until (int .Values.replica.count) -}}
{{- $names = append $names (printf "%s-replica-%d" (include "csmr.fullname" $) $i) -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}

{{/* The composition, with the replicas' pods as nodes where it names none. */}}
{{- define "csmr.manifestText" -}}
{{- $names := splitList "," (include "csmr.replicaNames" .) -}}
{{- $parsed := fromYaml .Values.manifest.text -}}
{{- if or (hasKey $parsed "Error") (not (hasKey $parsed "services") | and (not (hasKey $parsed "include"))) -}}
{{- fail (printf "manifest.text is not a composition: it must be YAML with 'services'. %s" (get $parsed "Error" | default "")) -}}
{{- end -}}
{{- if hasKey $parsed "nodes" -}}
{{- range $names }}{{ if not (has . $parsed.nodes) -}}
{{- fail (printf "the nodes of manifest.text must name every replica pod: %s is missing. Leave 'nodes' out to have them filled in." .) -}}
{{- end }}{{ end -}}
{{ .Values.manifest.text }}
{{- else -}}
{{ .Values.manifest.text | trimSuffix "\n" }}
nodes: [{{ join ", " $names }}]
{{ end -}}
{{- end -}}

{{/* The data of the ConfigMap. */}}
{{- define "csmr.manifestData" -}}
{{ .Values.manifest.key }}: {{ include "csmr.manifestText" . | quote }}
{{- range $name, $text := .Values.manifest.files }}
{{ $name }}: {{ $text | quote }}
{{- end }}
{{- end -}}

{{/* A changed composition gets a ConfigMap of its own: pods of the old one keep theirs. */}}
{{- define "csmr.manifestConfigMap" -}}
{{- if .Values.manifest.existingConfigMap -}}
{{- .Values.manifest.existingConfigMap -}}
{{- else -}}
{{- printf "%s-manifest-%s" (include "csmr.fullname" .) (include "csmr.manifestData" . | sha256sum | trunc 10) -}}
{{- end -}}
{{- end -}}

{{- define "csmr.postgresSecret" -}}
{{- if .Values.postgres.existingSecret -}}
{{- .Values.postgres.existingSecret -}}
{{- else -}}
{{- .Values.postgres.trial.existingSecret | default (printf "%s-postgres" (include "csmr.fullname" .)) -}}
{{- end -}}
{{- end -}}

{{- define "csmr.postgresKey" -}}
{{- if .Values.postgres.existingSecret }}{{ .Values.postgres.connectionKey }}{{ else }}connection-string{{ end -}}
{{- end -}}

{{- define "csmr.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "csmr.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1654
runAsGroup: 1654
fsGroup: 1654
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "csmr.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* The init step: what the server would not run with never gets as far as the server. */}}
{{- define "csmr.manifestCheck" -}}
- name: check-manifest
  image: {{ include "csmr.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [/app/csmr]
  args: [check, /etc/csmr/{{ .Values.manifest.key }}, --nodes, {{ include "csmr.replicaNames" . | quote }}]
  securityContext:
    {{- include "csmr.containerSecurity" . | nindent 4 }}
  resources:
    requests: {cpu: 50m, memory: 64Mi}
    limits: {memory: 256Mi}
  volumeMounts:
    - {name: manifest, mountPath: /etc/csmr, readOnly: true}
    - {name: tmp, mountPath: /tmp}
{{- end -}}

{{/* What replicas and gateways are told alike. */}}
{{- define "csmr.sharedArgs" -}}
- --name=$(POD_NAME)
- --cluster={{ include "csmr.clusterName" . }}
- --manifest=/etc/csmr/{{ .Values.manifest.key }}
- --clustering=postgres
- --postgres-file=/etc/csmr-postgres/connection-string
- --advertise=$(POD_IP)
- --silo-port=11111
- --gateway-port=30000
- --urls={{ include "csmr.scheme" . }}://*:8080
{{- if .Values.tls.secret }}
- --tls=/etc/csmr-tls
{{- end }}
{{- if .Values.tls.siloSecret }}
- --silo-tls=/etc/csmr-silo-tls
{{- end }}
{{- if .Values.access.secret }}
- --access=/etc/csmr-access/access.yaml
{{- end }}
{{- if .Values.access.requestsPerSecond }}
- --requests-per-second={{ .Values.access.requestsPerSecond }}
{{- end }}
{{- with .Values.traces.otlp }}
- --otlp={{ . }}
- --trace-percent={{ $.Values.traces.percent }}
{{- end }}
- --log={{ .Values.log }}
{{- if ne .Values.logFormat "line" }}
- --log-format={{ .Values.logFormat }}
{{- end }}
{{- end -}}

{{- define "csmr.scheme" -}}
{{ ternary "https" "http" (ne .Values.tls.secret "") }}
{{- end -}}

{{- define "csmr.podEnvironment" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}
- name: POD_IP
  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: status.podIP}}
{{- end -}}

{{- define "csmr.ports" -}}
- {name: http, containerPort: 8080, protocol: TCP}
- {name: silo, containerPort: 11111, protocol: TCP}
- {name: orleans, containerPort: 30000, protocol: TCP}
{{- end -}}

{{/* Alive: it answers, whatever its neighbours do. Ready: see docs/http.md. Until it is up, only the start's own limit counts. */}}
{{- define "csmr.probes" -}}
{{- $scheme := include "csmr.scheme" .root | upper -}}
startupProbe:
  httpGet: {path: /health/live, port: http, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: {{ div (add .pod.startupSeconds 4) 5 }}
livenessProbe:
  httpGet: {path: /health/live, port: http, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /health/ready, port: http, scheme: {{ $scheme }}}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{- define "csmr.volumeMounts" -}}
- {name: manifest, mountPath: /etc/csmr, readOnly: true}
- {name: postgres, mountPath: /etc/csmr-postgres, readOnly: true}
{{- if .Values.tls.secret }}
- {name: tls, mountPath: /etc/csmr-tls, readOnly: true}
{{- end }}
{{- if .Values.tls.siloSecret }}
- {name: silo-tls, mountPath: /etc/csmr-silo-tls, readOnly: true}
{{- end }}
{{- if .Values.access.secret }}
- {name: access, mountPath: /etc/csmr-access, readOnly: true}
{{- end }}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{/* Secrets are mounted as directories, so that what is changed in them reaches the running pods. */}}
{{- define "csmr.volumes" -}}
- name: manifest
  configMap:
    name: {{ include "csmr.manifestConfigMap" . }}
- name: postgres
  secret:
    secretName: {{ include "csmr.postgresSecret" . }}
    defaultMode: 0440
    items:
      - {key: {{ include "csmr.postgresKey" . }}, path: connection-string}
{{- with .Values.tls.secret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- end }}
{{- with .Values.tls.siloSecret }}
- name: silo-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
      - {key: ca.crt, path: ca.crt}
{{- end }}
{{- with .Values.access.secret }}
- name: access
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - {key: {{ $.Values.access.key }}, path: access.yaml}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end -}}
