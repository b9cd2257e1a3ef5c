# Loaded by every file here: one fake internet a file, boxes beside it, and nothing left of either.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

ENGINE=${ENGINE:-docker}
CLOISTER_IMAGE=${CLOISTER_IMAGE:-cloister:dev}
ROOT=$(cd "${BATS_TEST_DIRNAME:-.}/../.." && pwd)
# bats loads this anew for every test: the name has to come out the same each time.
NAME=${BATS_RUN_TMPDIR##*-}
NAME=cloister-$(basename "${BATS_TEST_FILENAME:-x}" .bats)-${NAME,,}
export ENGINE CLOISTER_IMAGE ROOT
PATIENCE=4

# No other text of a test or of the image holds these, so wherever they show, a secret leaked.
CLAUDE_TOKEN=sk-ant-oat01-kept-from-every-eye
NET_GH_PAT=ghp_fake_token_for_tests
export CLAUDE_TOKEN NET_GH_PAT

# Another test network may hold the addresses for a moment: the wait for them is bounded.
start_internet() {
  local line said attempt
  for attempt in {1..300}; do
    if said=$("$ROOT/test/internet/up" "$NAME" --image "$CLOISTER_IMAGE" --folder "$BATS_FILE_TMPDIR" \
      --subnet4 198.51.100.0/25 --subnet6 2001:db8:c16::/64 "$@" 2>&1); then
      while read -r line; do [[ $line != *=* ]] || export "NET_${line?}"; done <<<"$said"
      return 0
    fi
    [[ $said == *overlaps* ]] || break
    ((attempt == 300)) || sleep 0.2
  done
  echo "$said" >&2
  return 1
}

# Removes every box and volume of this file, then the internet; also after a failure half way.
remove_all() {
  local ids
  ids=$("$ENGINE" ps --all --quiet --filter "label=cloister.test=$NAME")
  # shellcheck disable=SC2086
  [[ -z $ids ]] || "$ENGINE" rm --force --volumes $ids >/dev/null
  "$ROOT/test/internet/down" "$NAME" >/dev/null 2>&1 || true
  ids=$("$ENGINE" volume ls --quiet --filter "label=cloister.test=$NAME")
  # shellcheck disable=SC2086
  [[ -z $ids ]] || "$ENGINE" volume rm --force $ids >/dev/null
}

# What a box needs to live on the fake internet; OFFLINE=yes is a file's that needs none, so that nothing waits for one.
internet_flags() {
  if [[ ${OFFLINE:-} ]]; then
    printf '%s\n' "--label=cloister.test=$NAME" --network=none --env=DNS_UPSTREAM=198.51.100.53 \
      "--env=GH_PAT=$NET_GH_PAT" "--env=CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN"
    return
  fi
  printf '%s\n' "--label=cloister.test=$NAME" "--network=$NAME" "--volume=$NET_CA:/certs/ca.pem:ro" \
    --env=EXTRA_CA_CERTS=/certs/ca.pem "--env=DNS_UPSTREAM=$NET_DNS" --env=ALLOW_PRIVATE=198.51.100.0/24 \
    "--env=GH_PAT=$NET_GH_PAT" "--env=CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN"
}

# box BOX [FLAG...]: boots it with the reference flags and waits until it is ready. WITHOUT=PATTERN leaves
# out what it has from the fake internet.
box() {
  local flags
  mapfile -t flags < <(internet_flags | grep -v -e "${WITHOUT:-^$}")
  "$ROOT/scripts/run" "$NAME-$1" "${flags[@]}" "${@:2}"
}

# boot BOX [FLAG...]: the same without waiting; here WITHOUT may leave out a reference flag as well.
boot() {
  local flags
  mapfile -t flags < <({ reference_flags; internet_flags; } | grep -v -e "${WITHOUT:-^$}")
  "$ENGINE" rm --force "$NAME-$1" >/dev/null 2>&1 || true
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" "${@:2}" "$CLOISTER_IMAGE" >/dev/null
}

remove_box() {
  "$ENGINE" rm --force --volumes "$NAME-$1" >/dev/null
}

# refused [FLAG...]: runs a box that is expected to stop by itself, on no network; its log is $output.
refused() {
  try timeout 120 "$ENGINE" run --rm --label "cloister.test=$NAME" --network "${REFUSED_NETWORK:-none}" "$@" \
    "$CLOISTER_IMAGE"
}

reference_flags() {
  cat "$ROOT/scripts/flags"
}

# in_box BOX COMMAND: a shell command as root with all the capabilities the engine gives.
in_box() {
  "$ENGINE" exec --interactive "$NAME-$1" timeout 60 bash -c "$2"
}

# as_agent BOX COMMAND: a shell command as the agent's user, without our seccomp filter and Landlock: what the firewall has
# to hold alone. in_session has the whole profile.
as_agent() {
  as_user "$1" 1000 "$2"
}

as_user() {
  "$ENGINE" exec --interactive "$NAME-$1" /usr/bin/setpriv "--reuid=$2" "--regid=$2" --clear-groups --inh-caps=-all \
    --ambient-caps=-all --bounding-set=-all --no-new-privs -- /usr/bin/env -i HOME=/home/claude USER=claude \
    PATH=/home/claude/.local/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 timeout 60 bash -c "$3"
}

# in_session BOX COMMAND: a shell command that the box's own tmux server runs: under the agent's very profile, with
# the agent's environment. Stdin is handed on.
in_session() {
  local place=/tmp/in-session-$BATS_TEST_NUMBER-$RANDOM
  timeout 150 "$ENGINE" exec --interactive "$NAME-$1" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups sh -c '
    cat >"$1.in" && printf "%s\n" "$2" >"$1.sh" &&
    tmux -N -S /run/cloister/session/tmux run-shell "timeout 120 bash $1.sh <$1.in >$1.out 2>&1; echo \$? >$1.status" &&
    cat "$1.out" && exit "$(cat "$1.status")"' - "$place" "$2"
}

# What the upper pane (0, Claude) or the lower one (1, the shell) shows.
screen() {
  as_agent "$1" "tmux -N -S /run/cloister/session/tmux capture-pane -p -t cloister:1.${2:-0}"
}

status_of() {
  "$ENGINE" exec "$NAME-$1" cloister status --json
}

# is_status BOX EXPRESSION: jq's expression is true of it.
is_status() {
  matches "$(status_of "$1")" "$2"
}

log_of() {
  "$ENGINE" logs "$NAME-$1" 2>&1
}

# was_hurried BOX: by its own log, no grace of five seconds was waited for between the last signal and the end.
was_hurried() {
  matches "$(log_of "$1" | grep -e '"event":"signal.received"' -e '"event":"box.stopped"' | jq --slurp .)" '.[-1].time - .[-2].time < 5000'
}

# rescue_events BOX EXPRESSION: jq's expression is true of the list of the rescue's events.
rescue_events() {
  matches "$(log_of "$1" | grep '"event":"rescue' | jq --slurp .)" "$2"
}

# heard TEXT: the model was given this text.
heard() {
  ctl GET /anthropic/log | jq --exit-status --arg text "$1" 'any(.[]; .heard // "" | contains($text))' >/dev/null ||
    { echo "never heard: $1"; ctl GET /anthropic/log | jq -r '.[].heard // empty' | tail -c 3000; return 1; }
}

# What arrived at the box's own receivers: jq's expression is true of it.
matches_received() {
  matches "$(ctl GET /received)" "$1"
}

# type_in BOX TEXT: an operator types it to Claude. Enter comes once it is drawn: what comes at once is taken for pasted.
type_in() {
  as_agent "$1" "tmux -N -S /run/cloister/session/tmux send-keys -l -t cloister:1.0 '$2'"
  eventually 10 says "${2:0:40}" screen "$1"
  as_agent "$1" 'tmux -N -S /run/cloister/session/tmux send-keys -t cloister:1.0 Enter'
}

# lives BOX SECONDS FLAG-OF-PGREP...: there is such a process, and all of them have lived so long.
lives() {
  in_box "$1" "pids=\$(pgrep -d, ${*:3}) && ps -o etimes= -p \$pids | awk '\$1 < $2 { young = 1 } END { exit young }'"
}

ctl() {
  "$ROOT/test/internet/ctl" "$NAME" "$@"
}

# The machine may have no jq: the image has.
jq() {
  if [[ -n $(type -P jq) ]]; then command jq "$@"; else "$ENGINE" exec --interactive "$NAME-internet" jq "$@"; fi
}

# holds PATH EXPRESSION: jq's expression is true of what the control API answers.
holds() {
  matches "$(ctl GET "$1")" "$2" || { echo "$1 is not so"; return 1; }
}

matches() {
  jq --exit-status "$2" <<<"$1" >/dev/null || { printf 'not so: %s\nin: %.4000s\n' "$2" "$1"; return 1; }
}

# at_rest BOX: kilobytes of anonymous memory that init and the egress process hold, once that has hardly changed for some
# looks: they give back what they need no more when they have been quiet for some ten seconds.
at_rest() {
  local last=0 now=0 same=0
  for _ in {1..20}; do
    now=$(anonymous "$1")
    same=$((now - last < 512 && last - now < 512 ? same + 1 : 0))
    ((same < 4)) || break
    last=$now
    sleep 5
  done
  echo "$now"
}

anonymous() {
  in_box "$1" 'cat /proc/1/status /proc/$(pgrep -o -u 65053 node)/status | awk "/^RssAnon/ { sum += \$2 } END { print sum }"'
}

# try COMMAND...: stimulus, status and output are all shown if the test fails.
try() {
  run "$@"
  # shellcheck disable=SC2154  # of run
  printf '> %s\n%s\n= %s\n' "$*" "$output" "$status"
}

# eventually SECONDS COMMAND...: until it succeeds; its last words are shown if it never does. The seconds are those of a
# machine that does nothing else: no claim, so a busy one gets more.
eventually() {
  local deadline=$((SECONDS + ${PATIENCE:-4} * $1)) said pause=0.1
  until said=$("${@:2}" 2>&1); do
    if ((SECONDS >= deadline)); then
      printf 'never within %s s: %s\n%s\n' "$((${PATIENCE:-4} * $1))" "${*:2}" "$said"
      return 1
    fi
    sleep $pause
    # A look is a program of the engine's: many of them keep a box from what is waited for.
    pause=0.3
  done
}

# within SECONDS COMMAND...: the same where a control is what is waited for: that it has not acted is a judgement, and no
# second look is taken at it (see scripts/choose-second-looks.ts).
within() {
  eventually "$@"
}

# says TEXT COMMAND...: the command's output holds the text.
says() {
  local said
  said=$("${@:2}" 2>&1) || true
  [[ $said == *"$1"* ]] || { printf 'no "%s" in: %s\n' "$1" "$said"; return 1; }
}

# assert_tmpfs MOUNTINFO POINT OPTIONS-OF-THE-MOUNT OPTIONS-OF-THE-FILESYSTEM
assert_tmpfs() {
  local line
  line=$(grep " $2 " <<<"$1")
  echo "$line"
  [[ $line == *" $2 $3 "* ]]
  [[ $line =~ \ -\ tmpfs\ tmpfs\ rw, ]]
  local option
  for option in ${4//,/ }; do [[ ,${line##* }, == *",$option,"* ]] || { echo "no $option"; return 1; }; done
}
