#!/usr/bin/env bats
# How a box ends before its time: a signal in each step of the boot, a second one, an error that nobody catches. A
# variant of the image hangs where it is told to.

load cloister

setup_file() {
  "$ENGINE" build --quiet --tag "$NAME-variant" - >/dev/null <<END
FROM $CLOISTER_IMAGE
RUN for program in /usr/bin/prlimit /usr/sbin/iptables-nft-restore /usr/bin/true; do \
    mv \$program \$program.real && \
    printf '%s\n' '#!/bin/bash' 'if [[ -s /etc/hang && "\$0 \$*" == *"\$(cat /etc/hang)"* ]]; then exec sleep 31415; fi' \
      'exec -a "\$0" "\$0.real" "\$@"' >\$program && chmod 755 \$program; done && \
  sed -i '1i process.on("SIGUSR2", () => void setTimeout(() => { throw new Error("planted"); })); \
    process.on("SIGWINCH", () => void Promise.reject(new Error("planted")));' /usr/local/lib/cloister/cloister.mjs
END
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-variant" >/dev/null 2>&1 || true
}

# stand BOX HANG [FLAG...]: boots the variant, which hangs at what HANG names; nothing hangs where it is empty.
OUTER=()
stand() {
  local flags
  mapfile -t flags < <(reference_flags)
  printf %s "$2" >"$BATS_TEST_TMPDIR/hang-$1"
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" --network none --label "cloister.test=$NAME" --env GH_PAT=none \
    --env REPO_URL=https://allowed.test/any/repository --env ALLOW_DOMAINS=allowed.test --env DNS_UPSTREAM=198.51.100.53 \
    --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN" --volume "$BATS_TEST_TMPDIR/hang-$1:/etc/hang:ro" "${@:3}" \
    "$NAME-variant" "${OUTER[@]}" >/dev/null
}

hangs() {
  in_box "$1" 'pgrep -x sleep'
}

# ends_with BOX CODE: soon, and by itself.
ends_with() {
  local code
  code=$(timeout 60 "$ENGINE" wait "$NAME-$1") || { log_of "$1"; return 1; }
  [[ $code == "$2" ]] || { echo "$code is not $2"; log_of "$1"; return 1; }
}

# The step, or those of which the first speaks for all, and what hangs in it. The others do nothing that could: the boot's contract stops those.
STEPS=('firewall iptables-nft-restore' 'mounts /usr/bin/true' 'agent,resolver mjs egress' 'resolver,agent mjs provision-home'
  'repository,pins,self-test mjs verify' 'pins,self-test,repository git clone' 'session new-session')

