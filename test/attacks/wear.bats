#!/usr/bin/env bats
# bats file_tags=alone
# Wearing the box down: each way as the agent, under its whole profile, in a small container. Meanwhile the supervisor
# answers and nobody outside hears of it; afterwards the box is well again. Below them the same ways in a box without
# what holds them: that is the table of removals. Figures are the bench's (row `wear`); the bound here is only what no
# machine is too slow for.

load ../container/cloister
load without

CANARY=198.51.100.66 ALLOWED=198.51.100.77
# Milliseconds.
SLOWEST=25000

setup_file() {
  start_internet
  small main
  build_loose
  # Its bounds of places and of System V are gone as well, and the names are on its list.
  WITHOUT='--sysctl=kernel\|--tmpfs=/run/cloister/session\|--tmpfs=/dev/shm' VARIANT=$NAME-loose small loose \
    --env 'ALLOW_DOMAINS=*.denied.test'
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-loose" "$NAME-without" >/dev/null 2>&1 || true
}

build_loose() {
  "$ENGINE" build --quiet --label "cloister.test=$NAME" --tag "$NAME-without" --build-arg "IMAGE=$CLOISTER_IMAGE" \
    "$BATS_TEST_DIRNAME/fixtures/removals" >/dev/null
  build_without "$NAME-edited" "$NAME-without" wear
  printf 'FROM %s\nRUN echo nproc nofile niceness ration >/etc/without\n' "$NAME-edited" |
    "$ENGINE" build --quiet --label "cloister.test=$NAME" --tag "$NAME-loose" - >/dev/null
}

# small BOX [FLAG...]: the reference run with less of everything; WITHOUT leaves out what matches.
small() {
  local flags
  mapfile -t flags < <({ reference_flags; internet_flags; } | grep -v -e "${WITHOUT:-^$}" |
    sed -e '/--tmpfs=\/\(tmp\|workspace\|home\)/{s/size=[0-9]*[mg]/size=64m/;s/nr_inodes=[0-9]*/nr_inodes=65536/}' -e '/cloister\/scratch/s/size=[0-9]*m/size=16m/' -e 's/--memory=.*/--memory=1g/' -e 's/--pids-limit=.*/--pids-limit=600/')
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro" "${@:2}" \
    "${VARIANT:-$CLOISTER_IMAGE}" >/dev/null
  eventually 60 in_box "$1" '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-$1"; return 1; }
}

# start_wearing BOX WAY SECONDS [ARGUMENT...]: under the agent's very profile.
start_wearing() {
  as_agent "$1" "rm -f /dev/shm/worn; tmux -N -S /run/cloister/session/tmux run-shell -b \
    'HOLD=$3 timeout -s KILL $(($3 + 90)) python3 -B /attacks/wear.py ${*:2} >/dev/shm/worn 2>&1; echo over >>/dev/shm/worn'"
}

at_work() {
  eventually 60 in_box "$1" 'grep ^ready /dev/shm/worn || { cat /dev/shm/worn; false; }'
}

# wear BOX WAY SECONDS [ARGUMENT...]: the slowest answer of status is in $slowest, in milliseconds. What $MEANWHILE
# says has to be so once the way has taken all it gets.
wear() {
  start_wearing "$@"
  at_work "$1"
  ${MEANWHILE:-true} "$1"
  watch_status "$@"
}

