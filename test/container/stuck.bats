#!/usr/bin/env bats
# What lives and does not answer: it is noticed, told of, put right, and the session can be entered again.
# Each row compares what health, status and log say with what is so.

load cloister

setup_file() {
  start_internet
  box main --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
  eventually 60 says 'bypass permissions on' claudes_screen
}

teardown_file() {
  remove_all
}

setup() {
  eventually 90 whole
  # Of a pane that was killed before: whoever stops it then keeps it, and it is nobody's any more.
  eventually 60 in_box main '! pgrep -P 1 -u 1000 -x claude'
  BEFORE=$(restarts)
}

# Of the session, the egress process and the reader of the firewall's log.
restarts() {
  "$ENGINE" exec "$NAME-main" cloister status --json |
    jq -c '[.session.restarts, .children.egress.restarts, .children["packet-log"].restarts]'
}

# restarted SESSION EGRESS READER: so often since the test began.
restarted() {
  local more
  more=$(jq -c 'transpose | map(.[1] - .[0])' <<<"[$BEFORE,$(restarts)]")
  [[ $more == "[$1,$2,$3]" ]] || { echo "restarted: $more"; return 1; }
}

SOCKET=/run/cloister/session/tmux
# Seconds in which a fault may go unnoticed: a look each five seconds, and eleven for an answer. A busy machine has some more.
UNNOTICED=30

# shellcheck disable=SC2016  # expanded by the shell in the box
WORLD='
  server=$(pgrep -P 1 -f -- "-f /etc/cloister/tmux.conf -D$")
  client() { timeout --signal=KILL 3 setpriv --reuid=1000 --regid=1000 --clear-groups tmux -N -S /run/cloister/session/tmux "$@"; }
  [[ $(client display-message -p -t =cloister "#{pid}" 2>/dev/null) == "$server" ]] || echo "the session is not entered"
  [[ $(client list-panes -s -t =cloister -F "#{@cloister_role}#{pane_dead}" | grep -E "^[a-z]" | sort | xargs) == "agent0 shell0" ]] || echo "not both panes"
  pgrep -x -u 1000 claude >/dev/null || echo "no claude"
  for user in 65053 65054; do pgrep -u $user >/dev/null || echo "nothing of $user"; done
  ps -eo stat=,user=,comm= | grep "^T"'

# world BOX: what is wrong with it, by a look of its own; nothing where all is well.
world() {
  in_box "$1" "$WORLD" 2>/dev/null || true
}

says_health() {
  "$ENGINE" exec "$NAME-main" cloister health --json || true
}

is_degraded() {
  matches "$(says_health)" ".status == \"degraded\" and (.reasons | index(\"$1\") != null)"
}

status_is() {
  matches "$("$ENGINE" exec "$NAME-main" cloister status --json)" "$1"
}

# role_pane agent|shell: its id. The agent may have panes of its own beside them, so that an index is nobody's.
role_pane() {
  as_agent main "tmux -N -S $SOCKET list-panes -s -t =cloister -F '#{@cloister_role} #{pane_id}'" | sed -n "s/^$1 //p"
}

claudes_screen() {
  as_agent main "tmux -N -S $SOCKET capture-pane -p -t $(role_pane agent)"
}

# Well in the world, by health and by status.
whole() {
  local wrong
  wrong=$(world main)
  [[ -z $wrong ]] || { echo "$wrong"; return 1; }
  matches "$(says_health)" '.status == "healthy"' && status_is '.unanswered == {}'
}

# stuck CHILD REASON: the log has told so since the row began.
stuck() {
  log_since | grep '"event":"child.stuck"' | grep -F "\"child\":\"$1\"" | grep -F -e "$2"
}

log_since() {
  "$ENGINE" logs --since "$BEGAN" "$NAME-main" 2>&1
}

# row CHILD REASON: the fault is told of, nobody says healthy of what has long been broken, and all is well again in time.
row() {
  local deadline=$((SECONDS + 120)) began=$SECONDS before said
  while :; do
    before=$(world main)
    said=$(says_health)
    if [[ -n $before && $said == *'"healthy"'* ]] && ((SECONDS - began > UNNOTICED)) && [[ -n $(world main) ]]; then
      printf 'healthy, it says, and yet: %s\n' "$before"
      return 1
    fi
    [[ -n $before || $said != *'"healthy"'* ]] || ! stuck "$@" || break
    ((SECONDS < deadline)) || { printf 'never told and mended: %s\n%s\n' "$before" "$said"; log_since; return 1; }
  done
  eventually 20 whole
}

# fault COMMAND: as root in the box; the row's time begins.
fault() {
  BEGAN=$(date +%s.%N)
  in_box main "$1"
}

# A fault of the agent's.
game() {
  BEGAN=$(date +%s.%N)
  as_agent main "$1"
}

