#!/usr/bin/env bats
# bats file_tags=alone
# All the processes and threads that the agent may have, taken at once. The kernel counts them over the whole machine, and
# beside another box of the same user that one would start nothing either.

load cloister

setup_file() {
  start_internet
  box main
}

teardown_file() {
  remove_all
}

@test "a program that gets no thread any more: the agent hears the bound and what helps, and so does the operator" {
  local program='python3 -c "
import threading, time
for _ in range(1200): threading.Thread(target=time.sleep, args=(3,)).start()"'
  jq --null-input --arg command "$program" '{turns: [{tool_use: {name: "Bash", input: {description: "Try", command: $command}}},
    {text: "It is done."}]}' >"$BATS_TEST_TMPDIR/script"
  ctl PUT /anthropic/script "$(<"$BATS_TEST_TMPDIR/script")" >/dev/null
  in_session main 'timeout 110 claude -p "go on" </dev/null' | grep -x 'It is done.'
  heard 'got no new process or thread: all of yours together may have 1000 at once'
  eventually 10 says '"event":"agent.processes"' "$ENGINE" logs "$NAME-main"
  says 'its bound of 1000 processes and threads at once; fewer workers need fewer, AGENT_PROCESSES gives more' "$ENGINE" exec "$NAME-main" cloister log
}
