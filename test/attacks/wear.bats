#!/usr/bin/env bats
# Wearing the box down: each way as the agent, under its whole profile, in a small container. Meanwhile the supervisor
# answers and nobody outside hears of it; afterwards the box is well again. Figures are the bench's (row `wear`); the
# bound here is only what no machine is too slow for.

load ../container/cloister

CANARY=198.51.100.66 ALLOWED=198.51.100.77
# Milliseconds.
SLOWEST=10000

setup_file() {
  start_internet
  small main
}

teardown_file() {
  remove_all
}

# small BOX [FLAG...]: the reference run with less of everything; WITHOUT leaves out what matches.
small() {
  local flags
  mapfile -t flags < <({ reference_flags; internet_flags; } | grep -v -e "${WITHOUT:-^$}" |
    sed -e '/--tmpfs=\/\(tmp\|workspace\|home\)/s/size=[0-9]*[mg]/size=64m/' -e 's/--memory=.*/--memory=1g/' -e 's/--pids-limit=.*/--pids-limit=600/')
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro" "${@:2}" \
    "${VARIANT:-$CLOISTER_IMAGE}" >/dev/null
  eventually 60 in_box "$1" '[[ -s /run/cloister/ready ]]'
}

# start_wearing BOX WAY SECONDS [ARGUMENT...]: under the agent's very profile, and waits until it is at work.
start_wearing() {
  as_agent "$1" "rm -f /tmp/worn; tmux -N -S /run/cloister/session/tmux run-shell -b \
    'timeout -s KILL 120 python3 -B /attacks/wear.py ${*:2} >/dev/shm/worn 2>&1; echo over >>/dev/shm/worn'"
}

# wear BOX WAY SECONDS [ARGUMENT...]: the slowest answer of status is in $slowest, in milliseconds.
wear() {
  local since took deadline
  start_wearing "$@"
  worn='' slowest=0 refused=0 deadline=$((SECONDS + $3))
  # Some ways come to an end sooner.
  while ((SECONDS < deadline)) && ! grep -qx over <<<"$worn"; do
    worn=$(in_box "$1" 'tail -n 1 /dev/shm/worn' 2>/dev/null) || true
    since=${EPOCHREALTIME/./}
    timeout 30 "$ENGINE" exec "$NAME-$1" cloister status --json >"$BATS_TEST_TMPDIR/status" 2>&1 || ((refused += 1))
    took=$(((${EPOCHREALTIME/./} - since) / 1000))
    ((took <= slowest)) || slowest=$took
    try_out "$1" >/dev/null 2>&1 || true
  done
  echo "$2: the slowest answer of status took $slowest ms, $refused were none"
}

# As another user than the agent's, whose processes may be used up: it is refused by the same wall.
try_out() {
  as_user "$1" 1234 "timeout 2 python3 /attacks/say.py $CANARY 443 out"
}

answered() {
  [[ $refused == 0 ]] && ((slowest < SLOWEST)) || { cat "$BATS_TEST_TMPDIR/status"; return 1; }
}

is_well() {
  local said
  said=$("$ENGINE" exec "$NAME-$1" cloister health) || true
  [[ $said == healthy ]] || { echo "$said"; return 1; }
}

recovers() {
  eventually 45 in_box "$1" '! pgrep -f [w]ear.py'
  eventually 30 is_well "$1"
  holds /canary '[.sightings[] | select(.local == "198.51.100.66")] == []'
}

said() {
  try in_box "$1" 'cat /dev/shm/worn'
}

@test "the canary hears what leaves: the wall of a box is taken away" {
  box open --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro"
  in_box open 'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT; iptables -t nat -F CLOISTER-GUARD'
  try_out open || true
  holds /canary '[.sightings[] | select(.local == "198.51.100.66")] != []'
  remove_box open
  ctl DELETE /canary
}

@test "a fork bomb: the agent has its count of processes, and operators get in" {
  wear main fork_bomb 6
  answered
  recovers main
}

@test "the same without a limit of the agent's: nobody gets in" {
  build_without nproc
  VARIANT=$NAME-without small worn
  start_wearing worn fork_bomb 12
  eventually 10 nobody_gets_in worn
  remove_box worn
}

