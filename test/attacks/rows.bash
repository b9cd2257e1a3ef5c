# Loaded by the files whose attacks stand in a table. Every row is run in two boxes: `main` is on a network of the
# engine's with its resolver on 127.0.0.11 and with IPv6, `bare` has an interface put in by hand, and neither. All
# rows run once with every control in place, and once more with theirs removed; what the world then saw is kept,
# and a test for each row looks at both.
#
# The table stands beside the file, as FILE.txt, a line each; # begins a comment. A row:
#   title · user · what it runs · what the world has seen if it got out · controls · boxes (all if none)
# All rows of the same controls are run at once: what is seen has to be of this one alone. $MARK is a word of it, $HIGH
# the high port of the engine's resolver. What is seen is an expression of jq, or a word for one:
#   asked    the upstream was sent the mark          sighted   the canary was
#   browsed  a web server got a request for it       wired     a web server got it somehow
# shellcheck shell=bash

load ../container/cloister

export CANARY=198.51.100.66 ALLOWED=198.51.100.77 UPSTREAM=198.51.100.53 GATEWAY=198.51.100.1 BARE=198.51.100.90
export CANARY6=2001:db8:c16::66 ALLOWED6=2001:db8:c16::77 UPSTREAM6=2001:db8:c16::53
BOXES='main bare'

# start_boxes [FLAG...]: those of $BOXES, with a fake internet.
start_boxes() {
  start_internet --ipv6
  local box flags=(--volume "$ROOT/test/attacks/fixtures:/attacks:ro" --volume "$ROOT/test/container/fixtures:/fixtures:ro" "$@")
  box main --dns "$NET_DNS" "${flags[@]}"
  [[ $BOXES != *bare* ]] || start_bare "${flags[@]}"
  for box in $BOXES; do
    in_box "$box" 'iptables-save' >"$BATS_FILE_TMPDIR/$box-rules4"
    in_box "$box" 'ip6tables-save' >"$BATS_FILE_TMPDIR/$box-rules6"
  done
  watch_strays
}

# What no counter of the fake internet knows: the group addresses, and 127/8 on the wire.
watch_strays() {
  in_box internet 'for range in 127.0.0.0/8 224.0.0.0/4; do
    iptables -t raw -I PREROUTING -i eth0 -d $range -m comment --comment stray; done'
}

start_bare() {
  local flags
  "$ENGINE" run --detach --init --name "$NAME-wire" --label "cloister.test=$NAME" --network none --entrypoint sleep \
    "$CLOISTER_IMAGE" 900 >/dev/null
  "$ROOT/test/internet/plug" "$NAME" "$NAME-wire" "$BARE"
  echo "nameserver $NET_DNS" >"$BATS_FILE_TMPDIR/resolv.conf"
  mapfile -t flags < <(internet_flags | grep -v -e --network)
  "$ROOT/scripts/run" "$NAME-bare" "${flags[@]}" --network "container:$NAME-wire" \
    --volume "$BATS_FILE_TMPDIR/resolv.conf:/etc/resolv.conf:ro" "$@"
}

# Taken away as root of the box, who has the engine's NET_ADMIN: the product itself has no switch.
remove_control() {
  case $2 in
  output) in_box "$1" 'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT' ;;
  input) in_box "$1" 'iptables -P INPUT ACCEPT; iptables -D INPUT -j CLOISTER-INPUT' ;;
  redirect) in_box "$1" 'iptables -t nat -D OUTPUT -j CLOISTER-DNS' ;;
  proxy) in_box "$1" 'iptables -t nat -F CLOISTER-PROXY' ;;
  leak) in_box "$1" 'iptables -t mangle -D POSTROUTING -j CLOISTER-LEAK' ;;
  output6) in_box "$1" 'ip6tables -P OUTPUT ACCEPT; ip6tables -D OUTPUT -j CLOISTER-OUTPUT' ;;
  loopback-resolver) in_box "$1" 'iptables -D CLOISTER-AGENT -d 127.0.0.11/32 -j CLOISTER-REFUSE' ;;
  input6) in_box "$1" 'ip6tables -P INPUT ACCEPT; ip6tables -D INPUT -j CLOISTER-INPUT' ;;
  esac
}

