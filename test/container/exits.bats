#!/usr/bin/env bats
# What comes out of a box that runs the agent once: its exit code, its end by a signal, its last word; and what goes in:
# the operator's signals. A fixture stands in for Claude Code, and for some the real one.

load cloister

teardown_file() {
  remove_all
}

# run_once BOX [FLAG...] -- ARGUMENT...: detached, with the fixture in Claude's place.
run_once() {
  local flags own=()
  mapfile -t flags < <(reference_flags)
  while [[ $2 != -- ]]; do own+=("$2") && set -- "$1" "${@:3}"; done
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" --network none --label "cloister.test=$NAME" --env GH_PAT=none \
    --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN" --volume "$BATS_TEST_DIRNAME/fixtures/end.sh:/usr/local/lib/claude-code/claude:ro" \
    "${own[@]}" "$CLOISTER_IMAGE" "${@:3}" >/dev/null
}

# code_of WORD NUMBER: what the container ends with. Exported: several run at once.
code_of() {
  run_once "$1-$2" -- "$1" "$2"
  timeout 60 "$ENGINE" wait "$NAME-$1-$2"
  "$ENGINE" rm --force --volumes "$NAME-$1-$2" >/dev/null
}

# each WORD NUMBER...: four boxes at a time; prints NUMBER CODE lines in order.
each() {
  export -f code_of run_once reference_flags
  export BATS_TEST_DIRNAME CLOISTER_IMAGE NAME
  # shellcheck disable=SC2016
  printf '%s\n' "${@:2}" | xargs -P 4 -I{} bash -c 'echo "{} $(code_of "$0" {})"' "$1" | sort -n
}

@test "every exit code from 0 to 255 comes out as it is" {
  diff <(for code in {0..255}; do echo "$code $code"; done) <(each exit {0..255})
}

@test "every signal that ends comes out as 128 and its number, real-time signals too" {
  local ending=({1..16} {24..27} {29..31} 34 35 50 63 64)
  diff <(for number in "${ending[@]}"; do echo "$number $((128 + number))"; done) <(each signal "${ending[@]}")
}

said() {
  "$ENGINE" logs "$NAME-$1" 2>/dev/null
}

@test "signals reach the agent as they came, and its answer to SIGTERM is the container's" {
  run_once tell -- tell 42
  eventually 30 says ready said tell
  local number
  for number in 2 3; do
    # These stop the box as well: one box for each.
    run_once "tell-$number" -- tell 42
    eventually 30 says ready said "tell-$number"
    "$ENGINE" kill --signal "$number" "$NAME-tell-$number" >/dev/null
    eventually 5 says $'ready\n'"$number" said "tell-$number"
  done
  for number in 14 24 26 27 29; do
    "$ENGINE" kill --signal "$number" "$NAME-tell" >/dev/null
    eventually 5 says "$number" said tell
  done
  "$ENGINE" kill --signal USR1 "$NAME-tell" >/dev/null
  "$ENGINE" kill --signal HUP "$NAME-tell" >/dev/null
  [[ $("$ENGINE" inspect --format '{{.State.Running}}' "$NAME-tell") == true ]]
  "$ENGINE" kill --signal TERM "$NAME-tell" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-tell") == 42 ]]
  matches "$("$ENGINE" logs "$NAME-tell" 2>&1 >/dev/null | tail -n 1)" '.event == "box.stopped" and .code == 42 and .whose == "agent"'
}

@test "signals and exit codes are the same behind the engine's init" {
  run_once inner --init -- tell 43
  eventually 30 says ready said inner
  "$ENGINE" kill --signal ALRM "$NAME-inner" >/dev/null
  eventually 5 says 14 said inner
  "$ENGINE" kill --signal TERM "$NAME-inner" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-inner") == 43 ]]
  run_once dead --init -- signal 34
  [[ $(timeout 60 "$ENGINE" wait "$NAME-dead") == 162 ]]
}

@test "an agent that does not listen is killed after its grace, and at once when asked twice" {
  run_once deaf -- tell 0
  eventually 30 says ready said deaf
  # SIGINT is told and changes nothing; the second one hurries.
  "$ENGINE" kill --signal INT "$NAME-deaf" >/dev/null
  eventually 5 says 2 said deaf
  "$ENGINE" kill --signal INT "$NAME-deaf" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-deaf") == 137 ]]
  was_hurried deaf
}

@test "a program the agent left behind with its output does not keep the box, and the last word is there" {
  run_once left -- leave
  [[ $(timeout 60 "$ENGINE" wait "$NAME-left") == 5 ]]
  [[ $(said left) == 'the last word' ]]
}

@test "the agent starts with no signal blocked or ignored" {
  run_once mask -- blocked
  [[ $(timeout 60 "$ENGINE" wait "$NAME-mask") == 0 ]]
  unmasked mask
}

@test "nor with one that the engine itself ignores and hands down" {
  run_once deafened --entrypoint bash -- -c "trap '' HUP INT 34 35 64; exec cloister init blocked"
  [[ $(timeout 60 "$ENGINE" wait "$NAME-deafened") == 0 ]]
  unmasked deafened
}

unmasked() {
  diff <(printf 'SigBlk: %016d\nSigIgn: %016d\n' 0 0) <(said "$1" | tr -s '\t' ' ')
}

@test "the real Claude Code: its own code for a wrong option and for none, 143 where SIGTERM ended it" {
  local flags real=(--network none --label "cloister.test=$NAME" --env GH_PAT=none --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN")
  mapfile -t flags < <(reference_flags)
  try "$ENGINE" run --rm "${flags[@]}" "${real[@]}" "$CLOISTER_IMAGE" --no-such-option
  [[ $status == 1 ]]
  try "$ENGINE" run --rm "${flags[@]}" "${real[@]}" "$CLOISTER_IMAGE" --version
  [[ $status == 0 ]]
  "$ENGINE" run --detach --name "$NAME-real" "${flags[@]}" "${real[@]}" "$CLOISTER_IMAGE" -p hello >/dev/null
  eventually 30 in_box real 'pgrep -x -u 1000 claude'
  eventually 5 says boot.ready "$ENGINE" logs "$NAME-real"
  "$ENGINE" kill --signal TERM "$NAME-real" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-real") == 143 ]]
}