nobody_gets_in() {
  ! timeout 20 "$ENGINE" exec "$NAME-$1" cloister status >/dev/null 2>&1
}

# The image whose prlimit leaves out what is named.
build_without() {
  "$ENGINE" build --quiet --label "cloister.test=$NAME" --tag "$NAME-without" --build-arg "IMAGE=$CLOISTER_IMAGE" \
    "$BATS_TEST_DIRNAME/fixtures/removals" >/dev/null
  printf 'FROM %s\nRUN echo %s >/etc/without\n' "$NAME-without" "$1" |
    "$ENGINE" build --quiet --label "cloister.test=$NAME" --tag "$NAME-without" - >/dev/null
}

@test "a memory bomb of many programs" {
  wear main memory_bomb 8
  answered
  recovers main
  says agent.memory "$ENGINE" logs "$NAME-main"
}

@test "a hundred busy loops" {
  wear main busy_loops 6
  answered
  recovers main
}

@test "full disks, the folder of the session's socket among them" {
  wear main full_disks 6
  answered
  in_box main 'echo x >/run/cloister/probe && rm /run/cloister/probe'
  recovers main
}

@test "empty files without end: every place counts them" {
  wear main empty_files 10
  answered
  said main
  [[ $output == *'/dev/shm: No space left on device'*'/run/cloister/session: No space left on device'* ]]
  in_box main 'echo x >/run/cloister/probe && rm /run/cloister/probe'
  recovers main
}

@test "every descriptor of two hundred processes" {
  wear main descriptors 6
  answered
  said main
  recovers main
}

@test "terminals hoarded by several processes are freed again, and an operator gets one" {
  start_wearing main terminals 12
  eventually 8 says agent.terminals "$ENGINE" logs "$NAME-main"
  eventually 8 in_box main '(($(ls /dev/pts | wc -l) < 257)) && pgrep -f [w]ear.py'
  "$ENGINE" exec "$NAME-main" script -qec 'test -t 0' /dev/null
  recovers main
}

@test "objects of System V are few, and segments go with their makers" {
  wear main system_v 5
  answered
  said main
  [[ $output == *'ready: 4 segments of 16 MB, 64 queues, 32 sets of semaphores'* ]]
  recovers main
  # Claude's own user interface has none.
  [[ $(in_box main 'ipcs -m | grep -c ^0x' || true) == 0 ]]
}

@test "what bounds objects of System V is named where the engine was not told, and there they are many" {
  WITHOUT=--sysctl=kernel small loose
  try "$ENGINE" exec "$NAME-loose" cloister status
  [[ $output == *'not bounded: System V objects: add --sysctl "kernel.shmall=16384"'* ]]
  wear loose system_v 5
  said loose
  [[ $output == *'12 segments of 16 MB, 4000 queues, 1000 sets of semaphores'* ]]
  remove_box loose
}

@test "ten thousand connections that never say what they want" {
  wear main half_open 8 "$ALLOWED"
  answered
  said main
  [[ $output == *'ready: 10000 connections'* ]]
  recovers main
}

@test "the kernel's table of connections, filled on loopback" {
  wear main connections 8
  answered
  recovers main
}

@test "a million denied names cause no packet, and the log stays small" {
  wear main names 90 1000000
  answered
  said main
  [[ $output == *'1000000 answered'* ]]
  holds /dns/log '[.[] | select(.name // "" | endswith("denied.test"))] == []'
  (($("$ENGINE" logs "$NAME-main" 2>&1 | wc -c) < 4000000))
  recovers main
}

@test "a flood of refused connections is told in few lines" {
  wear main refusals 6
  answered
  (($("$ENGINE" logs "$NAME-main" 2>&1 | wc -c) < 6000000))
  recovers main
}

@test "after all of it the supervisor and the egress process hold what they held, and no more than they may" {
  # A first round lets both grow to what their work needs; after another one they hold no more.
  one_round
  before=$(at_rest main)
  one_round
  recovers main
  now=$(at_rest main)
  echo "kilobytes before and after: $before $now"
  ((now < before + 6144 && now < 49152))
}

one_round() {
  local way
  for way in names refusals half_open; do wear main "$way" 5 "$ALLOWED"; done
}