# watch_status BOX WAY SECONDS, or until it is over.
watch_status() {
  local since took deadline
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

# As another user than the agent's, whose processes may be used up: it is refused by the same firewall.
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

is_over() {
  eventually 60 in_box "$1" '! pgrep -f [w]ear.py'
}

recovers() {
  is_over "$1"
  within 30 is_well "$1"
  holds /canary '[.sightings[] | select(.local == "198.51.100.66")] == []'
}

said() {
  try in_box "$1" 'cat /dev/shm/worn'
}

# Bytes the box has logged.
logged() {
  "$ENGINE" logs "$NAME-$1" 2>&1 | wc -c
}

@test "the canary hears what leaves: the firewall of a box is taken away" {
  box open --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro"
  in_box open 'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT; iptables -t nat -F CLOISTER-PROXY'
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

@test "a memory bomb of many programs ends none of the box's own" {
  local own
  own=$(in_box main 'pgrep -u 65053 node')
  wear main memory_bomb 8
  answered
  recovers main
  says agent.memory "$ENGINE" logs "$NAME-main"
  [[ $(in_box main 'pgrep -u 65053 node') == "$own" ]]
}

@test "a hundred busy loops" {
  wear main busy_loops 6
  answered
  recovers main
}

# Root's program has its room there: for more than the one file that may have gone just now.
room_is_left() {
  in_box "$1" '(for n in {1..20}; do echo x >/run/cloister/probe-$n || exit; done)
    left=$?; rm -f /run/cloister/probe-*; exit $left'
}

@test "full disks, the folder of the session's socket among them" {
  MEANWHILE=room_is_left wear main full_disks 4
  answered
  recovers main
}

@test "empty files without end: every place counts them" {
  MEANWHILE=room_is_left wear main empty_files 5
  answered
  said main
  [[ $output == *'/dev/shm: No space left on device'*'/run/cloister/session: No space left on device'* ]]
  recovers main
}

# Files that one process of a box may have open: see docs/operations.md. A small box's agent has 472 processes.
fair_share() {
  local share
  share=$(($(in_box "$1" 'cat /proc/sys/fs/file-max') / 2 / 472))
  echo $((share < 4096 ? 4096 : share > 65536 ? 65536 : share))
}

@test "every descriptor of two hundred processes" {
  wear main descriptors 4
  answered
  said main
  [[ $output =~ ready:\ ([0-9]+)\ here,\ ([0-9]+)\ in\ 200\ others ]]
  ((BASH_REMATCH[1] <= $(fair_share main) && BASH_REMATCH[2] >= 200 * 900))
  recovers main
}

few_terminals() {
  in_box "$1" '(($(ls /dev/pts | wc -l) < 257)) && pgrep -f [w]ear.py'
}

@test "terminals hoarded by several processes are freed again, and an operator gets one" {
  start_wearing main terminals 30
  within 30 says agent.terminals "$ENGINE" logs "$NAME-main"
  within 30 few_terminals main
  "$ENGINE" exec "$NAME-main" script -qec 'test -t 0' /dev/null
  in_box main 'pkill -KILL -f [w]ear.py'
  recovers main
}

# hoard_for_a_moment BOX: more terminals than may be, until somebody looks for whose they are.
hoard_for_a_moment() {
  as_agent "$1" "exec python3 -B -c '
import os, glob
def looked_for():
    for path in glob.glob(\"/proc/[0-9]*/comm\"):
        try:
            if open(path).read() == \"find\\n\": return True
        except OSError: pass
held = [os.open(\"/dev/ptmx\", os.O_RDWR | os.O_NOCTTY) for _ in range(400)]
while not looked_for(): pass'"
}

@test "terminals given back while their hoarder is looked for end nobody who is left, the session's server least" {
  local server
  server=$(in_box main 'pgrep -x "tmux: server"')
  # There is much to look through before it.
  start_wearing main descriptors 20 40
  at_work main
  for _ in {1..3}; do hoard_for_a_moment main; done
  in_box main 'pkill -KILL -f [w]ear.py'
  recovers main
  [[ $(in_box main 'pgrep -x "tmux: server"') == "$server" ]]
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

# Connections that the proxy has accepted: the sockets are those of its user.
accepted() {
  in_box "$1" 'awk "\$4 == \"01\" && \$8 == 65053" /proc/net/tcp | wc -l'
}

accepted_more_than() {
  local count
  count=$(accepted "$1")
  echo "$count connections"
  ((count > $2))
}

@test "ten thousand connections that never say what they want" {
  local count
  start_wearing main half_open 10 "$ALLOWED"
  eventually 30 accepted_more_than main 3900
  watch_status main half_open 4
  answered
  count=$(accepted main)
  echo "$count at most"
  ((count <= 4200))
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
  local before
  before=$(logged main)
  wear main names 300 1000000
  answered
  said main
  [[ $output == *'1000000 answered'* ]]
  holds /dns/log '[.[] | select(.name // "" | endswith("denied.test"))] == []'
  (($(logged main) - before < 4000000))
  recovers main
}

@test "a flood of refused connections is told in few lines" {
  local before
  before=$(logged main)
  wear main refusals 6
  answered
  (($(logged main) - before < 1000000))
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
  wear main names 5
  wear main refusals 5
  wear main half_open 5 "$ALLOWED"
}

# --- Without what holds them -------------------------------------------------------------------------------

no_room_is_left() {
  ! room_is_left "$1"
}

@test "without a folder of its own for the session's socket, full disks leave root's program no room: removal" {
  says '/run/cloister/session: give it a small tmpfs of its own' "$ENGINE" exec "$NAME-loose" cloister status
  start_wearing loose full_disks 3
  at_work loose
  no_room_is_left loose
  is_over loose
}

@test "without a count of their own there are more empty files, and none for root's program: removal" {
  says 'empty files in /dev/shm: give it a tmpfs with nr_inodes' "$ENGINE" exec "$NAME-loose" cloister status
  start_wearing loose empty_files 5 20000
  at_work loose
  said loose
  no_room_is_left loose
  [[ $output =~ /dev/shm:\ ([0-9]+)\ files ]]
  ((BASH_REMATCH[1] > 4096))
  is_over loose
}

@test "without the limit of files one process has all that the engine grants: removal" {
  local granted
  granted=$(in_box loose 'ulimit -Hn')
  start_wearing loose descriptors 1 0 66000
  at_work loose
  said loose
  [[ $output =~ ready:\ ([0-9]+)\ here ]]
  ((BASH_REMATCH[1] >= (granted < 66000 ? granted : 66000) - 50))
  is_over loose
}

@test "without the supervisor's look terminals stay hoarded: removal" {
  # Some hundreds: the machine has some thousands for everybody.
  start_wearing loose terminals 4 50
  is_over loose
  said loose
  [[ $output =~ ([0-9]+)\ left ]]
  ((BASH_REMATCH[1] >= 400))
  run ! says agent.terminals "$ENGINE" logs "$NAME-loose"
}

@test "what bounds objects of System V is named where the engine was not told, and there they are many: removal" {
  says 'not bounded: System V objects: add --sysctl "kernel.shmall=16384"' "$ENGINE" exec "$NAME-loose" cloister status
  start_wearing loose system_v 1
  at_work loose
  said loose
  [[ $output == *'12 segments of 16 MB, 4000 queues, 1000 sets of semaphores'* ]]
  is_over loose
}

@test "without its limits the proxy holds more of ten thousand connections: removal" {
  start_wearing loose half_open 60 "$ALLOWED"
  eventually 60 accepted_more_than loose 5000
  in_box loose 'pkill -KILL -f [w]ear.py'
}

has_logged() {
  local bytes
  bytes=$(logged "$1")
  echo "$bytes bytes"
  ((bytes > $2))
}

@test "a name that is on the list is asked for upstream, and without a ration all of them are logged: removal" {
  local before
  before=$(logged loose)
  ctl DELETE /dns/log >/dev/null
  start_wearing loose names 60 100000
  eventually 90 has_logged loose $((before + 4000000))
  holds /dns/log 'any(.[]; .name // "" | endswith("denied.test"))'
  is_over loose
}

@test "without a ration, in the firewall and in the supervisor, every refused connection is logged: removal" {
  local before
  before=$(logged loose)
  # As much as is told, not as long as it takes: a busy machine refuses fewer in a second.
  start_wearing loose refusals 100
  eventually 25 has_logged loose $((before + 3000000))
  in_box loose 'pkill -KILL -f [w]ear.py'
}

@test "what keeps all that it was told grows beyond what it may, and stays so: removal" {
  local now
  # Longer than they need to give back what they need no more.
  for _ in {1..5}; do
    now=$(anonymous loose)
    echo "$now kilobytes"
    ((now > 49152))
    sleep 3
  done
}

# share BOX: thousandths of a processor that root's program gets beside a hundred loops of the agent's on the same one.
share() {
  start_wearing "$1" busy_loops 60 100 together
  at_work "$1"
  in_box "$1" 'python3 /attacks/share.py 2'
  in_box "$1" 'pkill -KILL -f [w]ear.py'
}

@test "without their low priority a hundred busy loops leave root's program next to nothing: removal" {
  local low usual
  low=$(share main)
  usual=$(share loose)
  echo "thousandths of a processor: $low beside them, $usual without their low priority"
  ((low > 3 * usual))
}

nobody_gets_in() {
  ! timeout 20 "$ENGINE" exec "$NAME-$1" cloister status >/dev/null 2>&1
}

@test "without a limit of the agent's own a fork bomb lets nobody in: removal" {
  "$ENGINE" exec "$NAME-loose" cloister status >/dev/null
  start_wearing loose fork_bomb 20
  eventually 20 nobody_gets_in loose
  remove_box loose
}

# Init, with which the box ends, or the egress process: by SIGKILL, which nobody but the kernel sends them.
one_of_the_own_ended() {
  [[ $("$ENGINE" inspect --format '{{.State.Running}} {{.State.ExitCode}}' "$NAME-$1") == 'false 137' ]] ||
    says '"event":"child.ended","child":"egress","code":137' "$ENGINE" logs "$NAME-$1"
}

# Either alone still spares the box: so the supervisor's look, the score and the Landlock that keeps it are gone.
@test "without the supervisor's look, and with a score like any other, a memory bomb ends the box's own: removal" {
  VARIANT=$NAME-loose small worn --memory-swap=1g
  "$ENGINE" exec --detach "$NAME-worn" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs \
    python3 -B /attacks/wear.py memory_bomb 60 150 8
  eventually 60 one_of_the_own_ended worn
  remove_box worn
}
