#!/usr/bin/env bats
# The operator's terminal, while the agent, who owns tmux's server, does with it what it likes. The receiver's canary
# is every octet that the terminal got. What each control is worth is shown by a client of tmux's without our relay.

load ../container/cloister

setup_file() {
  # Nobody outside is needed for this.
  WITHOUT='^--network=\|^--volume=\|EXTRA_CA_CERTS\|DNS_UPSTREAM\|ALLOW_PRIVATE' box main --network none \
    --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro" --volume "$BATS_TEST_DIRNAME/../container/fixtures:/fixtures:ro"
}

teardown_file() {
  remove_all
}

# What the test before did to the session the box has put right.
setup() {
  eventually 60 is_entered
}

is_entered() {
  as_agent main "tmux -N -S $SOCKET display-message -p -t cloister:1.1 '#{pane_tty}' && jq --exit-status '.unanswered == {}' /run/cloister/state.json"
}

SOCKET=/run/cloister/session/tmux
# The client alone, under the profile that the relay gives it.
BARE=(/usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --ambient-caps=-all
  --bounding-set=-all --no-new-privs -- /usr/bin/env -i HOME=/home/claude LANG=C.UTF-8 TERM=xterm-256color
  /usr/bin/tmux -N -S "$SOCKET" attach-session)

# operator SCRIPT COMMAND...: somebody at a terminal in the box, of which every octet is told; see type.py.
operator() {
  "$ENGINE" exec --interactive --env RAW=yes "$NAME-main" python3 /fixtures/type.py 90 "$@" </dev/null
}

agents_tmux() {
  as_agent main "tmux -N -S $SOCKET $1"
}

has_clients() {
  [[ $(agents_tmux list-clients | wc -l) == "$1" ]]
}

# One client, and its screen is drawn: what is sent earlier may not reach it.
is_attached() {
  [[ $(agents_tmux "list-clients -F '#{client_written}'") -gt 500 ]]
}

attached() {
  eventually 10 is_attached
}

# shown_by WAY COMMAND...: what of the hostile sequences, sent in that way, reaches the terminal of who attaches so.
# LEAVE holds what has to be done after the detach.
shown_by() {
  local way=$1 said=$BATS_TEST_TMPDIR/said operator pane status=0 word=finished-$RANDOM
  shift
  eventually 5 has_clients 0
  pane=$(agents_tmux "display-message -p -t cloister:1.1 '#{pane_tty}'")
  [[ $way != overrides ]] ||
    as_agent main "tmux -N -S $SOCKET set-option -s 'terminal-overrides[9]' \"\$(python3 /attacks/hostile.py overrides)\""
  operator 'expect cloister
    expect '$word'
    type \x02d'"${LEAVE:-}"'
    end' "$@" >"$said" &
  operator=$!
  attached
  case $way in
    passthrough) as_agent main "python3 /attacks/hostile.py passthrough >$pane" ;;
    raw) as_agent main "python3 /attacks/hostile.py raw >$pane" ;;
  esac
  as_agent main "printf '\r\n$word\r\n' >$pane"
  wait "$operator" || { status=$?; tail -c 500 "$said"; }
  "$ENGINE" exec --interactive "$NAME-main" python3 /attacks/hostile.py found <"$said"
  agents_tmux "set-option -su 'terminal-overrides[9]'"
  return "$status"
}

reach() {
  local name
  for name in "$@"; do grep -qx "$name" <<<"$output" || { echo "not there: $name"; return 1; }; done
}

QUESTIONS=('the place of the cursor' 'its version' 'its modes' 'its title' 'its colours' 'a read of the clipboard'
  'a printer' 'the scrollback erased' 'a macro' 'a reset')

@test "tmux's passthrough brings the operator's terminal nothing that it would answer or act on" {
  try shown_by passthrough cloister attach
  [[ $status == 0 && $output == control ]]
}

@test "nor does a terminal description that the agent wrote for tmux's server" {
  try shown_by overrides cloister attach
  [[ $status == 0 && $output == control ]]
}

