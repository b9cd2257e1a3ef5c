#!/usr/bin/env bats
# The agent against its own session: what it leaves in the way of the tmux server, or puts in its place, keeps neither
# the session from coming back nor init from looking after it.

load ../container/cloister

setup_file() {
  start_internet
  box main --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
}

teardown_file() {
  remove_all
}

FOLDER=/run/cloister/session

server() {
  in_box main 'pgrep --uid 1000 --exact "tmux: server"'
}

# session_back OLD: another server than that one has both panes.
session_back() {
  [[ $(server) != "$1" && $(as_agent main "tmux -N -S $FOLDER/tmux list-panes -s -t =cloister -F '#{@cloister_role}'" | sort | xargs) == 'agent shell' ]]
}

@test "whatever stands in the way of the server's socket, the session comes back" {
  local way old ways=(
    'mv tmux old; mkdir -p tmux/closed; chmod 0 tmux/closed tmux'
    'rm -rf tmux.lock; mkfifo tmux.lock'
    'rm -rf tmux.lock; mkdir -p tmux.lock/closed; chmod 0 tmux.lock'
    'rm -rf tmux.lock; : >tmux.lock; setsid -f flock tmux.lock sleep 600; until ! flock -n tmux.lock true; do :; done'
    'rm -rf tmux; head -c 100M /dev/zero >full; for i in {1..100}; do : >"$i" || break; done'
    'ln -sfn /nonexistent/tmux tmux; chmod 0 .'
  )
  for way in "${ways[@]}"; do
    echo "$way"
    old=$(server)
    as_agent main "cd $FOLDER && { $way; kill -KILL $old; }" >/dev/null 2>&1 </dev/null || true
    eventually 30 session_back "$old"
  done
}

@test "a server in tmux's place that keeps the pipes of init's own client, and writes into them, is let go of" {
  local pipes
  in_box main "exec setpriv --reuid=1000 --regid=1000 --clear-groups setsid -f python3 /fixtures/keep-pipes.py >/tmp/pipes 2>&1 </dev/null"
  eventually 30 in_box main '[[ -s /tmp/pipes ]]'
  pipes=$(in_box main 'cat /tmp/pipes')
  echo "pipes: $pipes"
  ((pipes >= 2))
  # Init still looks: a pane that goes is made again.
  as_agent main "tmux -N -S $FOLDER/tmux kill-pane -t cloister:1.1"
  eventually 40 says shell as_agent main "tmux -N -S $FOLDER/tmux list-panes -s -t =cloister -F '#{@cloister_role}'"
  in_box main 'pgrep --full keep-pipes'
}