conversation() {
  in_box main 'ps -eo args= | grep -o -E "^/usr/local/lib/claude-code/claude.*(--session-id|--resume) [0-9a-f-]+" | grep -o -E "[0-9a-f-]+$"'
}

# again_and_again PATTERN: stops what matches however often it is continued, until another is there.
again_and_again() {
  fault "(first=\$(pgrep -o $1); while kill -STOP \$first; do sleep 0.02; done) >/dev/null 2>&1 &"
}

listener() {
  BEGAN=$(date +%s.%N)
  "$ENGINE" exec --detach "$NAME-main" setpriv --reuid=1000 --regid=1000 --clear-groups python3 -c "
import os, socket
os.unlink('$SOCKET')
s = socket.socket(socket.AF_UNIX)
s.bind('$SOCKET')
s.listen(50)
held = []
while True: held.append(s.accept()[0]); $1"
}

@test "tmux's socket removed under a living server: made again, and nothing is ended" {
  game "rm $SOCKET"
  row session 'its socket leads to no server'
  restarted 0 0 0
}

@test "a file, a pipe, a link, a folder that nobody may enter in the socket's place" {
  local kind
  for kind in 'echo x >' 'mkfifo' 'ln -s /run/cloister/session/nowhere' 'ln -s /run/cloister/control.sock' 'mkdir -m 0000'; do
    game "rm $SOCKET; $kind $SOCKET"
    row session 'its socket leads to no server'
  done
  restarted 0 0 0
}

@test "a folder of the socket that nobody may enter" {
  game 'chmod 0000 /run/cloister/session'
  row session 'its socket leads to no server'
}

@test "a server of the agent's own in its place, with a session of the same name, is none of ours" {
  game "tmux -S $SOCKET.other -f /dev/null new-session -d -s cloister 'sleep 1000'; mv $SOCKET.other $SOCKET"
  row session 'another server answers in its place'
  restarted 0 0 0
  in_box main 'pkill -u 1000 -f [t]mux.other'
}

@test "a server of the agent's own without a session gets none of ours" {
  game "tmux -S $SOCKET.other -f /dev/null start-server \; set -s exit-empty off \; new-session -d \; kill-session; mv $SOCKET.other $SOCKET"
  row session 'another server answers in its place'
  in_box main 'pkill -u 1000 -f [t]mux.other'
}

@test "a listener that takes every client and never answers" {
  listener pass
  row session 'tmux does not answer'
  restarted 0 0 0
  in_box main 'pkill -u 1000 python3'
}

@test "a listener that hangs up on every client" {
  listener 'held.pop().close()'
  row session 'tmux gives no answer of use'
  in_box main 'pkill -u 1000 python3'
}

@test "tmux's server stopped: continued" {
  fault "kill -STOP \$(pgrep -o -x 'tmux: server')"
  row session 'tmux does not answer'
  restarted 0 0 0
}

@test "tmux's server stopped again and again: started anew, with its panes and Claude's conversation" {
  local id
  id=$(conversation)
  again_and_again "-x 'tmux: server'"
  eventually 30 is_degraded "the session can't be entered: tmux does not answer"
  status_is '.unanswered.session == "tmux does not answer"'
  row session '"step":"end"'
  restarted 1 0 0
  [[ $(conversation) == "$id" ]]
}

@test "the session killed, and another of the same name made without panes" {
  game "tmux -N -S $SOCKET new-session -d -s other 'sleep 1000' \; kill-session -t cloister \; rename-session -t other cloister"
  eventually 30 whole
  log_since | grep '"event":"session.remade"'
}

@test "a pane kept after its program's end is no pane" {
  game "tmux -N -S $SOCKET set-option -t cloister remain-on-exit on; pkill -KILL -f '[l]ibexec/cloister/agent'"
  eventually 30 whole
  as_agent main "tmux -N -S $SOCKET set-option -u -t cloister remain-on-exit"
}

@test "Claude stopped: continued" {
  fault 'pkill -STOP -x -u 1000 claude'
  row agent stopped
}

@test "Claude that stopped itself at Ctrl-Z goes on" {
  # Before it shows itself the key is the terminal's, and it may have been started anew just now.
  eventually 20 says 'bypass permissions on' claudes_screen
  game "tmux -N -S $SOCKET send-keys -t $(role_pane agent) C-z"
  eventually 30 whole
  eventually 20 says 'bypass permissions on' claudes_screen
}

@test "Claude stopped again and again: started anew in its conversation" {
  local id
  id=$(conversation)
  again_and_again '-x -u 1000 claude'
  eventually 30 is_degraded "a program of the session's panes stands still: stopped"
  row agent '"step":"end"'
  [[ $(conversation) == "$id" ]]
  restarted 0 0 0
}