@test "nor do sequences in a pane, which tmux itself answers" {
  try shown_by raw cloister attach
  [[ $status == 0 && $output == '' ]]
}

@test "nor by any other way in: a root login, sh, and docker exec with a terminal of its own" {
  local said=$BATS_TEST_TMPDIR/said keys=$BATS_TEST_TMPDIR/keys pane operator shell open LEAVE
  LEAVE=$'\nexpect plain root shell\ntype exit\\r'
  for shell in 'bash -l' 'sh -i'; do
    # shellcheck disable=SC2086
    try shown_by passthrough $shell
    [[ $status == 0 && $output == control ]]
  done
  pane=$(agents_tmux "display-message -p -t cloister:1.1 '#{pane_tty}'")
  mkfifo "$keys"
  script -qefc "stty rows 40 cols 150; exec $ENGINE exec --interactive --tty $NAME-main cloister attach" "$said" \
    <"$keys" >/dev/null 2>&1 &
  operator=$!
  exec {open}>"$keys"
  attached
  as_agent main "python3 /attacks/hostile.py passthrough >$pane"
  agents_tmux 'detach-client -s cloister'
  exec {open}>&-
  wait "$operator"
  try "$ENGINE" exec --interactive "$NAME-main" python3 /attacks/hostile.py found <"$said"
  [[ $output == control ]]
}

@test "without the relay the same sequences arrive: removal" {
  try shown_by passthrough "${BARE[@]}"
  reach control "${QUESTIONS[@]}"
  try shown_by overrides "${BARE[@]}"
  reach control "${QUESTIONS[@]}"
}

# obeys COMMAND...: the user as which a shell command ran that the server sent to a client attached so.
obeys() {
  local operator
  as_agent main 'rm -f /workspace/ran'
  operator 'expect cloister
    end' "${@:2}" >/dev/null &
  operator=$!
  attached
  agents_tmux "$1"
  eventually 10 as_agent main '[[ -s /workspace/ran ]]'
  [[ $1 == detach* ]] || agents_tmux 'detach-client -s cloister'
  wait "$operator" || true
  as_agent main 'cat /workspace/ran'
}
TRAPS=("detach-client -s cloister -E 'id -u >/workspace/ran'" "set-option -g lock-command 'id -u >/workspace/ran' ';' lock-server")

@test "a client that root attached runs the server's commands as the agent, never as root" {
  local trap
  for trap in "${TRAPS[@]}"; do
    try obeys "$trap" cloister attach
    [[ $output == 1000 ]]
  done
}

@test "without the relay root would run them: removal" {
  local trap
  for trap in "${TRAPS[@]}"; do
    try obeys "$trap" env TERM=xterm-256color tmux -N -S "$SOCKET" attach-session
    [[ $output == 0 ]]
  done
}

@test "the agent reaches neither the operator's terminal nor the inner one by its name" {
  local operator inner
  operator 'expect cloister
    end' cloister attach >/dev/null &
  operator=$!
  attached
  inner=$(agents_tmux "list-clients -F '#{client_tty}'")
  try as_agent main "for tty in $(in_box main 'readlink /proc/$(pgrep -f "[c]loister.mjs attach")/fd/0') $inner; do
    [[ -c \$tty ]] || echo missing; (printf x >\$tty) 2>&1 && echo \"wrote to \$tty\"; (: <\$tty) 2>&1 && echo \"opened \$tty\"; done; true"
  agents_tmux 'detach-client -s cloister'
  wait "$operator"
  [[ $output != *wrote* && $output != *opened* && $output != *missing* && $output == *'Permission denied'* ]]
}

# A hostile server takes the place of the real one, as often as the box puts that back, and in the end it comes back.
hostile_server() {
  as_agent main 'rm -f /workspace/keys'
  as_agent main "python3 /attacks/hostile.py server $SOCKET /workspace/keys" &
  server=$!
  eventually 5 as_agent main "[[ -S $SOCKET.real && ! -e $SOCKET.new ]]"
}

