#!/usr/bin/env bats
# The agent against its own session: what it leaves in the way of the tmux server, or puts in its place, keeps neither
# the session from coming back nor init from looking after it. The same is done to a box whose server is started as it
# is, and whose init waits for its programs' pipes: there it does, as long as in the other one it has not.

load ../container/cloister
load without

setup_file() {
  start_internet
  build_without "$NAME-open" "$CLOISTER_IMAGE" session
  printf '#!/bin/sh\nshift\nexec "$@"\n' >"$BATS_FILE_TMPDIR/server"
  chmod 755 "$BATS_FILE_TMPDIR/server"
  local flags=(--volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro")
  box main "${flags[@]}"
  CLOISTER_IMAGE=$NAME-open box open "${flags[@]}" --volume "$BATS_FILE_TMPDIR/server:/usr/local/libexec/cloister/server:ro"
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-open" >/dev/null 2>&1 || true
}

FOLDER=/run/cloister/session
server() {
  in_box "$1" 'pgrep --uid 1000 --exact "tmux: server"'
}

# session_back BOX OLD: another server than that one has both panes.
session_back() {
  [[ $(server "$1") != "$2" && $(as_agent "$1" "tmux -N -S $FOLDER/tmux list-panes -s -t =cloister -F '#{@cloister_role}'" | sort | xargs) == 'agent shell' ]]
}

# Root takes away what stands in the way, and who waits for it.
clear_way() {
  in_box "$1" "pkill -KILL --uid 1000 '^(tmux|flock|sleep)'; rm -rf $FOLDER/* $FOLDER/.[!.]*; chmod 700 $FOLDER; true"
}

@test "whatever stands in the way of the server's socket, the session comes back" {
  local way box ways=(
    'mv tmux old; mkdir -p tmux/closed; chmod 0 tmux/closed tmux'
    'rm -rf tmux.lock; mkfifo tmux.lock'
    'rm -rf tmux.lock; : >tmux.lock; setsid -f flock tmux.lock sleep 600; until ! flock -n tmux.lock true; do :; done'
    'rm -rf tmux; head -c 100M /dev/zero >full; for i in {1..100}; do : >"$i" || break; done'
    'ln -sfn /nonexistent/tmux tmux; chmod 0 .'
  )
  local -A old
  for way in "${ways[@]}"; do
    echo "$way"
    for box in open main; do
      old[$box]=$(server "$box")
      as_agent "$box" "cd $FOLDER && { $way; kill -KILL ${old[$box]}; }" >/dev/null 2>&1 </dev/null || true
    done
    within 30 session_back main "${old[main]}"
    run ! session_back open "${old[open]}"
    clear_way open
    eventually 30 session_back open "${old[open]}"
  done
}

keep_pipes() {
  in_box "$1" "exec setpriv --reuid=1000 --regid=1000 --clear-groups setsid -f python3 /fixtures/keep-pipes.py >/tmp/pipes 2>&1 </dev/null"
}

has_shell() {
  says shell as_agent "$1" "tmux -N -S $FOLDER/tmux list-panes -s -t =cloister -F '#{@cloister_role}'"
}

@test "a server in tmux's place that keeps the pipes of init's own client, and writes into them, is let go of" {
  local box pipes
  for box in open main; do keep_pipes $box; done
  for box in open main; do
    eventually 30 in_box $box '[[ -s /tmp/pipes ]]'
    pipes=$(in_box $box 'cat /tmp/pipes')
    echo "pipes: $pipes"
    ((pipes >= 2))
    as_agent $box "tmux -N -S $FOLDER/tmux kill-pane -t cloister:1.1"
  done
  # Init still looks: a pane that goes is made again.
  within 60 has_shell main
  in_box main 'pgrep --full keep-pipes'
  # Without the control the look itself stands still: only who asks whether it lives finds out.
  eventually 30 says '"event":"child.stuck"' "$ENGINE" logs "$NAME-open"
}