rebuild_firewall() {
  in_box "$1" 'iptables-restore' <"$BATS_FILE_TMPDIR/$1-rules4"
  in_box "$1" 'ip6tables-restore' <"$BATS_FILE_TMPDIR/$1-rules6"
}

# --- Running the table -------------------------------------------------------------------------------------

# Every row in every box, with its controls and then without them.
play_table() {
  local box set sets
  for box in $BOXES; do
    forget
    play "$box" ''
    world >"$(record "$box" '')"
    mapfile -t sets < <(for_each_row echo_controls "$box" | sort -u)
    for set in "${sets[@]}"; do play_without "$box" "$set"; done
  done
}

# Nobody waits for an attempt's own time limit once all has been seen: what is left of it meets the firewall.
play_without() {
  local control player
  for control in $2; do remove_control "$1" "$control"; done
  forget
  play "$1" "$2" &
  player=$!
  try eventually 25 all_seen "$1" "$2" "$player"
  rebuild_firewall "$1"
}

# play BOX CONTROLS: the rows that have these controls, or all of them, each user's some at a time.
play() {
  local who
  for who in 1000 0 1234 65053; do
    as_user "$1" "$who" "$(prelude; for_each_row render_attempt "$1" "$2" "$who"; echo wait)" \
      >"$(record "$1" "$2").$who.said" 2>&1 || true &
  done
  wait
}

prelude() {
  cat <<'END'
for fixture in hello say query many-names every-port; do
  eval "$fixture() { timeout 25 python3 /attacks/$fixture.py \"\$@\"; }"
done
for fixture in ask send; do eval "$fixture() { timeout 10 python3 /fixtures/$fixture.py \"\$@\"; }"; done
cd /tmp
attempts=0
END
}

# render_attempt BOX CONTROLS USER, of the row in the fields
render_attempt() {
  [[ $user == "$3" && (-z $2 || $2 == "$controls") ]] || return 0
  printf '{ said=$(%s) 2>&1; echo "%s: $said"; } </dev/null & ((++attempts %% 40)) || wait\n' "$command" "$mark $title"
}

echo_controls() {
  echo "$controls"
}

# all_seen BOX CONTROLS PLAYER: every row has been seen, or the player is through and none will be any more.
all_seen() {
  local record is_over=no
  record=$(record "$1" "$2")
  kill -0 "$3" 2>/dev/null || is_over=yes
  world >"$record"
  jq --exit-status "$(for_each_row render_sight "$1" "$2") true" "$record" >/dev/null || [[ $is_over == yes ]]
}

render_sight() {
  [[ $controls != "$2" ]] || echo "($seen) and"
}

# for_each_row FUNCTION BOX [ARGUMENT...]: with the fields of each row of that box. What they print is what they do:
# bats looks at every command of a shell but this one, and it would take a second each time.
for_each_row() (
  trap - DEBUG
  for row in "${!rows[@]}"; do
    parse_row "$row"
    [[ $boxes != *"$2"* ]] || "$1" "${@:2}"
  done
)

