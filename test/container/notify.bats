#!/usr/bin/env bats
# The operator is told: when Claude waits, ends, fails or hits a limit, and when the box degrades.

load cloister

setup_file() {
  start_internet
  box main "${NOTIFY[@]}" --env "CLAUDE_PROMPT=$PROMPT" --env REPO_URL=https://github.com/cloister-demo/hello \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
}

teardown_file() {
  remove_all
}

PROMPT='the prompt that nobody else reads'
TOPIC=a-topic-like-a-password
TOKEN=tk_kept_from_the_agent_too
NOTIFY=(--env "NOTIFY_URL=https://notify.test/$TOPIC" --env "NOTIFY_TOKEN=$TOKEN" --env NOTIFY_FORMAT=ntfy
  --env NOTIFY_ON=waits,ends,turn,fails,limit,degraded --env BOX_NAME=night-shift)
WHERE=' (github.com/cloister-demo/hello)'

# told LINE: somebody was told exactly this.
told() {
  matches "$(ctl GET /received)" "any(.[]; .host == \"notify.test\" and .body == \"$1\")"
}

not_told() {
  matches "$(ctl GET /received)" "all(.[]; .body | startswith(\"$1\") | not)"
}

claude_once() {
  as_agent "$1" 'cd /workspace && timeout 50 claude -p "go on" </dev/null' || true
}

@test "a turn that ends is told at once, and a minute later that Claude waits" {
  eventually 20 told "night-shift: Claude has finished its turn$WHERE"
  eventually 90 told "night-shift: Claude waits for you$WHERE"
}

@test "the message goes to the topic with the token, a title and a priority" {
  matches "$(ctl GET /received)" 'any(.[]; .method == "POST" and .path == "/a-topic-like-a-password"
    and .headers.authorization == "Bearer tk_kept_from_the_agent_too"
    and .headers.title == "night-shift: Claude waits for you" and .headers.priority == "high")'
  matches "$(ctl GET /received)" 'any(.[]; .headers.title == "night-shift: Claude has finished its turn" and .headers.priority == "default")'
}

@test "the session's window has rung for it" {
  [[ $(as_agent main 'tmux -N -S /run/cloister/session/tmux display-message -p -t cloister:1 "#{window_bell_flag}"') == 1 ]]
}

@test "a session that ends is told" {
  claude_once main
  eventually 10 told "night-shift: the session of Claude has ended$WHERE"
}

@test "a usage limit is told as such, and bell and title reach the operator's terminal" {
  ctl PUT /anthropic/script '{"refuses": {"status": 429, "type": "rate_limit_error", "headers": {
    "anthropic-ratelimit-unified-status": "rejected", "anthropic-ratelimit-unified-reset": "1895277227",
    "anthropic-ratelimit-unified-representative-claim": "five_hour", "x-should-retry": "false"}}}' >/dev/null
  # The last step is never met: it gives the hook the time it may take.
  "$ENGINE" exec --interactive --env RAW=yes "$NAME-main" python3 /fixtures/type.py 40 'expect bypass permissions
    type go on\r
    expect 5-hour limit
    expect never shown' cloister attach </dev/null >"$BATS_TEST_TMPDIR/raw" || true
  ctl PUT /anthropic/script '{}' >/dev/null
  LC_ALL=C grep -aqP '\x1b\]0;Claude has hit a usage limit\x07' "$BATS_TEST_TMPDIR/raw"
  # A bell that ends no command.
  LC_ALL=C sed -E 's/\x1b\][^\x07\x1b]*\x07//g' "$BATS_TEST_TMPDIR/raw" | LC_ALL=C grep -aqP '\x07'
  eventually 70 told "night-shift: Claude has hit a usage limit$WHERE"
}

@test "an error of the model's service is told as a failure" {
  ctl PUT /anthropic/script '{"refuses": {"status": 400, "type": "invalid_request_error"}}' >/dev/null
  # In the session, which goes on: a `claude -p` may be gone before its hook has spoken.
  as_agent main 'tmux -N -S /run/cloister/session/tmux send-keys -t cloister:1.0 Escape'
  type_in main 'go on'
  eventually 20 says 'says 400' screen main
  ctl PUT /anthropic/script '{}' >/dev/null
  eventually 70 told "night-shift: Claude has stopped on an error$WHERE"
}

@test "a box that degrades is told, and its recovery" {
  as_agent main 'fallocate -l 2900M /workspace/ballast'
  eventually 100 told "night-shift: the box works, but somebody should look at it$WHERE"
  as_agent main 'rm /workspace/ballast'
  eventually 100 told "night-shift: the box is healthy again$WHERE"
}

