#!/usr/bin/env bats
# The real Claude Code in its pane: whatever ends it, the same conversation goes on; and an end that comes again and
# again is told, not repeated for ever.

load cloister

setup_file() {
  start_internet
  ctl PUT /anthropic/script '{"turns": [{"text": "The first answer."}], "afterwards": "One more answer."}' >/dev/null
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-memory" >/dev/null
  box main "${REPOSITORY[@]}" --env "CLAUDE_PROMPT=the very first prompt" --volume "$NAME-memory:/home/claude/.claude"
  eventually 30 says 'The first answer.' screen main
}

teardown_file() {
  remove_all
}

REPOSITORY=(--env REPO_URL=https://github.com/cloister-demo/hello)

# The conversation the pane goes on with, as its note says.
conversation() {
  as_agent "$1" 'cut -d" " -f1 /home/claude/.claude/cloister/conversation-*'
}

claude_of() {
  in_box "$1" 'pgrep -x -u 1000 claude'
}

# The screen is Claude's again, with what was said before.
goes_on() {
  says 'bypass permissions on' screen "$1" && says 'the very first prompt' screen "$1" && says 'The first answer.' screen "$1"
}

# Told since the log of the API was emptied: never the first prompt again.
prompts() {
  ctl GET /anthropic/log | jq '[.[] | select(.kind == "conversation" and .prompt == "the very first prompt")] | length'
}

@test "Claude killed goes on in the same conversation where it was cut off, is counted, and its prompt is not given again" {
  local before id
  id=$(conversation main) before=$(claude_of main)
  [[ $(prompts) == 1 ]]
  in_box main 'kill -KILL $(pgrep -x -u 1000 claude)'
  eventually 20 goes_on main
  [[ $(claude_of main) != "$before" && $(conversation main) == "$id" ]]
  says 'Claude ended with code 137. It starts again' as_agent main 'tmux -N -S /run/cloister/session/tmux capture-pane -p -S - -t cloister:1.0'
  eventually 10 eval 'matches "$(status_of main)" ".children.agent.restarts == 1 and .children.agent.lastCode == 137 and (.children.agent.failing | not)"'
  "$ENGINE" logs "$NAME-main" 2>&1 | grep '"event":"agent.restarted"'
  [[ $(prompts) == 1 ]]
  eventually 20 told_to_go_on
}

told_to_go_on() {
  holds /anthropic/log 'any(.kind == "conversation" and (.prompt // "" | test("ended with code 137 .* Go on")))'
}

@test "it really is the same conversation: the model is told of all that was said" {
  type_in main 'a second question'
  eventually 20 says 'One more answer.' screen main
  [[ $(prompts) == 1 ]]
}

@test "left by /exit it starts again, and says so" {
  local before
  before=$(claude_of main)
  type_in main /exit
  eventually 20 eval '[[ $(claude_of main) != "'"$before"'" ]]'
  eventually 20 goes_on main
  says 'Claude was left. It starts again' as_agent main 'tmux -N -S /run/cloister/session/tmux capture-pane -p -S - -t cloister:1.0'
}

@test "a tmux server that was killed, and a session, come back with the conversation" {
  local id
  id=$(conversation main)
  in_box main 'kill -KILL $(pgrep -x "tmux: server")'
  eventually 20 goes_on main
  as_agent main 'tmux -N -S /run/cloister/session/tmux kill-session -t cloister'
  eventually 20 goes_on main
  [[ $(conversation main) == "$id" ]]
}

@test "a pane that was killed, Claude's or the shell's, is made again where it was" {
  local panes="tmux -N -S /run/cloister/session/tmux list-panes -t cloister -F '#{@cloister_role} #{pane_at_top}'"
  in_box main 'kill -KILL $(pgrep -u 1000 -f "^/bin/bash -l$|^-?bash -l$" | head -n 1)'
  eventually 15 layout "$panes"
  in_box main 'kill -KILL $(pgrep -u 1000 -f libexec/cloister/agent)'
  eventually 15 layout "$panes"
  eventually 20 goes_on main
}

layout() {
  local said
  said=$(as_agent main "$1")
  [[ $said == $'agent 1\nshell 0' ]] || { echo "$said"; return 1; }
}

@test "stopped and started, and made anew on its volume, it goes on in the same conversation with no prompt" {
  local id
  id=$(conversation main)
  "$ENGINE" restart --time 30 "$NAME-main" >/dev/null
  eventually 60 in_box main '[[ -s /run/cloister/ready ]]'
  eventually 30 goes_on main
  [[ $(conversation main) == "$id" ]]
  box main "${REPOSITORY[@]}" --env "CLAUDE_PROMPT=the very first prompt" --volume "$NAME-memory:/home/claude/.claude"
  eventually 30 goes_on main
  [[ $(conversation main) == "$id" && $(prompts) == 1 ]]
}

@test "after /clear it is the new conversation that goes on, killed or made anew" {
  local id
  id=$(conversation main)
  type_in main /clear
  eventually 20 eval '[[ $(conversation main) != "'"$id"'" ]]'
  id=$(conversation main)
  type_in main 'said after the clearing'
  eventually 20 says 'The first answer.' screen main
  in_box main 'kill -KILL $(pgrep -x -u 1000 claude)'
  eventually 20 says 'said after the clearing' screen main
  [[ $(conversation main) == "$id" ]]
  run ! says 'the very first prompt' screen main
}

@test "a Claude that the agent starts for itself does not become the pane's conversation" {
  local id
  id=$(conversation main)
  as_agent main 'cd /workspace/repo && timeout 30 claude -p "an aside" </dev/null'
  [[ $(conversation main) == "$id" ]]
}

@test "another repository on the same volume is another conversation, with its prompt" {
  ctl PUT /github/repos/cloister-demo/other '{"isPrivate": false, "files": {"README.md": "other"}}' >/dev/null
  box other --env REPO_URL=https://github.com/cloister-demo/other --env "CLAUDE_PROMPT=the prompt of other work" \
    --volume "$NAME-memory:/home/claude/.claude"
  eventually 30 says 'the prompt of other work' screen other
  run ! says 'said after the clearing' screen other
  remove_box other
}

@test "an agent that ends again and again stays down: on the screen, in the log, in status and in health" {
  box loop "${REPOSITORY[@]}"
  eventually 30 says 'bypass permissions on' screen loop
  # Each end within seconds of its start.
  in_box loop 'for i in {1..200}; do pkill -KILL -x -u 1000 claude; sleep 0.1; done' &
  eventually 60 says 'and stays down' screen loop
  wait $!
  [[ -z $(in_box loop 'pgrep -x -u 1000 claude || true') ]]
  says 'Enter starts it again' screen loop
  eventually 10 says '"event":"agent.failing"' "$ENGINE" logs "$NAME-loop"
  matches "$(status_of loop)" '.children.agent.failing and .children.agent.lastCode == 137'
  matches "$("$ENGINE" exec "$NAME-loop" cloister health --json)" \
    '.status == "degraded" and (.reasons | any(test("the agent is not running.*stays down")))'
  as_agent loop 'tmux -N -S /run/cloister/session/tmux send-keys -t cloister:1.0 Enter'
  eventually 20 says 'bypass permissions on' screen loop
  eventually 10 eval 'matches "$("$ENGINE" exec "$NAME-loop" cloister health --json)" ".status == \"healthy\""'
  remove_box loop
}
