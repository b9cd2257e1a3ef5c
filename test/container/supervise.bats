#!/usr/bin/env bats
# Life after the boot: orphans are collected, children come back, and the box is closed while they are gone.

load cloister

setup_file() {
  start_internet
  box main --env ALLOW_DOMAINS=allowed.test
}

teardown_file() {
  remove_all
}

no_zombies() {
  [[ $(in_box main 'ps -eo stat= | grep -c ^Z || true') == 0 ]]
}

@test "a thousand orphans leave no zombie, and no child of init's own is lost" {
  as_agent main 'for i in {1..1000}; do (sleep "0.0$((RANDOM % 10))" &); done'
  eventually 30 no_zombies
  is_status main '.resolver.restarts == 0 and .session.restarts == 0'
}

@test "the killed resolver is back at once, and nobody can take its place meanwhile" {
  as_agent main 'getent hosts allowed.test'
  in_box main 'kill -9 $(pgrep -u egress)'
  try as_agent main 'python3 -c "import socket
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    socket.socket(socket.AF_INET, kind).bind((\"127.0.0.53\", 53))"'
  [[ $status != 0 ]]
  eventually 3 is_status main '.resolver.running and .resolver.restarts == 1'
  as_agent main 'getent hosts allowed.test && curl -sS https://allowed.test'
}

@test "a session the agent killed with everything else of its own comes back" {
  as_agent main 'kill -9 -1' || true
  eventually 5 is_status main '.session.running and .session.restarts >= 1'
  eventually 20 says 'bypass permissions on' screen main
}

@test "signals that mean nothing to init change nothing" {
  in_box main 'kill -USR1 1; kill -USR2 1; kill -HUP 1'
  is_status main '.state == "ready"'
  [[ -z $(in_box main 'ss -Hltnp 2>/dev/null | grep 9229 || true') ]]
}
