#!/usr/bin/env bats
# Processes whose parent ended: all are collected, and no end of a child of init's own is ever lost. As PID 1, behind
# the engine's init, and behind a PID 1 that collects nobody.

load cloister

setup_file() {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-source" >/dev/null
  "$ENGINE" run --rm --label "cloister.test=$NAME" --network none --volume "$NAME-source:/source" --volume "$ROOT:/root-of-us:ro" \
    --entrypoint sh "$CLOISTER_IMAGE" -c 'mkdir -p /source/test/container && cp -R /root-of-us/src /source/ &&
    cp -R /root-of-us/test/container/fixtures /source/test/container/ &&
    cp /root-of-us/package.json /source/ && cp /usr/local/lib/cloister/*.node /source/src/host/'
}

teardown_file() {
  remove_all
}

ORPHANS=(/usr/local/bin/node /source/test/container/fixtures/orphans.ts)
CARELESS=(/usr/bin/python3 /source/test/container/fixtures/careless.py)

# with_orphans [FLAG...] -- COMMAND...
with_orphans() {
  local flags=()
  while [[ $1 != -- ]]; do flags+=("$1") && shift; done
  try timeout 300 "$ENGINE" run --rm --label "cloister.test=$NAME" --network none --volume "$NAME-source:/source:ro" "${flags[@]}" \
    --entrypoint "$2" "$CLOISTER_IMAGE" "${@:3}"
  [[ $status == 0 ]]
  matches "$output" '.ended == 6000 and .wrong == [] and .zombies == 0 and .parent == .pid'
}

@test "6000 children with orphans while the event loop is busy, as PID 1: no exit lost, no zombie a second later" {
  with_orphans -- "${ORPHANS[@]}"
  matches "$output" '.pid == 1'
}

@test "the same behind the engine's init" {
  with_orphans --init -- "${ORPHANS[@]}"
  matches "$output" '.pid > 1'
}

@test "the same behind a PID 1 that collects nobody" {
  with_orphans -- "${CARELESS[@]}" "${ORPHANS[@]}"
  matches "$output" '.pid > 1'
}

# stand BOX [FLAG...]: boots it with no network at all; ENTRY replaces the entrypoint's words.
stand() {
  local flags
  mapfile -t flags < <(reference_flags)
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" --network none --label "cloister.test=$NAME" --env GH_PAT=none \
    --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN" --volume "$NAME-source:/source:ro" "${@:2}" >/dev/null
  eventually 60 in_box "$1" '[[ -s /run/cloister/ready ]]'
}

zombies() {
  in_box "$1" 'ps -eo stat=,ppid=,comm= | grep ^Z || true'
}

has_no_zombies() {
  [[ -z $(zombies "$1") ]]
}

# leave_orphans BOX: six thousand of the agent's, in its session, and a hundred of somebody at a root shell.
leave_orphans() {
  in_session "$1" 'for i in {1..6000}; do (sleep "0.0$((RANDOM % 10))" &); ((i % 200)) || sleep 0.05; done'
  "$ENGINE" exec "$NAME-$1" bash -c 'for i in {1..100}; do (sleep 0.2 &); done'
}

nothing_restarted() {
  is_status "$1" '.state == "ready" and all(.children[]; .restarts == 0 and .lastCode == null)'
}

@test "6000 orphans of the agent's and a hundred of docker exec leave no zombie and end no child: PID 1" {
  stand first "$CLOISTER_IMAGE"
  leave_orphans first
  eventually 2 has_no_zombies first
  nothing_restarted first
  remove_box first
}

@test "6000 orphans of the agent's and a hundred of docker exec leave no zombie: behind the engine's init" {
  stand second --init "$CLOISTER_IMAGE"
  leave_orphans second
  eventually 2 has_no_zombies second
  nothing_restarted second
  remove_box second
}

@test "the agent's orphans are init's also behind a PID 1 that collects nobody" {
  stand third --entrypoint "${CARELESS[0]}" "$CLOISTER_IMAGE" "${CARELESS[1]}" cloister init
  in_session third 'for i in {1..6000}; do (sleep "0.0$((RANDOM % 10))" &); ((i % 200)) || sleep 0.05; done'
  eventually 2 has_no_zombies third
  nothing_restarted third
  "$ENGINE" stop --time 30 "$NAME-third" >/dev/null
  [[ $("$ENGINE" wait "$NAME-third") == 143 ]]
  remove_box third
}
