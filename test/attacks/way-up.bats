#!/usr/bin/env bats
# Ways up: from the agent's user to root, to another user, to what holds the box. Each is tried by a process of the
# session, and once more without the control that refuses it: that is the table of removals (ways-up.txt). The
# engine's own filter is switched off, so that nothing refuses but the box.

load ../container/cloister

# Nothing here needs a network, so that nothing waits for one.
OFFLINE=yes

setup_file() {
  box open --security-opt seccomp=unconfined
  "$ENGINE" run --detach --name "$NAME-bare" --label "cloister.test=$NAME" --network none --entrypoint sleep \
    --security-opt seccomp=unconfined --security-opt systempaths=unconfined --cap-add=ALL --cap-drop=SYS_RESOURCE \
    "$CLOISTER_IMAGE" 900 >/dev/null
  # A process of the agent's user, but of another domain: as a clone or an operator's client is.
  "$ENGINE" exec --detach "$NAME-open" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups sleep 900
  local landlock
  landlock=$("$ENGINE" exec "$NAME-open" cloister status --json | jq --compact-output .containment.landlock)
  "$ENGINE" run --rm --network none --volume "$ROOT:/cloister:ro" --entrypoint node "$CLOISTER_IMAGE" \
    /cloister/test/attacks/fixtures/profile.ts "$landlock" >"$BATS_FILE_TMPDIR/profile"
}

teardown_file() {
  remove_all
}

jq() {
  "$ENGINE" exec --interactive "$NAME-open" jq "$@"
}

# without CONTROL BOX PROGRAM [ARGUMENT...]: the same with one control taken away.
without() {
  local profile=() held='+net_admin,+net_raw,+sys_admin,+sys_chroot,+sys_nice,+setuid,+setgid,+mknod'
  case $1 in
  nothing) mapfile -t profile <"$BATS_FILE_TMPDIR/profile" ;;
  landlock) mapfile -t profile < <(grep -v -e ^--landlock "$BATS_FILE_TMPDIR/profile") ;;
  filter) mapfile -t profile < <(grep -v -e ^--seccomp-filter "$BATS_FILE_TMPDIR/profile") ;;
  limits) mapfile -t profile < <(grep -v -e ^--core "$BATS_FILE_TMPDIR/profile") ;;
  caps) mapfile -t profile < <(grep -v -e ^--landlock -e ^--seccomp-filter -e ^--bounding "$BATS_FILE_TMPDIR/profile" |
    sed -E "s/^--(inh|ambient)-caps=-all/--\1-caps=$held/") ;;
  egress) profile=(/usr/bin/setpriv --reuid=65053 --regid=65053 --clear-groups) ;;
  esac
  "$ENGINE" exec --interactive "$NAME-$2" "${profile[@]}" python3 - "${@:3}"
}

pids() {
  in_box open 'echo "$(pgrep -u 65053 node) $(pgrep -u 1000 -x sleep)"'
}

# rows [CONTROL]: the table's `NAME|ERROR`, of all rows or of those with this control.
rows() {
  sed -e '/^#/d' -e 's/ *| */|/g' "$BATS_TEST_DIRNAME/ways-up.txt" | awk -F'|' -v control="${1:-}" \
    'control == "" || $3 == control { print $1 "|" $2 }'
}

assert_same() {
  diff <(echo "$1") <(echo "$2") || { echo 'not the same (< is wanted)'; return 1; }
}

@test "from the session every way up is refused, and by the error of the layer that is meant to" {
  try in_session open "python3 - $(pids)" <"$BATS_TEST_DIRNAME/fixtures/way-up.py"
  assert_same "$(rows | sed 's/|/: /')" "$output"
}

@test "the session's profile is the one that the program renders" {
  # shellcheck disable=SC2046
  try without nothing open $(pids) <"$BATS_TEST_DIRNAME/fixtures/way-up.py"
  assert_same "$(rows | sed 's/|/: /')" "$output"
}

@test "without its control each of them goes through" {
  local control box row said
  for control in landlock filter limits egress root caps bare; do
    case $control in caps | bare) box=bare ;; *) box=open ;; esac
    # shellcheck disable=SC2046
    said=$(without $control $box $(pids) <"$BATS_TEST_DIRNAME/fixtures/way-up.py" 2>&1)
    [[ -n $(rows $control) ]]
    while IFS='|' read -r row _; do
      grep -qxF "$row: went through" <<<"$said" || { printf 'without %s: %s\n%s\n' $control "$row" "$said"; return 1; }
    done < <(rows $control)
  done
}

