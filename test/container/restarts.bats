#!/usr/bin/env bats
# Each child of the box killed twenty times: the box is closed meanwhile, each is back in time, and nothing is left over
# of any: no process, no descriptor, no rule, no memory.

load cloister

setup_file() {
  start_internet
  box main --env ALLOW_DOMAINS=allowed.test --env REPO_URL=https://github.com/cloister-demo/hello \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
  eventually 30 says 'bypass permissions on' screen main
  kill_some
  at_rest main >"$BATS_FILE_TMPDIR/memory"
}

# What a first end needs stays loaded.
kill_some() {
  in_box main 'pkill -KILL -u 65053 node; pkill -KILL -x -u 1000 claude'
  eventually 20 is_healthy
}

is_healthy() {
  "$ENGINE" exec "$NAME-main" cloister health
}

teardown_file() {
  remove_all
}

setup() {
  ctl DELETE /canary >/dev/null
  as_agent main "rm -f /tmp/enough; setsid python3 /fixtures/hammer.py $NET_CANARY /tmp/attempts /tmp/enough >/dev/null 2>&1 &"
}

# The agent tried all the while, and nothing of it arrived.
closed_meanwhile() {
  as_agent main 'touch /tmp/enough'
  (($(as_agent main 'cat /tmp/attempts') > 300))
  matches "$(ctl GET /canary)" '.sightings == [] and (.counters | all(. == 0))'
}

# What must not grow: descriptors of init, processes by user and name, rules without their counters.
figures() {
  in_box main 'echo "descriptors $(ls /proc/1/fd | wc -l)"
    ps -eo user=,comm= | grep -Ev -e "^root .*node-" -e " (ps|bash|timeout|grep|sort|uniq|sleep|python3|cat|curl|setpriv|choom|prlimit)$" | sort | uniq -c
    for tables in iptables ip6tables; do $tables-save | grep -v -e "^#" -e CLOISTER-PINS | sed "s/\[[0-9:]*\]//"; done | sha256sum'
}

# Once what comes and goes beside a starting Claude is gone.
steady() {
  local last='' now
  for _ in {1..15}; do
    now=$(figures)
    [[ $now != "$last" ]] || break
    last=$now
    sleep 1
  done
  echo "$now"
}

same_figures() {
  diff <(echo "$1") <(figures)
}

answers() {
  as_agent main 'curl -sS --max-time 1 https://allowed.test' | grep -qx allowed
}

@test "the egress process: closed while it is down, back within a second, twenty times" {
  local before round start
  answers
  before=$(steady)
  for round in {1..20}; do
    # What ends sooner after its start is kept closed for longer each time.
    eventually 5 lives main 2 -u 65053
    in_box main 'pkill -KILL -u 65053'
    start=${EPOCHREALTIME/./}
    eventually 3 answers
    echo "back after $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
  done
  is_status main '.children.egress.restarts == 21 and (.children.egress.failing | not)'
  closed_meanwhile
  eventually 15 same_figures "$before"
}

# burst TIMES: kills each egress process as soon as there is one.
burst() {
  in_box main "last='' && for i in {1..$1}; do
    until pid=\$(pgrep -u 65053) && [[ \$pid != \"\$last\" ]]; do :; done
    kill -KILL \$pid && last=\$pid; done"
}

@test "an egress process that is killed again and again is closed for longer and longer, told, and well again after it" {
  ctl DELETE /web/log >/dev/null
  burst 7
  # The pause is now longer than these attempts.
  run ! as_agent main "curl -sk --max-time 0.5 https://allowed.test/meanwhile ||
    curl -sk --max-time 0.5 --resolve allowed.test:443:$NET_ALLOWED https://allowed.test/meanwhile"
  holds /web/log 'all(.[]; .path != "/meanwhile")'
  burst 4
  is_status main '.children.egress.failing'
  "$ENGINE" logs "$NAME-main" 2>&1 | grep '"event":"child.failing","child":"egress"'
  eventually 20 answers
  eventually 5 is_status main '.children.egress.failing | not'
  closed_meanwhile
}

@test "the reader of the firewall's log: twenty times, and refusals are told again" {
  local before round
  before=$(steady)
  for round in {1..20}; do
    eventually 5 lives main 2 -u 65054
    in_box main 'pkill -KILL -u 65054'
    eventually 3 in_box main 'pgrep -u 65054 ulogd'
  done
  is_status main '.children["packet-log"].restarts == 20'
  closed_meanwhile
  as_agent main "timeout 1 bash -c '</dev/tcp/$NET_CANARY/7777'" || true
  eventually 5 in_box main 'grep -q "\"port\":7777" /run/cloister/refusals.jsonl'
  eventually 15 same_figures "$before"
}

@test "the tmux server: twenty times, with session, Claude and shell" {
  local before round
  before=$(steady)
  for round in {1..20}; do
    in_box main 'pkill -KILL -x "tmux: server"'
    eventually 15 says 'bypass permissions on' screen main
  done
  is_status main '.session.running and .session.restarts >= 20'
  closed_meanwhile
  eventually 15 same_figures "$before"
}

claude_again() {
  local now
  now=$(in_box main 'pgrep -x -u 1000 claude') && [[ $now != "$1" ]] && says 'bypass permissions on' screen main
}

two_panes() {
  [[ $(as_agent main "tmux -N -S /run/cloister/session/tmux list-panes -t cloister -F '#{@cloister_role}'") == $'agent\nshell' ]]
}

@test "Claude and the shell beside it: twenty times each" {
  local before round claude
  before=$(steady)
  for round in {1..20}; do
    # A life of some seconds: what ends sooner again and again stays down.
    eventually 15 lives main 5 -x -u 1000 claude
    claude=$(in_box main 'pgrep -x -u 1000 claude')
    in_box main 'pkill -KILL -x -u 1000 claude; pkill -KILL -u 1000 -f "^-?(/bin/)?bash -l$"'
    eventually 15 claude_again "$claude"
    eventually 12 two_panes
  done
  eventually 10 is_status main '.children.agent.restarts >= 20 and (.children.agent.failing | not)'
  closed_meanwhile
  eventually 15 same_figures "$before"
}

clients() {
  [[ $(as_agent main 'tmux -N -S /run/cloister/session/tmux list-clients' | wc -l) == "$1" ]]
}

@test "the operator's relay: twenty times" {
  local before round
  before=$(steady)
  for round in {1..20}; do
    "$ENGINE" exec "$NAME-main" python3 /fixtures/type.py 40 $'expect bypass permissions\nend' cloister attach >/dev/null 2>&1 </dev/null &
    eventually 15 clients 1
    in_box main 'pkill -KILL -f "[c]loister.mjs attach"'
    eventually 10 clients 0
    wait $! || true
  done
  is_status main '.state == "ready"'
  closed_meanwhile
  eventually 15 same_figures "$before"
}

@test "without the firewall the very same attempts arrive" {
  in_box main 'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT'
  eventually 10 holds /canary '.sightings | any(.transport == "tcp" and .port == 22)'
}

@test "after all of it init and the egress process hold hardly more memory than before" {
  local before now
  as_agent main 'touch /tmp/enough'
  before=$(<"$BATS_FILE_TMPDIR/memory") now=$(at_rest main)
  echo "anonymous memory: $before kB before, $now kB after"
  # What a burst leaves of heap and its gaps; `make bench` has the figures.
  ((now < before + 16384))
}
