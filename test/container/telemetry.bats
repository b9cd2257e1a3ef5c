#!/usr/bin/env bats
# Claude's telemetry: off unless asked; then to the operator's receiver, by way of the box.

load cloister

setup_file() {
  start_internet
  box main "${TELEMETRY[@]}" --env OTEL_RESOURCE_ATTRIBUTES=team=platform --env BOX_NAME=night-shift \
    --env FLY_APP_NAME=night-app --env FLY_REGION=ams --env OTEL_EXPORTER_OTLP_PROTOCOL=http/json
  as_agent main 'cd /workspace && timeout 50 claude -p "words that nobody shall read" </dev/null'
}

teardown_file() {
  remove_all
}

TELEMETRY=(--env OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.test/otlp
  --env 'OTEL_EXPORTER_OTLP_HEADERS=authorization=Basic%20a2VwdC1mcm9tLXRoZS1hZ2VudA==,x-scope=night')

received() {
  matches "$(ctl GET /received)" "$1"
}

@test "metrics and events of the real Claude arrive, with the operator's credentials" {
  eventually 20 received 'any(.[]; .path == "/otlp/v1/metrics" and .octets > 500)'
  eventually 20 received 'any(.[]; .path == "/otlp/v1/logs" and .octets > 500)'
  received 'all(.[]; .host == "otel.test" and .method == "POST" and .headers["x-scope"] == "night"
    and .headers.authorization == "Basic a2VwdC1mcm9tLXRoZS1hZ2VudA==" and .headers["content-type"] == "application/json")'
}

@test "they say which box it was, on Fly too, and what the operator added" {
  received 'any(.[]; .body | contains("cloister.box") and contains("night-shift") and contains("\"fly.app\"")
    and contains("night-app") and contains("\"ams\"") and contains("platform"))'
}

@test "no prompt goes along unless the operator says so" {
  received 'all(.[]; .body | contains("nobody shall read") | not)'
  box open "${TELEMETRY[@]}" --env OTEL_LOG_USER_PROMPTS=1 --env OTEL_EXPORTER_OTLP_PROTOCOL=http/json
  as_agent open 'cd /workspace && timeout 50 claude -p "words that somebody may read" </dev/null'
  eventually 20 received 'any(.[]; .body | contains("words that somebody may read"))'
  remove_box open
}

@test "the agent's environment and settings hold neither the host nor a header" {
  run ! in_session main 'grep -rsE "otel\.test|a2VwdC1mcm9t" /run/cloister /etc/claude-code ~/.claude /proc/*/environ /proc/*/cmdline'
  in_session main 'grep -q "http://127.0.0.53:318" /run/cloister/managed.json'
}

@test "Grafana Cloud's three variables do as well" {
  ctl DELETE /received >/dev/null
  box grafana --env GRAFANA_CLOUD_INSTANCE_ID=123456 --env GRAFANA_CLOUD_API_KEY=glc_kept_too \
    --env GRAFANA_CLOUD_OTLP_ENDPOINT=https://otel.test/otlp
  as_agent grafana 'cd /workspace && timeout 50 claude -p "go on" </dev/null'
  eventually 20 received 'any(.[]; .path == "/otlp/v1/metrics")'
  # The other box goes on sending, with headers of its own.
  received "all(.[] | select(.headers[\"x-scope\"] != \"night\"); .headers.authorization == \"Basic $(printf '123456:glc_kept_too' | base64)\")"
  remove_box grafana
}

@test "a receiver in one's own network, without credentials, may be plain HTTP" {
  ctl DELETE /received >/dev/null
  box plain --env OTEL_EXPORTER_OTLP_ENDPOINT=http://otel.test:4318
  as_agent plain 'cd /workspace && timeout 50 claude -p "go on" </dev/null'
  eventually 20 received 'any(.[]; .path == "/v1/metrics" and .host == "otel.test:4318")'
  remove_box plain
}

@test "a receiver that refuses is one line in the log, without its host or its words" {
  ctl PUT /received '{"status": 401, "text": "the words of a stranger"}' >/dev/null
  as_agent main 'cd /workspace && timeout 50 claude -p "go on" </dev/null'
  ctl PUT /received '{}' >/dev/null
  eventually 10 says '"event":"telemetry.failed","reason":"status-401"' "$ENGINE" logs "$NAME-main"
  run ! grep -E 'otel\.test|stranger|a2VwdC1mcm9t' <("$ENGINE" logs "$NAME-main" 2>&1)
}

@test "without it asked for nothing is exported, and nobody listens" {
  ctl DELETE /received >/dev/null
  box quiet
  as_agent quiet 'cd /workspace && timeout 50 claude -p "go on" </dev/null'
  run ! as_agent quiet 'exec 3<>/dev/tcp/127.0.0.53/318'
  # What the other box had begun to send may arrive meanwhile.
  received 'map(select(.body | contains("night-shift") | not)) == []'
  remove_box quiet
}

@test "what can't be right is refused with a sentence, and no credential is shown" {
  local setting
  while read -r setting; do
    # shellcheck disable=SC2086
    refused --env GH_PAT=none --env CLAUDE_CODE_OAUTH_TOKEN=x $setting
    [[ $status == 78 && $output != *s3cret* ]]
  done <<'END'
--env OTEL_EXPORTER_OTLP_HEADERS=a=s3cret
--env OTEL_EXPORTER_OTLP_ENDPOINT=http://otel.test --env OTEL_EXPORTER_OTLP_HEADERS=a=s3cret
--env OTEL_EXPORTER_OTLP_ENDPOINT=https://me:s3cret@otel.test
--env OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.test --env OTEL_EXPORTER_OTLP_HEADERS=s3cret
--env OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.test --env OTEL_EXPORTER_OTLP_PROTOCOL=grpc
--env GRAFANA_CLOUD_API_KEY=s3cret
--env OTEL_LOG_USER_PROMPTS=yes
END
}