@test "the agent can write what is listed and nothing else, tried place by place" {
  try in_session open 'python3 -' <"$BATS_TEST_DIRNAME/fixtures/sweep.py"
  assert_same "$(cat "$BATS_TEST_DIRNAME/writable.txt")" "$output"
}

@test "the same where the root was writable and the box made its own rooms" {
  WITHOUT='^--\(read-only\|tmpfs\)' boot own --cap-add=SYS_ADMIN --security-opt=apparmor=unconfined
  eventually 30 in_box own '[[ -s /run/cloister/ready ]]'
  try in_session own 'python3 -' <"$BATS_TEST_DIRNAME/fixtures/sweep.py"
  assert_same "$(cat "$BATS_TEST_DIRNAME/writable.txt")" "$output"
  # There it can hide what is not the agent's as well, and root still sees all.
  says "other users' processes hidden" "$ENGINE" exec "$NAME-own" cloister status
  [[ $(in_session own 'ls -d /proc/1 /proc/self 2>/dev/null') == /proc/self ]]
  in_box own 'pgrep -u 65053 node && pgrep -u 1000 tmux'
  remove_box own
}

@test "without Landlock, file modes alone would leave more open" {
  try without landlock open --by-mode <"$BATS_TEST_DIRNAME/fixtures/sweep.py"
  grep -qx '/proc/N/mem' <<<"$output"
  grep -qx '/proc/N/oom_score_adj' <<<"$output"
  grep -qx '/dev/mqueue/\*\*' <<<"$output"
}

@test "a setuid program on a volume gives the agent nothing, and would have without no_new_privs" {
  local report='import os, sys; os.execv(sys.argv[1], [sys.argv[1], "-p", "-c", "echo $UID $EUID"])'
  in_box bare 'mkdir -p /data && cp /bin/bash /data/up && chmod 4755 /data/up'
  [[ $(without caps bare /data/up <<<"$report") == '1000 1000' ]]
  [[ $("$ENGINE" exec --interactive "$NAME-bare" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups \
    python3 - /data/up <<<"$report") == '1000 0' ]]
}

@test "links of the agent's lead root nowhere: a next boot leaves alone what they point at" {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-home" >/dev/null
  "$ENGINE" run --rm --interactive --network none --volume "$NAME-home:/home/claude" --label "cloister.test=$NAME" --entrypoint bash "$CLOISTER_IMAGE" \
    -c 'setpriv --reuid=1000 --regid=1000 --clear-groups bash -s' <"$BATS_TEST_DIRNAME/fixtures/traps.sh"
  WITHOUT=--tmpfs=/home boot trapped --volume "$NAME-home:/home/claude"
  eventually 30 in_box trapped '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-trapped"; return 1; }
  in_box trapped '[[ -z $(ls -A /run/cloister/private) && $(stat -c "%u %a" /run/cloister/state.json) == "0 644" ]]'
  in_box trapped '[[ $(stat -c "%u %h" /etc/passwd) == "0 1" ]] && ! grep -q trap /etc/passwd'
}

@test "last night's dot-files and programs are run by no root, and by nothing before the session" {
  "$ENGINE" exec "$NAME-trapped" cloister status >/dev/null
  "$ENGINE" exec "$NAME-trapped" cloister rules >/dev/null
  "$ENGINE" exec "$NAME-trapped" cloister verify --json >"$BATS_TEST_TMPDIR/verify" || true
  matches "$(cat "$BATS_TEST_TMPDIR/verify")" 'length > 8 and all(.[]; .verdict != "broken")'
  # The lower pane is the agent's own shell: that it reads the agent's files is what tells the traps work.
  eventually 10 in_box trapped 'grep -q " .bash_profile$" /tmp/trapped-1000'
  [[ $(in_box trapped 'echo /tmp/trapped*') == /tmp/trapped-1000 ]]
  local session first
  session=$("$ENGINE" exec "$NAME-trapped" cloister status --json | jq '.steps[] | select(.name == "session") | .startedAt')
  first=$(in_box trapped 'sort -n /tmp/trapped-1000 | head -n 1 | cut -d" " -f1')
  echo "session at $session, first trap at $first"
  ((first >= session))
  # Only managed hooks run, whatever the settings on the volume say.
  in_box trapped '! grep claude-hook /tmp/trapped-1000'
}

@test "root in that home would have run them" {
  in_box trapped 'export HOME=/home/claude PATH=/home/claude/.local/bin:/usr/bin; tmux -V; exec bash -lc true'
  in_box trapped 'cat /tmp/trapped-0; grep -q " .bash_profile$" /tmp/trapped-0 && grep -q " shim-tmux$" /tmp/trapped-0'
}