# stop_in_each SIGNAL CODE [FLAG...]
stop_in_each() {
  local entry step box
  for entry in "${STEPS[@]}"; do
    step=${entry%% *} box=$1-${step##*,}
    box=${box,,}
    stand "$box" "${entry#* }" "${@:3}"
    eventually 30 hangs "$box"
    "$ENGINE" kill --signal "$1" "$NAME-$box" >/dev/null
    ends_with "$box" "$2"
    matches "$(log_of "$box" | grep '"boot.failed"')" "([.step] | inside(\"$step\" | split(\",\"))) and (.message | contains(\"stopped by SIG$1\"))"
    run ! grep boot.ready <(log_of "$box")
    remove_box "$box"
  done
}

@test "SIGTERM in every step of the boot that can wait ends it at once, with 143, named and undone" {
  stop_in_each TERM 143
}

@test "SIGINT in every step of the boot that can wait ends it at once, with 130" {
  stop_in_each INT 130
}

@test "SIGTERM in every step, behind the engine's init" {
  stop_in_each TERM 143 --init
}

@test "SIGTERM in the step that resolves the list" {
  stand firewall ''
  eventually 20 says '"step":"resolver"' log_of firewall
  "$ENGINE" kill --signal TERM "$NAME-firewall" >/dev/null
  ends_with firewall 143
  remove_box firewall
}

@test "SIGTERM at twenty moments of the boot, and none is lost but where a program begins" {
  local moment before after
  for moment in 0.{15..95..5} 1.{00..20..10}; do
    stand moment ''
    sleep "$moment"
    before=$(now)
    "$ENGINE" kill --signal TERM "$NAME-moment" >/dev/null
    after=$(now)
    eventually 10 eval "hears moment || was_deaf moment $before $after"
    hears moment || "$ENGINE" kill --signal TERM "$NAME-moment" >/dev/null
    ends_with moment 143
    remove_box moment
  done
}

hears() {
  says '"event":"signal.received"' log_of "$1"
}

# Milliseconds since 1970, as in the log.
now() {
  echo $((${EPOCHREALTIME/./} / 1000))
}

# was_deaf BOX FROM TO: the signal came, in that time, while Node had no handler yet: at the start, or as init replaced
# itself. To PID 1 alone the kernel then drops it; who stops a container sends another, or kills.
was_deaf() {
  local log settings mounts drop
  log=$(log_of "$1")
  settings=$(time_of settings <<<"$log") mounts=$(time_of mounts <<<"$log") drop=$(time_of drop-privileges <<<"$log")
  (($2 < settings || (mounts <= $3 && $2 <= drop))) || { echo "lost between $2 and $3"; echo "$log"; return 1; }
}

time_of() {
  sed -n "s/.*\"time\":\([0-9]*\),\"event\":\"boot.step\",\"step\":\"$1\".*/\1/p" | head -n 1
}

ready() {
  in_box "$1" '[[ -s /run/cloister/ready ]]'
}

@test "SIGQUIT and SIGPWR stop a box in order; what means nothing to it neither ends nor halts it" {
  local signal
  for signal in QUIT PWR; do
    stand other ''
    eventually 30 ready other
    for nothing in USR1 ALRM VTALRM PROF XCPU IO STKFLT TSTP CONT HUP PIPE; do
      "$ENGINE" kill --signal "$nothing" "$NAME-other" >/dev/null
    done
    matches "$("$ENGINE" exec "$NAME-other" cloister health --json)" '.status != "unhealthy"'
    "$ENGINE" kill --signal "$signal" "$NAME-other" >/dev/null
    ends_with other $((128 + $(kill -l "$signal")))
    matches "$(log_of other | tail -n 1)" '.event == "box.stopped"'
    remove_box other
  done
}

@test "the same signals behind the engine's init, where the kernel would end or halt us" {
  stand other '' --init
  eventually 30 ready other
  for nothing in USR1 ALRM VTALRM PROF XCPU IO STKFLT TSTP CONT HUP PIPE; do
    "$ENGINE" kill --signal "$nothing" "$NAME-other" >/dev/null
  done
  matches "$("$ENGINE" exec "$NAME-other" cloister health --json)" '.status != "unhealthy"'
  "$ENGINE" kill --signal TERM "$NAME-other" >/dev/null
  ends_with other 143
  remove_box other
}

@test "a session that does not end is given its grace, and none when asked twice" {
  stand stuck ''
  eventually 30 ready stuck
  in_box stuck 'pkill -STOP -x "tmux: server"'
  "$ENGINE" kill --signal TERM "$NAME-stuck" >/dev/null
  eventually 5 says '"signal":"SIGTERM"' log_of stuck
  [[ $("$ENGINE" inspect --format '{{.State.Running}}' "$NAME-stuck") == true ]]
  "$ENGINE" kill --signal TERM "$NAME-stuck" >/dev/null
  ends_with stuck 143
  was_hurried stuck
  remove_box stuck
}

# planted BOX SIGNAL: the error ends the box in order, with 70.
planted() {
  "$ENGINE" kill --signal "$2" "$NAME-$1" >/dev/null
  ends_with "$1" 70
  matches "$(log_of "$1" | grep '"init.fault"')" '.level == "fatal" and .reason == "planted"'
}

@test "an error that nobody catches, and a promise that nobody minds, stop the box in order with 70" {
  local signal
  for signal in USR2 WINCH; do
    stand faulty ''
    eventually 30 ready faulty
    planted faulty "$signal"
    matches "$(log_of faulty | tail -n 1)" '.event == "box.stopped" and .code == 70 and .whose == "init"'
    remove_box faulty
  done
}

@test "an error that nobody catches stops a boot half way, undone, with 70" {
  stand faulty 'mjs provision-home'
  eventually 30 hangs faulty
  planted faulty USR2
  matches "$(log_of faulty | grep '"boot.failed"')" '.step == "agent" and .code == 70'
  remove_box faulty
}

@test "where init is not the last process it leaves nobody behind, and the firewall stands" {
  # shellcheck disable=SC2016
  OUTER=(-c 'cloister init; echo "ended with $?"; exec sleep 1000')
  stand outer '' --entrypoint sh
  eventually 30 ready outer
  # A child of the agent's that has left its session.
  in_session outer 'setsid sleep 2000 >/dev/null 2>&1 &'
  in_box outer 'kill -USR2 "$(pgrep -f "[i]nit-resumed")"'
  eventually 15 says 'ended with 70' log_of outer
  # The dead that nobody has collected yet are no longer there to do anything.
  eventually 5 eval '[[ -z $(in_box outer "pgrep -r D,R,S,T -u 65053,65054,1000 || true") ]]'
  in_box outer 'iptables -S OUTPUT | grep -x -e "-P OUTPUT DROP" && iptables -S OUTPUT | grep -q CLOISTER-OUTPUT'
  remove_box outer
}
