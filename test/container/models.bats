#!/usr/bin/env bats
# Who answers in the model's place, and what else an operator hands to the agent: by variables of the container.

load cloister

setup_file() {
  start_internet
  mkdir -p "$BATS_FILE_TMPDIR/files"
  printf '# Of the project.\nexport FROM_FILE="%s"\n\nPLAIN=plain\n' "$HANDED-file" >"$BATS_FILE_TMPDIR/files/agent.env"
  printf '%s\n' "$TOKEN" >"$BATS_FILE_TMPDIR/files/token"
  openssl genrsa 2048 2>/dev/null >"$BATS_FILE_TMPDIR/files/key.pem"
  jq --null-input --rawfile key "$BATS_FILE_TMPDIR/files/key.pem" '{type: "service_account", project_id: "my-project",
    private_key_id: "1", private_key: $key, client_email: "box@my-project.iam.gserviceaccount.com", client_id: "1",
    token_uri: "https://oauth2.googleapis.com/token"}' >"$BATS_FILE_TMPDIR/files/google.json"
}

teardown_file() {
  remove_all
}

TOKEN=gateway-token-that-no-output-may-show
HANDED=handed-on-and-no-output-may-show
AWS=aws-secret-that-no-output-may-show

# model BOX FLAG...: a box without an account of Anthropic's.
model() {
  WITHOUT=CLAUDE_CODE_OAUTH_TOKEN box "$1" --volume "$BATS_FILE_TMPDIR/files:/files:ro" "${@:2}"
  ctl DELETE /anthropic/log >/dev/null
}

# ask BOX: one question, in an environment with nothing of the session's. A busy machine takes its time to start Claude.
ask() {
  try timeout 240 "$ENGINE" exec "$NAME-$1" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups /usr/bin/env -i \
    --chdir=/workspace HOME=/home/claude PATH=/usr/local/bin:/usr/bin:/bin claude -p hello
}

# asked EXPRESSION: of the requests for an answer all are so, and there is one.
asked() {
  holds /anthropic/log "[.[] | select(.method == \"POST\" and (.path | test(\"messages|/model/|:streamRawPredict|:rawPredict\")))] | length > 0 and all($1)"
}

shows_no() {
  try log_of "$1"
  [[ $output != *"$2"* ]]
  try in_box "$1" 'cat /proc/[0-9]*/cmdline | tr "\0" " "; cat /run/cloister/state.json /run/cloister/managed.json /run/cloister/*.jsonl'
  [[ $output != *"$2"* ]]
}

@test "a gateway alone boots, is put on the list and told, and is asked in the place of the public service" {
  model gate --env ANTHROPIC_BASE_URL=https://gateway.test --env ANTHROPIC_AUTH_TOKEN_FILE=/files/token \
    --env ANTHROPIC_MODEL=model-of-the-gateway --env $'ANTHROPIC_CUSTOM_HEADERS=X-Team: night\nX-Key: of-the-gateway' \
    --env AGENT_ENV=MCP_KEY,NOTHING --env "MCP_KEY=$HANDED" --env NOTHING= --env AGENT_ENV_FILE=/files/agent.env \
    --env TZ=Asia/Tokyo --env LANG=xx_XX.UTF-8 --env "SENTRY_DSN=$HANDED" --env JAVA_HOME=/opt/java
  eventually 30 says 'bypass permissions on' screen gate
  ask gate
  [[ $output == *'Hello from the stub.'* ]]
  asked '.host == "gateway.test" and .auth == "Bearer" and .model == "model-of-the-gateway"'
  log_of gate | grep -F '"event":"settings.allowed","variable":"ANTHROPIC_BASE_URL","rule":"gateway.test"'
}

