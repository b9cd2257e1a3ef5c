#!/usr/bin/env bats
# Arguments after the image: the agent runs once, headless, as in a CI job.

load cloister

setup_file() {
  start_internet
  ctl PUT /anthropic/script '{"turns": [
    {"tool_use": {"name": "Bash", "input": {"description": "Look", "command": "pwd; id -u"}}},
    {"text": "It is done."}]}' >/dev/null
}

teardown_file() {
  remove_all
}

# once [FLAG...] -- ARGUMENT...: runs the agent once with no terminal; stdout and stderr apart.
once() {
  local flags reference own=()
  mapfile -t flags < <(internet_flags)
  mapfile -t reference < <(reference_flags)
  while [[ $1 != -- ]]; do own+=("$1") && shift; done
  run --separate-stderr timeout 90 "$ENGINE" run --rm "${reference[@]}" "${flags[@]}" "${own[@]}" \
    --env REPO_URL=https://github.com/cloister-demo/hello "$CLOISTER_IMAGE" "${@:2}" </dev/null
  printf '%s\n= %s\n%s\n' "$output" "$status" "$stderr"
}

@test "the agent's answer is all of stdout, the log is stderr, and the last event says whose code it is" {
  once -- -p 'fix the build'
  [[ $status == 0 && $output == 'It is done.' ]]
  [[ $(jq --raw-output 'select(.event == "boot.ready") | .event' <<<"$stderr") == boot.ready ]]
  matches "$(tail -n 1 <<<"$stderr")" '.event == "box.stopped" and .code == 0 and .whose == "agent"'
}

@test "it works in the repository, as its own user, behind the same firewall" {
  once -- -p 'fix the build' --output-format stream-json --verbose
  [[ $status == 0 ]]
  grep -qF '"stdout":"/workspace/repo\n1000"' <<<"$output"
}

@test "the agent's own exit code comes out" {
  once -- --no-such-option
  [[ $status == 1 && $output == '' ]]
  matches "$(tail -n 1 <<<"$stderr")" '.code == 1 and .whose == "agent"'
}

@test "a boot that fails ends with its own code, and the agent never runs" {
  once --env LOG_LEVEL=loud -- -p 'fix the build'
  [[ $status == 78 && $output == '' && $stderr == *'LOG_LEVEL'* ]]
}

# Claude Code itself tries ten times over some minutes; here one more time has to do.
QUICK=(--settings '{"env": {"CLAUDE_CODE_MAX_RETRIES": "1"}}')

last_event() {
  tail -n 1 <<<"$stderr"
}

@test "a service that answers with an error: the agent says which, and nothing of the network is blamed" {
  local code
  for code in 401 500 529; do
    ctl PUT /anthropic/script "{\"refuses\": {\"status\": $code, \"type\": \"api_error\"}}" >/dev/null
    once -- -p 'fix the build' "${QUICK[@]}"
    [[ $status == 1 && $output == *"API Error: $code"* ]]
    matches "$(last_event)" '.code == 1 and .whose == "agent" and .cause == null and .refused == [] and .failed == []'
  done
  ctl PUT /anthropic/script '{}' >/dev/null
}

@test "a service whose name is refused: the last event blames the network, and says the name" {
  grep -hv -e '^@claude' -e '^api.anthropic.com' "$ROOT/network/domains.conf" "$ROOT/network/sets/claude.conf" >"$BATS_TEST_TMPDIR/domains.conf"
  once --volume "$BATS_TEST_TMPDIR/domains.conf:/etc/cloister/domains.conf:ro" -- -p 'fix the build' "${QUICK[@]}"
  [[ $status == 1 && $output == *"Can't reach the API server"* ]]
  matches "$(last_event)" '.code == 1 and .cause == "network" and .refused == ["api.anthropic.com"]'
}

@test "a service that can't be reached: the last event blames the network, and nothing was refused" {
  ctl PUT /dns/zone/api.anthropic.com '{"rcode": 2}' >/dev/null
  once -- -p 'fix the build' "${QUICK[@]}"
  ctl DELETE /dns/zone >/dev/null
  [[ $status == 1 && $output == *'API'* ]]
  matches "$(last_event)" '.code == 1 and .cause == "network" and .refused == [] and .failed == ["api.anthropic.com"]'
}