# Fields go to $title, $user, $command, $seen, $controls, $boxes and $mark.
parse_row() {
  # Long enough for no random octets to hold it.
  local name digit MARK=z${1}qmark HEXMARK=7a HIGH
  # A digit's octet is 3 and the digit.
  for ((digit = 0; digit < ${#1}; digit++)); do HEXMARK+=3${1:digit:1}; done
  HEXMARK+=716d61726b
  IFS=· read -r title user command seen controls boxes <<<"${rows[$1]}"
  boxes=${boxes:-$BOXES} mark=$MARK
  case $seen in
  asked) seen='.dns | any(.hex | contains("$HEXMARK"))' ;;
  sighted) seen='.canary.sightings | any(.hex // "" | contains("$HEXMARK"))' ;;
  browsed) seen='.web | any(.path | contains("$MARK"))' ;;
  wired) seen='.wire | any(.text | contains("$MARK"))' ;;
  esac
  HIGH=$(sed -n 's/.*-p udp.*--to-destination 127.0.0.11:\([0-9]*\)$/\1/p' "$BATS_FILE_TMPDIR/main-rules4")
  for name in HEXMARK MARK CANARY6 ALLOWED6 UPSTREAM6 CANARY ALLOWED UPSTREAM GATEWAY HIGH; do
    command=${command//\$$name/${!name}} seen=${seen//\$$name/${!name}}
  done
}

# record BOX CONTROLS: where it is kept what the world saw.
record() {
  echo "$BATS_FILE_TMPDIR/$1-${2// /-}.world"
}

# --- One test a row ----------------------------------------------------------------------------------------

# read_rows: into $rows, and a test for each.
read_rows() {
  mapfile -t rows < <(grep -v -e '^#' -e '^$' "${BATS_TEST_FILENAME%.bats}.txt")
  ((${#rows[@]} > 0))
  register_rows
}

register_rows() {
  local row
  for row in "${!rows[@]}"; do
    bats_test_function --description "${rows[$row]%%·*} reaches nobody; it does once its control is removed" -- judge_row "$row"
  done
}

judge_row() {
  local box
  parse_row "$1"
  for box in $boxes; do
    # What the attempt said, which shows that it was made; cut short, once all had arrived, it may have said nothing.
    grep -h "^$mark " "$(record "$box" '').$user.said"
    grep -h "^$mark " "$(record "$box" "$controls").$user.said" || true
    matches "$(<"$(record "$box" '')")" "($seen) == false"
    arrived "$(record "$box" "$controls")" "$seen"
  done
}

# arrived RECORD SEEN: the same attempt, once nothing holds it back. Where it does not come, a loaded machine had no time for it: that
# is the stage's failure, and says nothing of the control.
arrived() {
  matches "$(<"$1")" "$2"
}

# Everything the other side has seen since it was told to forget. One call, for there are many.
world() {
  in_box internet 'asked() { curl -sS --max-time 10 --unix-socket /run/internet/control.sock "http://internet$1"; }
    printf "{\"canary\": %s, \"dns\": %s, \"web\": %s, \"wire\": %s, \"stray\": %s}" "$(asked /canary)" \
      "$(asked /dns/log)" "$(asked /web/log)" "$(asked /web/wire)" \
      "$(iptables-save -c -t raw | sed -n "s/^\[\([0-9]*\):.*stray.*/\1/p" | jq -s add)"'
}

forget() {
  in_box internet 'for log in canary dns/log web/log web/wire; do
      curl -sS --max-time 10 --unix-socket /run/internet/control.sock --request DELETE "http://internet/$log"
    done >/dev/null
    iptables -t raw -Z PREROUTING'
}

# --- Names that are taken away -----------------------------------------------------------------------------

# deny BOX RULE: $denied_at is when the box has said that it is.
deny() {
  try "$ENGINE" exec "$NAME-$1" cloister deny "$2"
  denied_at=$EPOCHREALTIME
  [[ $status == 0 ]]
}

# all_cut_soon BOX COUNT: what hold.py holds, within a second of the last word to deny it.
all_cut_soon() {
  within 5 as_agent "$1" "[[ \$(cat /tmp/held-* | grep -c cut) == $2 ]]"
  try as_agent "$1" "cat /tmp/held-* | awk '/cut/ { print \$2 - $denied_at; if (\$2 - $denied_at > 1) late = 1 } END { exit late }'"
  [[ $status == 0 ]]
}