@test "the program of Claude's pane, the shell, and all of them stopped: they go on" {
  local which
  for which in '-f libexec/cloister/agent' "-f '^/bin/bash -l'" ''; do
    fault "pkill -STOP -u 1000 $which"
    eventually 60 whole
  done
  restarted 0 0 0
}

@test "an egress process that stands still, and does not die of SIGTERM: ended, started again, told" {
  local before
  before=$(in_box main 'pgrep -u 65053')
  fault 'pkill -STOP -u 65053; pkill -TERM -u 65053'
  row egress '"step":"end"'
  [[ $(in_box main 'pgrep -u 65053') != "$before" ]]
  restarted 0 1 0
  status_is '.children.egress.lastCode == 137'
}

@test "an egress process stopped, and the next one as well" {
  fault 'pkill -STOP -u 65053'
  row egress '"step":"end"'
  fault 'pkill -STOP -u 65053'
  row egress '"step":"end"'
  restarted 0 2 0
}

@test "an egress process stopped again and again" {
  again_and_again '-u 65053'
  row egress '"step":"end"'
  restarted 0 1 0
}

@test "an egress process killed while the reader of the firewall's log stands still" {
  fault 'pkill -STOP -u 65054; pkill -KILL -u 65053'
  row packet-log '"step":"end"'
  restarted 0 1 1
}

@test "the reader of the firewall's log stopped: its silence is noticed, and refusals are told again" {
  fault 'pkill -STOP -u 65054'
  row packet-log 'it does not tell what the firewall refuses'
  restarted 0 0 1
  as_agent main 'timeout 2 bash -c "echo x >/dev/udp/127.0.0.11/7" || true'
  eventually 10 says 127.0.0.11 "$ENGINE" exec "$NAME-main" cloister log --json
}

@test "the reader and the egress process stopped at once" {
  fault 'pkill -STOP -u 65053; pkill -STOP -u 65054'
  row egress '"step":"end"'
  row packet-log '"step":"end"'
}

# What it is asked by is no attempt of anybody's.
@test "the questions leave no refusal behind" {
  "$ENGINE" exec "$NAME-main" cloister log --json >"$BATS_TEST_TMPDIR/log"
  run ! grep -e '"port":9,' "$BATS_TEST_TMPDIR/log"
}

# operator SCRIPT: somebody at a terminal who attaches; see fixtures/type.py.
operator() {
  "$ENGINE" exec --interactive "$NAME-main" python3 /fixtures/type.py 60 "$1" cloister attach </dev/null
}

@test "attach to a server that stands still says what it waits for, and Ctrl-C leaves" {
  fault "kill -STOP \$(pgrep -o -x 'tmux: server')"
  try operator 'expect Waiting for the session. Ctrl-C leaves
    type \x03
    expect left without an answer
    end'
  [[ $status == 70 ]]
}

@test "attach to a server that stands still has the session once it goes on" {
  fault "kill -STOP \$(pgrep -o -x 'tmux: server')"
  try operator 'expect Waiting for the session
    expect bypass permissions
    type \x02d
    expect Detached
    end'
  [[ $status == 0 ]]
}

@test "attach to a listener that never answers is left by Ctrl-B D" {
  listener pass
  try operator 'expect Waiting for the session
    type \x02d
    expect left without an answer
    end'
  [[ $status == 70 ]]
  in_box main 'pkill -u 1000 python3'
}

@test "attach where the socket is gone says so, and enters once it is there again" {
  game "rm $SOCKET"
  try operator "expect The session can't be entered yet.
    expect bypass permissions
    type \\x02d
    expect Detached
    end"
  [[ $status == 0 ]]
}

@test "attach to a listener that hangs up on every client says so, and enters once the session is there again" {
  listener 'held.pop().close()'
  try operator "expect The session can't be entered yet.
    expect bypass permissions
    type \\x02d
    expect Detached
    end"
  in_box main 'pkill -u 1000 python3'
  [[ $status == 0 ]]
}

# Below Claude, so that what is typed shows there alone; the file says how far the operator is.
DOWN='type \x02\x1b[B
    type touch /tmp/arrived\r'

# arrives: the operator in the background has the session on the screen.
arrives() {
  eventually 40 as_agent main 'rm /tmp/arrived'
}

@test "an attached client that is stopped, by the agent whose it is, is left by Ctrl-B D" {
  operator "expect bypass permissions
    $DOWN
    expect stopped-7
    type \\x02d
    expect left without an answer
    end" >"$BATS_TEST_TMPDIR/said" &
  local operator=$! code=0
  arrives
  game 'pkill -STOP -f "^/usr/bin/tmux .* attach-session"'
  # The server draws by itself, whatever its client does.
  as_agent main "tmux -N -S $SOCKET send-keys -t $(role_pane shell) 'echo stopped-\$((4+3))' Enter"
  wait "$operator" || code=$?
  cat "$BATS_TEST_TMPDIR/said"
  [[ $code == 70 ]]
}
