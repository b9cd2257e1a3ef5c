#!/usr/bin/env bats
# The wall clock of a box jumps, forward and back, by a day and by years, while the box boots and while it works. A
# library that every program of the box loads moves it there alone: the machine's own clock is nobody's to touch.

load cloister

setup_file() {
  export CLOCK=$BATS_FILE_TMPDIR/clock
  mkdir "$CLOCK"
  "$ENGINE" run --rm --network none --label "cloister.test=$NAME" --entrypoint gcc --volume "$CLOCK:/clock" \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro" "$CLOISTER_IMAGE" \
    -O2 -Wall -Wextra -Werror -shared -fPIC -o /clock/clock.so /fixtures/clock.c
  echo /clock/clock.so >"$CLOCK/preload"
  jump 0
  start_internet
  ctl PUT /dns/zone/dead.test '{"drop": true}' >/dev/null
  clocked main --env ALLOW_DOMAINS=allowed.test,moving.test --env REPO_URL=https://github.com/cloister-demo/hello
  eventually 30 says 'bypass permissions on' screen main
}

teardown_file() {
  remove_all
}

setup() {
  jump 0
}

teardown() {
  touch "$BATS_TEST_TMPDIR/still"
}

day=86400 years=$((20 * 365 * 86400))

# clocked BOX [FLAG...]: a box with a clock of its own.
clocked() {
  box "$1" --volume "$CLOCK:/clock:ro" --volume "$CLOCK/preload:/etc/ld.so.preload:ro" "${@:2}"
}

# jump SECONDS: the clock of every such box is so far ahead of the machine's from now on. Never shorter: it is mapped.
jump() {
  printf '%020d' "$1" 1<>"$CLOCK/offset"
}

# ahead SECONDS BY-WHAT: about so far.
ahead() {
  local by=$(($2 - EPOCHSECONDS - $1))
  ((by > -120 && by < 120)) || { echo "$2 is not $1 s ahead of $EPOCHSECONDS"; return 1; }
}

@test "the jump is seen by the box's programs, by init and the agent, and changes no other clock" {
  jump $((3 * day))
  ahead $((3 * day)) "$(in_box main 'date +%s')"
  ahead $((3 * day)) "$(as_agent main 'node -p "Math.floor(Date.now() / 1000)"')"
  ahead $((3 * day)) "$(in_session main 'date +%s')"
  as_agent main 'curl -sS https://control.denied.test' || true
  eventually 5 says control.denied.test "$ENGINE" exec "$NAME-main" cloister log
  ahead $((3 * day)) "$(date -d "$("$ENGINE" exec "$NAME-main" cloister log --json | grep control.denied | jq --raw-output .time)" +%s)"
  ahead $((3 * day)) "$(($(log_of main | grep '"egress.refused".*control.denied' | tail -n 1 | jq .time) / 1000))"
  local uptime
  uptime=$(in_box main 'node -p "Math.floor(process.hrtime()[0])"')
  ((uptime - $(cut -d. -f1 /proc/uptime) < 120))
}

# jump_about OFFSET...: again and again, until the file `still` is there.
jump_about() {
  local offset
  until [[ -e $BATS_TEST_TMPDIR/still ]]; do
    for offset; do jump "$offset" && sleep 0.07; done
  done
}

# boots_jumping BOX OFFSET...: in the time a boot takes, with nothing in its report that was not so.
boots_jumping() {
  local jumper
  rm -f "$BATS_TEST_TMPDIR/still"
  jump_about "${@:2}" 3>&- &
  jumper=$!
  clocked "$1" --env ALLOW_DOMAINS=allowed.test,dead.test --env REPO_URL=https://github.com/cloister-demo/hello --env BOOT_TIMEOUT=40
  touch "$BATS_TEST_TMPDIR/still"
  wait "$jumper"
  is_status "$1" '.state == "ready" and .age > 0 and .age < 60000 and (.steps | all(.duration >= 0 and .duration < 30000))'
  matches "$(log_of "$1" | grep boot.ready)" '.duration > 0 and .duration < 60000'
}

@test "a boot whose clock jumps by days all the while is ready, clones, and says how long it took" {
  boots_jumping days "$((12 * day))" "$day" "$((11 * day))" 0 "$((2 * day))"
  is_status days '.repository == "cloned"'
  remove_box days
}

@test "so is one whose clock jumps by years, where no certificate is good any more" {
  boots_jumping years "$years" 0 "-$years"
  remove_box years
}

# Who lives, by pid: nobody is to have ended.
lives() {
  in_box main 'pgrep -x claude; pgrep -x "tmux: server"; pgrep -u 65053; pgrep -u 65054'
}

works() {
  [[ $(as_agent main 'curl -sSk --max-time 5 https://allowed.test') == allowed ]]
}