@test "no secret and nothing of a prompt or an answer is in any message" {
  local received
  received=$(ctl GET /received)
  matches "$received" 'length > 5'
  matches "$received" 'all(.[]; .headers.authorization = "" | tostring | test("nobody else|Hello from|sk-ant|ghp_|tk_kept|go on") | not)'
}

@test "what does not arrive is tried again, and the log has one line of it without the URL" {
  ctl DELETE /received >/dev/null
  ctl PUT /received '{"status": 503, "text": "the words of a stranger"}' >/dev/null
  box again "${NOTIFY[@]}"
  claude_once again
  eventually 20 matches_received 'length >= 2'
  ctl PUT /received '{}' >/dev/null
  ctl DELETE /received >/dev/null
  eventually 40 told 'night-shift: Claude has finished its turn'
  [[ $(log_of again | grep -c '"event":"notify.failed"') == 1 ]]
  log_of again | grep '"event":"notify.failed"' | grep -q '"reason":"status-503"'
  run ! grep -E "$TOPIC|$TOKEN|notify\.test|stranger" <(log_of again)
  remove_box again
}

@test "nothing is said to a server that can't prove its name, nor to an inside address" {
  ctl DELETE /received >/dev/null
  local why
  for why in 'EXTRA_CA untrusted' 'ALLOW_PRIVATE unresolved'; do
    WITHOUT=${why% *} box wary "${NOTIFY[@]}"
    as_agent wary 'curl -sS --fail -X POST http://127.0.0.53:318/events/waits'
    eventually 10 says "\"event\":\"notify.failed\",\"reason\":\"${why#* }\"" "$ENGINE" logs "$NAME-wary"
    remove_box wary
  done
  matches_received '. == []'
}

@test "a task that ran once is told before the container goes" {
  local flags reference
  ctl DELETE /received >/dev/null
  mapfile -t flags < <(internet_flags)
  mapfile -t reference < <(reference_flags)
  try timeout 90 "$ENGINE" run --rm "${reference[@]}" "${flags[@]}" "${NOTIFY[@]}" "$CLOISTER_IMAGE" -p 'go on'
  [[ $status == 0 ]]
  told 'night-shift: the task is done'
  not_told 'night-shift: the session'
  try timeout 90 "$ENGINE" run --rm "${reference[@]}" "${flags[@]}" "${NOTIFY[@]}" "$CLOISTER_IMAGE" --no-such-option
  [[ $status != 0 ]]
  told 'night-shift: the task has failed'
}

@test "a box that stops tells that its work is saved, and one whose work can't be saved tells that" {
  ctl DELETE /received >/dev/null
  local repository
  for repository in hello gone; do
    ctl PUT "/github/repos/cloister-demo/$repository" '{"files": {"README.md": "Hello"}}' >/dev/null
    box "$repository" "${NOTIFY[@]}" --env "REPO_URL=https://github.com/cloister-demo/$repository"
    as_agent "$repository" 'cd /workspace/repo && echo more >>README.md && git commit -qam "Say more"'
    [[ $repository == hello ]] || in_box "$repository" 'cloister deny github.com' >/dev/null
    "$ENGINE" stop "$NAME-$repository" >/dev/null
  done
  told 'night-shift: the box has stopped, and its work is saved (github.com/cloister-demo/hello)'
  told 'night-shift: the box has stopped, and its work could not be saved (github.com/cloister-demo/gone)'
}

@test "only what NOTIFY_ON names is told" {
  ctl DELETE /received >/dev/null
  box choosy --env "NOTIFY_URL=https://notify.test/$TOPIC" --env NOTIFY_ON=ends
  claude_once choosy
  eventually 10 told 'box: the session of Claude has ended\n'
  not_told 'box: Claude has finished'
  # A host that nobody knows gets plain text.
  matches_received 'all(.[]; .headers | has("title") | not)'
  remove_box choosy
}

@test "a URL that is no https URL, has no name or stands without its fellows is refused, and never shown" {
  local setting
  while read -r setting; do
    refused --env GH_PAT=none --env CLAUDE_CODE_OAUTH_TOKEN=x --env "$setting"
    [[ $status == 78 && $output == *NOTIFY_* && $output != *s3cret* ]]
  done <<'END'
NOTIFY_URL=http://notify.test/s3cret
NOTIFY_URL=https://198.51.100.88/s3cret
NOTIFY_URL=s3cret
NOTIFY_TOKEN=s3cret
NOTIFY_ON=waits
NOTIFY_ON=everything
END
}

@test "a host of the agent's allowlist is refused: the agent would be let there" {
  refused --env GH_PAT=none --env CLAUDE_CODE_OAUTH_TOKEN=x --env NOTIFY_URL=https://github.com/s3cret
  [[ $status == 78 && $output == *"NOTIFY_URL names a host of the agent's allowlist"* && $output != *s3cret* ]]
}
