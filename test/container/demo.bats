#!/usr/bin/env bats
# bats file_tags=here
# The first command of a new user.

load cloister

setup_file() {
  if "$ENGINE" inspect cloister-demo >/dev/null 2>&1 || "$ENGINE" network inspect cloister-demo-net >/dev/null 2>&1; then
    echo 'A demo is there already: take it down with `make down`, then run these tests.' >&2
    return 1
  fi
  : >"$BATS_FILE_TMPDIR/ours"
}

# bats comes here after a refusal above as well: somebody else's demo stays.
teardown_file() {
  [[ -e $BATS_FILE_TMPDIR/ours ]] || return 0
  make --no-print-directory -C "$ROOT" down >/dev/null
}

# The pane of Claude as it is now.
screen() {
  "$ENGINE" exec --user 1000 cloister-demo tmux -N -S /run/cloister/session/tmux capture-pane -p -t cloister:1.0
}

@test "make demo ends with a box that is ready, and says how to enter it" {
  try make --no-print-directory -C "$ROOT" demo </dev/null
  [[ $status == 0 && $output == *'make attach'* && $output == *'make down'* ]]
  "$ENGINE" exec cloister-demo cloister status --json | jq --exit-status '.state == "ready" and .repository == "cloned"'
}

@test "the demo's screen is Claude's prompt" {
  eventually 30 says 'bypass permissions on' screen
}

@test "the README's five minutes: refused, told, allowed" {
  local lines_of_it=()
  mapfile -t lines_of_it < <(awk '$0 == "<!-- demo -->" { wanted = 1 } wanted && /^docker/ { sub(/ +#.*/, ""); print } wanted && /^```$/ { exit }' "$ROOT/README.md")
  [[ ${#lines_of_it[@]} == 4 ]]
  try bash -c "${lines_of_it[0]/#docker/$ENGINE}"
  [[ $status == 6 && $output == *'Could not resolve host'* ]]
  eventually 10 says 'cloister allow allowed.test' bash -c "${lines_of_it[1]/#docker/$ENGINE}"
  try bash -c "${lines_of_it[2]/#docker/$ENGINE}"
  [[ $status == 0 ]]
  try bash -c "${lines_of_it[3]/#docker/$ENGINE}"
  [[ $status == 0 && $output == allowed ]]
}

@test "stopped and started, the demo goes on with its conversation" {
  local conversation='find /home/claude/.claude/projects -name "*.jsonl" | sort'
  "$ENGINE" exec --user 1000 cloister-demo tmux -N -S /run/cloister/session/tmux send-keys -t cloister:1.0 'say hello' Enter
  eventually 30 says 'Hello from the stub' screen
  local before
  before=$("$ENGINE" exec --user 1000 cloister-demo sh -c "$conversation")
  "$ENGINE" restart cloister-demo >/dev/null
  eventually 60 says 'Hello from the stub' screen
  [[ $before && $("$ENGINE" exec --user 1000 cloister-demo sh -c "$conversation") == "$before" ]]
}

@test "make demo a second time starts anew, quickly" {
  local before
  before=$("$ENGINE" image inspect --format '{{.Id}}' "$CLOISTER_IMAGE")
  try make --no-print-directory -C "$ROOT" demo </dev/null
  [[ $status == 0 ]]
  # Nothing was built.
  [[ $("$ENGINE" image inspect --format '{{.Id}}' "$CLOISTER_IMAGE") == "$before" ]]
}

@test "make down leaves nothing" {
  try make --no-print-directory -C "$ROOT" down
  [[ $status == 0 && $output == *'cloister-demo is down'* ]]
  run ! "$ENGINE" inspect cloister-demo
  run ! "$ENGINE" inspect cloister-demo-net-internet
  run ! "$ENGINE" network inspect cloister-demo-net
  run ! "$ENGINE" volume inspect cloister-demo-claude
  try make --no-print-directory -C "$ROOT" down
  [[ $status == 0 ]]
}