@test "a box that works goes on, whatever the clock does: nobody ends, the firewall stands, health and ages are right" {
  local before offset name
  before=$(lives)
  ctl DELETE /canary >/dev/null
  for offset in "$day" "-$day" "$years" "-$years" 0; do
    jump "$offset"
    works
    name=at$((offset / day)).denied.test
    run ! as_agent main "curl -sSk --max-time 5 https://$name || curl -sSk --max-time 5 https://198.51.100.66"
    eventually 5 says "$name" "$ENGINE" exec "$NAME-main" cloister log
    eventually 5 matches_health '.status == "healthy" and .age > 0 and .age < 600000'
    is_status main '.age > 0 and .age < 600000 and .resolver.restarts == 0 and .session.restarts == 0 and (.children | has("agent") | not)'
    "$ENGINE" exec "$NAME-main" cloister verify >/dev/null
  done
  holds /canary '.sightings == []'
  [[ $(lives) == "$before" ]]
}

matches_health() {
  matches "$("$ENGINE" exec "$NAME-main" cloister health --json)" "$1"
}

allowed_now() {
  "$ENGINE" exec "$NAME-main" cloister rules --json | jq --exit-status --arg name "$1" 'tojson | contains($name)' >/dev/null
}

@test "an allowance for a time ends when that time has passed, no sooner and no later" {
  ctl PUT /web/hosts/later.test >/dev/null
  ctl PUT /dns/zone/later.test '{"a": ["198.51.100.77"]}' >/dev/null
  "$ENGINE" exec "$NAME-main" cloister allow later.test --for 5s
  "$ENGINE" exec "$NAME-main" cloister allow hour.test --for 1h
  as_agent main 'curl -sSk --max-time 5 https://later.test'
  jump "-$day"
  eventually 10 eval '! allowed_now later.test'
  run ! as_agent main 'curl -sSk --max-time 5 https://later.test'
  jump "$day"
  allowed_now hour.test
  # Told by the clock as it is set.
  ahead $((day + 3600)) "$(date -d "$("$ENGINE" exec "$NAME-main" cloister rules | grep -o 'until .*' | cut -d' ' -f2)" +%s)"
}

@test "an answer is asked for again when its time is over, although the clock was set back" {
  ctl PUT /web/hosts/moving.test >/dev/null
  ctl PUT /dns/zone/moving.test '{"a": ["198.51.100.77"], "ttl": 2}' >/dev/null
  as_agent main 'getent ahostsv4 moving.test' | grep -q 198.51.100.77
  jump "-$day"
  ctl PUT /dns/zone/moving.test '{"a": ["198.51.100.88"], "ttl": 2}' >/dev/null
  eventually 6 eval "as_agent main 'getent ahostsv4 moving.test' | grep -q 198.51.100.88"
}

@test "what is killed after the clock was set back is back at once, and counts as one end" {
  jump "-$day"
  in_box main 'pkill -KILL -u 65053'
  eventually 4 works
  is_status main '.resolver.restarts == 1 and (.children.egress.failing | not)'
  in_box main 'pkill -KILL -x -u 1000 claude'
  eventually 20 says 'bypass permissions on' screen main
  eventually 10 is_status main '.children.agent.restarts == 1 and (.children.agent.failing | not)'
}

brief_conversation() {
  as_agent brief 'cut -d" " -f1 /home/claude/.claude/cloister/conversation-*'
}

lives_of() {
  as_agent brief 'cat /home/claude/.claude/projects/any/*.jsonl | wc -l'
}

@test "a Claude that ended after a while, the clock set back meanwhile, goes on in its conversation" {
  local id
  clocked brief --volume "$BATS_TEST_DIRNAME/fixtures/brief.sh:/usr/local/lib/claude-code/claude:ro"
  # Its second life: only one that was resumed could have failed to be.
  eventually 15 eval '(($(lives_of) == 2))'
  id=$(brief_conversation)
  jump "-$day"
  eventually 15 eval '(($(lives_of) == 3))'
  [[ $(brief_conversation) == "$id" ]]
  remove_box brief
}

@test "an operator gets in, and the work is saved at its interval and at the stop, dated as the box has it" {
  ctl PUT /github/repos/cloister-demo/dated '{"isPrivate": true, "files": {"README.md": "dated"}}' >/dev/null
  clocked dated --env REPO_URL=https://github.com/cloister-demo/dated --env RESCUE_INTERVAL=10s \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
  jump $((10 * day))
  "$ENGINE" exec --interactive "$NAME-dated" python3 /fixtures/type.py 40 $'expect bypass permissions\ntype \\x02d\nend' cloister attach </dev/null
  in_session dated 'echo one >/workspace/repo/one'
  eventually 20 says '"event":"rescue.saved","occasion":"interval"' log_of dated
  ahead $((10 * day)) "$(($(status_of dated | jq .rescue.savedAt) / 1000))"
  # Back, as far as the certificates go.
  jump "$day"
  in_session dated 'echo two >/workspace/repo/two'
  "$ENGINE" stop --time 60 "$NAME-dated" >/dev/null
  [[ $("$ENGINE" inspect --format '{{.State.ExitCode}}' "$NAME-dated") == 143 ]]
  says '"event":"rescue.saved","occasion":"stop"' log_of dated
  remove_box dated
  clocked dated --env REPO_URL=https://github.com/cloister-demo/dated
  [[ $(in_box dated 'cat /workspace/repo/one /workspace/repo/two') == $'one\ntwo' ]]
  remove_box dated
}