@test "what AGENT_ENV and its file name is in the session, in Claude's tools, and nowhere else" {
  try in_session gate 'printf "%s\n" "$MCP_KEY" "$FROM_FILE" "$PLAIN" "${NOTHING-unset}" "${SENTRY_DSN-unset}" "$TZ" "$LANG"; date +%Z'
  [[ $output == *"$HANDED"$'\n'"$HANDED-file"$'\nplain\n\nunset\nAsia/Tokyo\nC.UTF-8\nJST' ]]
  ctl PUT /anthropic/script '{"turns": [{"tool_use": {"name": "Bash", "input": {"description": "Look", "command": "echo $MCP_KEY | wc -c"}}}]}' >/dev/null
  type_in gate 'Look at the key'
  eventually 30 heard "$((${#HANDED} + 1))"
  shows_no gate "$HANDED"
  shows_no gate "$TOKEN"
  [[ $(in_box gate 'tr "\0" "\n" </proc/1/environ | grep -c MCP_KEY') == 0 ]]
}

@test "what nobody takes is named once in the log, with the remedy; a locale that is not there as well" {
  log_of gate | grep -F '"event":"settings.unused"' | tee /dev/stderr | grep -c . | grep -x 1
  matches "$(log_of gate | grep -F '"event":"settings.unused"')" \
    '(.variables | sort) == ["JAVA_HOME", "SENTRY_DSN"] and (.remedy | test("-e AGENT_ENV=(JAVA_HOME,SENTRY_DSN|SENTRY_DSN,JAVA_HOME)"))'
  log_of gate | grep -F '"event":"settings.locale","locale":"xx_XX.UTF-8"'
}

@test "of the gateway's name nothing else is let out, and to deny it is told what stops" {
  try as_agent gate 'curl -sS --max-time 5 https://other.gateway.test'
  [[ $status != 0 ]]
  "$ENGINE" exec "$NAME-gate" cloister reload
  says 'The model answers at gateway.test' "$ENGINE" exec "$NAME-gate" cloister deny gateway.test
  remove_box gate
}

@test "Amazon Bedrock is asked with its keys, in its region, and only there" {
  model bedrock --env CLAUDE_CODE_USE_BEDROCK=1 --env AWS_REGION=eu-central-1 --env AWS_ACCESS_KEY_ID=AKIAEXAMPLEEXAMPLE \
    --env "AWS_SECRET_ACCESS_KEY=$AWS" --env ANTHROPIC_MODEL=eu.anthropic.claude-sonnet-4-5-20250929-v1:0
  eventually 30 says 'bypass permissions on' screen bedrock
  ask bedrock
  asked '.host == "bedrock-runtime.eu-central-1.amazonaws.com" and .auth == "AWS4-HMAC-SHA256"'
  shows_no bedrock "$AWS"
  remove_box bedrock
}

@test "Google's Vertex AI is asked with the token that its file of credentials is good for" {
  model vertex --env CLAUDE_CODE_USE_VERTEX=1 --env CLOUD_ML_REGION=global --env ANTHROPIC_VERTEX_PROJECT_ID=my-project \
    --env GOOGLE_APPLICATION_CREDENTIALS=/files/google.json --env ANTHROPIC_MODEL=claude-sonnet-4-5@20250929
  eventually 30 says 'bypass permissions on' screen vertex
  ask vertex
  asked '.host == "aiplatform.googleapis.com" and .auth == "Bearer" and (.path | test("/projects/my-project/"))'
  shows_no vertex "$(sed -n 2p "$BATS_FILE_TMPDIR/files/key.pem")"
  remove_box vertex
}

@test "Microsoft's Foundry is asked with its key" {
  model foundry --env CLAUDE_CODE_USE_FOUNDRY=1 --env ANTHROPIC_FOUNDRY_RESOURCE=my-resource --env "ANTHROPIC_FOUNDRY_API_KEY=$TOKEN" \
    --env ANTHROPIC_MODEL=claude-sonnet-4-5
  eventually 30 says 'bypass permissions on' screen foundry
  ask foundry
  asked '.host == "my-resource.services.ai.azure.com" and (.auth == "x-api-key" or .auth == "Bearer")'
  shows_no foundry "$TOKEN"
  remove_box foundry
}