# A socket that the real one no longer listens at is not put over the one that it may have made meanwhile.
hostile_server_ends() {
  wait "$server" || true
  as_agent main "if timeout 5 tmux -N -S $SOCKET.real list-sessions; then mv -f $SOCKET.real $SOCKET; else rm -f $SOCKET.real; fi"
}

@test "a hostile server in place of the real one gets nothing past the relay, and no key after the detach" {
  hostile_server
  operator 'expect hostile server
    type before-detach q
    expect plain root shell
    type echo after-$((1+1))-detach\r
    expect after-2-detach
    type exit\r
    end' bash -l >"$BATS_TEST_TMPDIR/said"
  hostile_server_ends
  try "$ENGINE" exec --interactive "$NAME-main" python3 /attacks/hostile.py found <"$BATS_TEST_TMPDIR/said"
  [[ $output == control ]]
  try as_agent main 'cat /workspace/keys'
  [[ $output == *'before-detach q'*'[the terminal is gone]' && $output != *after* ]]
}

@test "without the relay a hostile server asks the terminal and reads on: removal" {
  hostile_server
  operator 'expect hostile server
    type before-detach q
    expect left
    type after-detach
    expect over' sh -c '"$@"; echo left; sleep 1; echo over; sleep 9' sh "${BARE[@]}" >"$BATS_TEST_TMPDIR/said"
  hostile_server_ends
  try "$ENGINE" exec --interactive "$NAME-main" python3 /attacks/hostile.py found <"$BATS_TEST_TMPDIR/said"
  reach control "${QUESTIONS[@]}" 'a C1 control'
  try as_agent main 'cat /workspace/keys'
  [[ $output == *'before-detach q'*after-detach* ]]
}

# writes TEXT: the agent writes it to the clipboard by tmux's passthrough, some times, for a picture that tmux is about
# to draw has it dropped, and then on the screen.
writes() {
  as_agent main "for time in {1..5}; do printf '\ePtmux;\e\e]52;c;%s\a\e\\\\' $(base64 <<<"$1"); sleep 0.2; done >$pane; echo '$1' >$pane"
}

nobody_at_the_keys() {
  in_box main "((\$(date +%s) - \$(tmux -N -S /run/cloister/session/tmux list-clients -F '#{client_activity}' | sort -n | tail -n 1) >= 6))"
}

@test "the clipboard is written while the operator is at the keys, and not in the night" {
  local said=$BATS_TEST_TMPDIR/said operator pane
  pane=$(agents_tmux "display-message -p -t cloister:1.1 '#{pane_tty}'")
  as_agent main "printf '\e[H\e[2J' >$pane; yes 'words to select' | head -n 8 >$pane"
  operator 'expect words to select
    press \x1b[<0;3;36M\x1b[<32;12;36M\x1b[<0;12;36m until by-day
    expect by-night
    end' cloister attach >"$said" &
  operator=$!
  attached
  # What was selected is on the clipboard: the operator is at the keys.
  eventually 10 says ' to ' agents_tmux show-buffer
  writes by-day
  eventually 5 says by-day agents_tmux 'capture-pane -p -t cloister:1.1'
  # Longer than the operator counts as being there.
  eventually 15 nobody_at_the_keys
  writes by-night
  agents_tmux 'detach-client -s cloister'
  wait "$operator"
  try grep -aoE $'\e\\]52;[^;]*;[A-Za-z0-9+/=]+' "$said"
  try copied "$output"
  grep -qx by-day <<<"$output"
  # What was selected is a part of the words.
  grep -qvx by-day <<<"$output"
  local text
  for text in "${lines[@]}"; do [[ $text == by-day || 'words to select' == *"$text"* ]]; done
}

# copied SEQUENCES: the texts in them.
copied() {
  local line
  while read -r line; do printf '%s\n' "$(base64 --decode <<<"${line##*;}")"; done <<<"$1"
}
