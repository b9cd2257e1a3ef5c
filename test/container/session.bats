#!/usr/bin/env bats
# The session and the gate: what the operator sees, by every way in, at every moment.

load cloister

setup_file() {
  start_internet
  ctl PUT /dns/zone/slow.test '{"drop": true}'
  box main "${FIXTURES[@]}" --env REPO_URL=https://github.com/cloister-demo/hello
}

teardown_file() {
  remove_all
}

FIXTURES=(--volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro")
# A clone that takes seconds: its host never resolves.
SLOW=(--env ALLOW_DOMAINS=slow.test --env REPO_URL=https://slow.test/any/repository)
READY='bypass permissions on'

# operator BOX SCRIPT COMMAND...: somebody at a terminal in the box; see fixtures/type.py.
operator() {
  "$ENGINE" exec --interactive --env "RAW=${RAW:-}" "$NAME-$1" python3 /fixtures/type.py 40 "$2" "${@:3}" </dev/null
}

agents_tmux() {
  as_agent "$1" "tmux -N -S /run/cloister/session/tmux $2"
}

clients() {
  agents_tmux "$1" list-clients | wc -l
}

has_clients() {
  [[ $(clients "$1") == "$2" ]]
}

@test "the first screen is Claude's prompt, with no dialog before it" {
  eventually 20 says "$READY" screen main
  try screen main
  [[ $output == *'❯'* && $output == *'Claude Code'* && $output == *'/workspace/repo'* ]]
  local word
  for word in 'trust the files' 'Do you' 'Select login' 'text style' 'Press Enter' 'accept the risk' 'Yes, '; do
    [[ $output != *"$word"* ]]
  done
}

@test "Claude has the upper four fifths, a shell on the clone the rest, at 200x50 while nobody looks" {
  [[ $(agents_tmux main "display-message -p -t cloister '#{window_width}x#{window_height}'") == 200x50 ]]
  try agents_tmux main "list-panes -t cloister -F '#{pane_index} #{pane_width} #{pane_height} #{pane_at_top} #{pane_active} #{pane_current_path}'"
  [[ ${lines[0]} =~ ^0\ 200\ (39|40)\ 1\ 1\ /workspace/repo$ && ${lines[1]} =~ ^1\ 200\ (9|10)\ 0\ 0\ /workspace/repo$ ]]
  says 'claude@' screen main 1
}

@test "the one server of the session is init's own and has our configuration" {
  [[ $(in_box main 'pgrep -c -x "tmux: server"') == 1 ]]
  [[ $(in_box main 'ps -o ppid= -p "$(pgrep -x "tmux: server")"' | tr -d ' ') == 1 ]]
  try agents_tmux main 'show-options -g; true'
  [[ $output == *'history-limit 50000'* && $output == *'mouse on'* && $output == *'default-size 200x50'* ]]
  try agents_tmux main 'show-options -s'
  [[ $output == *'escape-time 0'* && $output == *'extended-keys on'* && $output == *'set-clipboard on'* && $output == *Tc* ]]
}

@test "attach joins the session, takes keys, leaves with Ctrl-B D, and leaves the box going" {
  try operator main 'expect bypass permissions
    type \x02\x1b[B
    type echo typed-$((6*7))\r
    expect typed-42
    type \x02d
    expect Detached. The box goes on
    end' cloister attach
  [[ $status == 0 ]]
  says typed-42 screen main 1
  eventually 5 has_clients main 0
  "$ENGINE" exec "$NAME-main" cloister status --json | jq --exit-status '.state == "ready" and .session.restarts == 0'
}

@test "the terminal is left as it was: no mouse, no paste mode, main screen, cursor shown" {
  RAW=yes try operator main 'expect bypass permissions
    type \x02d
    expect Detached
    end' cloister attach
  local mode
  for mode in '?1000l' '?1006l' '?2004l' '?1004l' '?1049l' '?25h'; do [[ $output == *$'\e['"$mode"*Detached* ]]; done
}

@test "two operators share the screen" {
  operator main 'expect bypass permissions
    expect shared-72
    type \x02d
    expect Detached
    end' cloister attach >"$BATS_TEST_TMPDIR/first" &
  local first=$!
  eventually 10 has_clients main 1
  try operator main 'expect bypass permissions
    type echo shared-$((8*9))\r
    expect shared-72
    type \x02d
    expect Detached
    end' cloister attach
  [[ $status == 0 ]]
  wait "$first"
}

@test "a dropped connection harms nothing, and the next attach finds everything" {
  try operator main 'expect bypass permissions
    type echo before-$((5*5))\r
    expect before-25
    hang up' cloister attach
  eventually 10 has_clients main 0
  try operator main 'expect before-25
    type \x02d
    expect Detached
    end' cloister attach
  [[ $status == 0 ]]
  "$ENGINE" exec "$NAME-main" cloister status --json | jq --exit-status '.state == "ready" and .session.restarts == 0'
}

@test "a relay that is killed takes its client along and harms nothing" {
  operator main 'expect bypass permissions
    end' cloister attach >/dev/null &
  eventually 10 has_clients main 1
  in_box main 'pkill -KILL -f "[c]loister.mjs attach"'
  wait $! || true
  eventually 10 has_clients main 0
  "$ENGINE" exec "$NAME-main" cloister status --json | jq --exit-status '.state == "ready" and .session.restarts == 0'
}

@test "the client in the relay is the agent's, with no capability; the relay keeps what it needs to become it" {
  operator main 'expect bypass permissions
    end' cloister attach >/dev/null &
  local operator=$!
  eventually 10 has_clients main 1
  try in_box main 'pid=$(pgrep -f "^/usr/bin/tmux .* attach-session"); cat /proc/$pid/status | tr -s "\t " " "'
  [[ $output == *'Uid: 1000 1000 1000 1000'*'Gid: 1000 1000 1000 1000'* && $output == *'NoNewPrivs: 1'* ]]
  run ! grep -E '^(Cap[A-Za-z]+: 0*[1-9a-f]|Groups: [0-9])' <<<"$output"
  # setuid, setgid, setpcap and kill.
  try in_box main 'cat /proc/$(pgrep -f "[c]loister.mjs attach")/task/*/status | grep -E "^(Cap|NoNew)" | tr -s "\t" " " | sort -u'
  [[ $output == $'CapAmb: 0000000000000000\nCapBnd: 00000000000001e0\nCapEff: 00000000000001e0\nCapInh: 0000000000000000\nCapPrm: 00000000000001e0\nNoNewPrivs: 1' ]]
  # Neither holds a secret, nor the operator's terminal in the client's case.
  printf '%s\n' "$NET_GH_PAT" "$CLAUDE_TOKEN" | in_box main '! grep -aF -f - /proc/$(pgrep -f "[c]loister.mjs attach")/environ'
  local outer inner
  outer=$(in_box main 'readlink /proc/$(pgrep -f "[c]loister.mjs attach")/fd/0')
  inner=$(as_agent main 'readlink /proc/$(pgrep -f "^/usr/bin/tmux .* attach-session")/fd/*')
  [[ $outer == /dev/pts/* && $inner == */dev/pts/* ]]
  run ! grep -x "$outer" <<<"$inner"
  in_box main 'pkill -KILL -f "[c]loister.mjs attach"'
  wait "$operator" || true
}

@test "attach during the boot shows its steps as they happen, and then the session" {
  boot booting "${FIXTURES[@]}" "${SLOW[@]}"
  eventually 10 says '"step":"self-test"' "$ENGINE" logs "$NAME-booting"
  try operator booting 'expect The box is booting.
    expect + firewall
    expect + self-test
    expect ! repository
    expect + session
    expect bypass permissions
    type \x02d
    expect Detached
    end' cloister attach
  [[ $status == 0 ]]
}

@test "a failed clone is reported in status and log, and the session starts without it" {
  eventually 20 in_box booting '[[ -s /run/cloister/ready ]]'
  "$ENGINE" exec "$NAME-booting" cloister status --json |
    jq --exit-status '.state == "ready" and .repository == "failed" and any(.steps[]; .name == "repository" and .state == "warned")'
  "$ENGINE" logs "$NAME-booting" 2>&1 | grep '"level":"warn".*the clone failed.*slow.test'
  eventually 10 says 'the clone failed' screen booting 1
  [[ $(agents_tmux booting "display-message -p -t cloister:1.0 '#{pane_current_path}'") == /workspace ]]
  remove_box booting
}

# Where init is not PID 1 (Fly), a failed boot leaves the machine up for a while, and attach can say why.
@test "attach explains a failed boot, with its remedy and its exit code" {
  local flags
  mapfile -t flags < <(reference_flags | grep -v -e --tmpfs=/tmp)
  "$ENGINE" run --detach --name "$NAME-failed" --label "cloister.test=$NAME" "${flags[@]}" --network none "${FIXTURES[@]}" \
    --env GH_PAT=none --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN" --entrypoint sh "$CLOISTER_IMAGE" \
    -c 'cloister init; sleep 60' >/dev/null
  eventually 20 says '"event":"boot.failed"' "$ENGINE" logs "$NAME-failed"
  try operator failed 'expect The boot failed at mounts: there is no tmpfs or volume at /tmp
    expect Add --tmpfs /tmp:
    expect docker logs
    end' cloister attach
  [[ $status == 77 ]]
  try "$ENGINE" exec "$NAME-failed" cloister status --json
  matches "$output" '.state == "failed" and .failure.step == "mounts" and .failure.code == 77'
  remove_box failed
}

@test "attach without a terminal says what to use" {
  try "$ENGINE" exec "$NAME-main" cloister attach
  [[ $status == 77 && $output == *'docker exec -it'* ]]
}

@test "a root login by any shell enters the session, and ends in a plain root shell" {
  local shell
  for shell in 'bash -l' 'bash -i' 'sh -l' 'sh -i'; do
    # shellcheck disable=SC2086
    try operator main 'expect bypass permissions
      type \x02d
      expect This is a plain root shell
      type echo user-$(id -u)\r
      expect user-0
      type exit\r
      end' $shell
    [[ $status == 0 ]]
  done
}

@test "CLOISTER_GATE=off gives a plain root shell at once, and no shell enters twice" {
  try operator main 'type echo plain-$((1+1)); bash -i -c "echo inner-$((2+2))"\r
    expect plain-2
    expect inner-4
    type exit\r
    end' env CLOISTER_GATE=off bash -il
  [[ $status == 0 && $output != *"$READY"* ]]
}

@test "a root shell without a terminal is plain, so scripts work" {
  [[ $("$ENGINE" exec "$NAME-main" bash -lc 'id -u') == 0 ]]
  [[ $("$ENGINE" exec --interactive "$NAME-main" bash -i <<<'id -u' 2>/dev/null) == *0* ]]
}

@test "docker run -it lands in the session; detach and Enter come back, and the box goes on" {
  local flags keys=$BATS_TEST_TMPDIR/keys shown=$BATS_TEST_TMPDIR/shown
  mapfile -t flags < <(reference_flags; internet_flags)
  mkfifo "$keys"
  stty_free_script "$keys" "$shown" "$ENGINE" run -it --name "$NAME-tty" "${flags[@]}" "$CLOISTER_IMAGE" &
  exec 5>"$keys"
  # tmux may draw the words apart.
  eventually 30 shows "$shown" permissions 1
  # The log was on the terminal during the boot, for people; it left with the session.
  shows "$shown" 'firewall (' 1
  run ! grep --text '"event"' "$shown"
  detach_by >&5
  eventually 10 shows "$shown" 'Detached. The box goes on. Enter comes back' 1
  "$ENGINE" exec "$NAME-tty" cloister status --json | jq --exit-status '.state == "ready"'
  local drawn
  drawn=$(grep --text --only-matching permissions "$shown" | wc -l)
  printf '\r' >&5
  eventually 10 shows "$shown" permissions $((drawn + 1))
  detach_by >&5
  eventually 10 shows "$shown" 'Detached. The box goes on. Enter comes back' 2
  # The operator's terminal goes: the box stays.
  exec 5>&-
  "$ENGINE" exec "$NAME-tty" cloister status --json | jq --exit-status '.state == "ready"'
  "$ENGINE" kill --signal TERM "$NAME-tty" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-tty") == 143 ]]
}

# script(1) gives the engine's client a terminal of its own.
stty_free_script() {
  local line
  line=$(printf '%q ' "${@:3}")
  script -qefc "stty rows 40 cols 150; exec $line" "$2" <"$1" >/dev/null 2>&1
}

# Two keys with a pause between, as people type: tmux takes what comes at once for pasted text.
detach_by() {
  printf '\x02'
  sleep 0.05
  printf d
}

# shows FILE TEXT TIMES: the text stands in the file at least so often.
shows() {
  (($(grep --text --only-matching --fixed-strings -e "$2" "$1" | wc -l) >= $3)) || { tail -c 2000 "$1"; return 1; }
}
