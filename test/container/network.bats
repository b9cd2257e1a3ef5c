#!/usr/bin/env bats
# What the agent reaches, and what it does not: judged by who received it. Every refusal below stands in a
# table with the control that makes it, and is shown to fall when that control is taken away from outside.

load ../attacks/rows

BOXES=main
read_rows

setup_file() {
  start_boxes --env ALLOW_DOMAINS=allowed.test,moving.test
  "$ENGINE" run --detach --init --name "$NAME-neighbour" --label "cloister.test=$NAME" --network "$NAME" \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro" --entrypoint sleep "$CLOISTER_IMAGE" 900 >/dev/null
  play_table
}

teardown_file() {
  remove_all
}

@test "while the table was run nobody was reached" {
  matches "$(<"$(record main '')")" '.canary.sightings == [] and .stray == 0 and (.canary.counters | all(. == 0))'
}

# --- What works, and how -----------------------------------------------------------------------------------

@test "the agent reaches the host of an allowed name over IPv4" {
  forget
  [[ $(as_agent main 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
  as_agent main 'gh api user --jq .login' | grep -x cloister-bot
  holds /canary '.sightings == []'
}

@test "a denied name fails at once with NXDOMAIN, and no packet leaves" {
  forget
  try as_agent main 'curl -sS --max-time 5 https://denied.test'
  [[ $status == 6 ]]
  [[ $(as_agent main 'python3 /fixtures/ask.py udp 127.0.0.53 53 deep.denied.test') == 3 ]]
  [[ $(as_agent main 'python3 /fixtures/ask.py tcp 127.0.0.53 53 deep.denied.test') == 3 ]]
  matches "$(world)" '(.dns | all(.name | endswith("denied.test") | not)) and .canary.sightings == []'
  # A flood is counted, not repeated, so the report comes a moment later.
  eventually 3 says '"via":"dns","reason":"name-not-allowed","name":"denied.test"' "$ENGINE" logs "$NAME-main"
}

@test "a denied connection fails in milliseconds, not minutes" {
  # By the firewall, and by the proxy on a port that it serves: both fail for good, neither waits.
  try as_agent main "curl -sS --max-time 5 https://198.51.100.66:4433"
  [[ $status == 7 ]]
  try as_agent main "curl -sS --max-time 5 https://198.51.100.66"
  [[ $status == 35 && $output == *'alert'* ]]
  try as_agent main "curl -sS --max-time 5 https://[2001:db8:c16::66]"
  [[ $status == 7 ]]
}

@test "the denied name answers as soon as a rule allows it" {
  forget
  box open --env ALLOW_DOMAINS=denied.test
  [[ $(as_agent open 'curl -sS --max-time 5 https://denied.test') != '' ]]
  matches "$(world)" '(.dns | any(.name == "denied.test")) and (.canary.sightings | any(.local == "198.51.100.66" and .port == 443))'
  remove_box open
}

@test "a closed port on loopback says so at once, over TCP and UDP" {
  try as_agent main 'curl -sS --max-time 5 http://127.0.0.1:9999'
  [[ $status == 7 ]]
  try as_agent main 'python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((\"127.0.0.1\", 9999)); s.send(b\"x\"); s.recv(1)"'
  [[ $output == *ConnectionRefusedError* ]]
}

@test "a query to any resolver at all is answered by the box's own" {
  forget
  local resolver
  for resolver in 8.8.8.8 198.51.100.1 127.0.0.11 127.0.0.53 203.0.113.9; do
    [[ $(as_agent main "python3 /fixtures/ask.py udp $resolver 53 allowed.test") == '0 198.51.100.77' ]]
    [[ $(as_agent main "python3 /fixtures/ask.py tcp $resolver 53 allowed.test") == '0 198.51.100.77' ]]
  done
  holds /canary '.sightings == []'
  holds /dns/log 'all(.[]; .type == "A")'
}

@test "among many clients and much that is no query each is told its own, and what is longer than a datagram may be is dropped" {
  try as_agent main 'python3 /fixtures/crowd.py 127.0.0.53 allowed.test 200'
  [[ $status == 0 && $output == $'3200 answered, 0 strange\n1232 answered\n1233 unanswered' ]]
  "$ENGINE" exec "$NAME-main" cloister status --json | jq --exit-status '.resolver.running and .resolver.restarts == 0'
}

@test "an address record of IPv6 is never told, so nobody waits for one" {
  [[ $(as_agent main 'getent ahostsv6 allowed.test; true') != *2001:db8* ]]
  try as_agent main 'getent ahosts allowed.test'
  [[ $status == 0 && $output == *198.51.100.77* ]]
}

@test "the engine's resolver is closed to the agent on every port it listens on, and open without its rule" {
  local ports port
  ports=$(in_box main 'cat /proc/net/udp /proc/net/tcp' | sed -n 's/^ *[0-9]*: 0B00007F:\([0-9A-F]*\) .*/0x\1/p')
  [[ $(wc -w <<<"$ports") == 2 ]]
  for port in $ports; do
    port=$((port))
    run ! as_agent main "python3 /fixtures/ask.py udp 127.0.0.11 $port $NAME-neighbour"
    run ! as_agent main "python3 /fixtures/ask.py tcp 127.0.0.11 $port $NAME-neighbour"
  done
  remove_control main loopback-resolver
  local answers=''
  for port in $ports; do
    port=$((port))
    answers+=$(as_agent main "python3 /fixtures/ask.py udp 127.0.0.11 $port $NAME-neighbour || python3 /fixtures/ask.py tcp 127.0.0.11 $port $NAME-neighbour" || true)
  done
  rebuild_firewall main
  [[ $answers == '0 198.51.100.'*'0 198.51.100.'* ]]
}

# --- What comes in -----------------------------------------------------------------------------------------

address_of() {
  "$ENGINE" inspect --format "{{(index .NetworkSettings.Networks \"$NAME\").IPAddress}}" "$NAME-$1"
}

# serve BOX HOW PORT: the agent's server; who came stands in /tmp/HOW-PORT.
serve() {
  as_agent "$1" "setsid python3 /fixtures/serve.py $2 $3 /tmp/$2-$3 >/dev/null 2>&1 </dev/null &"
  eventually 5 as_agent "$1" "grep listening /tmp/$2-$3"
}

# visit BOX HOW PORT: from the neighbour.
visit() {
  in_box neighbour "timeout 3 python3 /fixtures/send.py $2 $(address_of "$1") $3; true" 2>&1 | tail -n 1
}

visited() {
  as_agent "$1" "grep visitor /tmp/$2-$3"
}

@test "a neighbour reaches no server of the agent's; it does once the control is removed" {
  serve main udp 3001
  serve main tcp 3001
  visit main udp 3001
  visit main tcp 3001
  run ! visited main udp 3001
  run ! visited main tcp 3001
  as_agent main 'python3 /fixtures/send.py tcp 127.0.0.1 3001; python3 /fixtures/send.py udp 127.0.0.1 3001'
  eventually 3 visited main tcp 3001
  eventually 3 visited main udp 3001
  remove_control main input
  visit main udp 3001
  remove_control main output
  visit main tcp 3001
  try eventually 3 as_agent main 'grep "visitor 198.51.100" /tmp/udp-3001 && grep "visitor 198.51.100" /tmp/tcp-3001'
  rebuild_firewall main
  [[ $status == 0 ]]
}

@test "a published port is reached, its neighbour port is not, and nothing more goes out by it" {
  box shop --env PUBLISH_PORTS=3000 --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
  serve shop tcp 3000
  serve shop tcp 3001
  visit shop tcp 3001
  visit shop tcp 3000
  eventually 3 visited shop tcp 3000
  [[ $(in_box neighbour "timeout 3 cat </dev/tcp/$(address_of shop)/3000") == hello ]]
  run ! visited shop tcp 3001
  # The published port as the source of a connection of the agent's own opens nothing.
  forget
  try as_agent shop 'python3 -c "
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.settimeout(3); s.bind((\"198.51.100.\" + \"'"$(address_of shop | cut -d. -f4)"'\", 3000)); s.connect((\"198.51.100.66\", 443))"'
  [[ $status != 0 ]]
  holds /canary '.sightings == []'
  remove_box shop
}

# --- Names that die, move and lie --------------------------------------------------------------------------

@test "a dead name on the allowlist delays and breaks nothing" {
  ctl PUT /dns/zone/dead.test '{"drop": true}' >/dev/null
  box dead --env ALLOW_DOMAINS=dead.test,allowed.test,dead2.test
  local main dead
  main=$("$ENGINE" exec "$NAME-main" cloister status --json)
  dead=$("$ENGINE" exec "$NAME-dead" cloister status --json)
  echo "$dead"
  # Whoever waited for its answer would wait the four seconds of a query, and do so after what any boot takes.
  matches "{\"main\": $main, \"dead\": $dead}" '(.dead.readyAt - .dead.startedAt) - (.main.readyAt - .main.startedAt) < 4000'
  matches "$dead" '.firewall.unresolved | index("dead.test")'
  # allowed.test, github.com, api.anthropic.com and the registry, as in any box.
  matches "$dead" '.firewall.pins >= 4'
  [[ $(as_agent dead 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
  # It is pinned whenever it does answer.
  ctl PUT /web/hosts/dead.test >/dev/null
  ctl PUT /dns/zone/dead.test '{"a": ["198.51.100.77"]}' >/dev/null
  eventually 10 as_agent dead 'curl -sSf --max-time 5 https://dead.test'
  remove_box dead
}

@test "an allowed name that moves is followed as soon as its answer changes" {
  ctl PUT /web/hosts/moving.test >/dev/null
  ctl PUT /dns/zone/moving.test '{"a": ["198.51.100.77"], "ttl": 1}' >/dev/null
  eventually 10 as_agent main 'curl -sSf --max-time 5 https://moving.test/before'
  forget
  try as_agent main 'python3 /fixtures/send.py tcp 203.0.113.77 443'
  holds /canary '.sightings == []'
  ctl PUT /dns/zone/moving.test '{"a": ["203.0.113.77"], "ttl": 1}' >/dev/null
  eventually 15 moved
}

moved() {
  as_agent main 'curl -sSf --max-time 5 https://moving.test/after' && holds /web/log 'any(.[]; .path == "/after" and .local == "203.0.113.77")'
}

@test "an allowed name that answers with an address of the inside is refused" {
  local address
  box lured --env ALLOW_PRIVATE=198.51.100.64/26 --env ALLOW_DOMAINS=lure.test --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
  for address in 127.0.0.1 0.0.0.0 169.254.169.254 10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 198.51.100.20; do
    ctl PUT /dns/zone/lure.test "{\"a\": [\"$address\"], \"ttl\": 0}" >/dev/null
    # The answer before is kept for at most five seconds.
    eventually 10 denies lured "lure.test answers only with private or local addresses"
    run ! in_box lured "iptables-save | grep -F -- '-d $address/32 -p tcp'"
    restart_egress lured
  done
  ctl PUT /dns/zone/lure.test '{"a": ["198.51.100.77", "10.0.0.1"], "ttl": 0}' >/dev/null
  eventually 10 says '0 198.51.100.77' as_agent lured 'python3 /fixtures/ask.py udp 127.0.0.53 53 lure.test'
  remove_box lured
}

denies() {
  [[ $(as_agent "$1" 'python3 /fixtures/ask.py udp 127.0.0.53 53 lure.test') == 3 ]]
}

# A resolver that has just started has cached nothing.
restart_egress() {
  in_box "$1" 'pkill -KILL -u 65053'
  eventually 15 as_agent "$1" 'python3 /fixtures/ask.py udp 127.0.0.53 53 api.anthropic.com'
}

@test "a killed egress process is replaced, and nothing opens meanwhile" {
  forget
  in_box main 'pkill -KILL -u 65053'
  run ! as_agent main 'curl -sS --max-time 2 https://denied.test'
  eventually 15 as_agent main 'curl -sSf --max-time 2 https://allowed.test'
  holds /canary '.sightings == []'
  "$ENGINE" exec "$NAME-main" cloister status --json | jq --exit-status '.resolver.running and .resolver.restarts >= 1'
}

@test "a resolv.conf that names another resolver changes nothing" {
  echo 'nameserver 203.0.113.53' >"$BATS_FILE_TMPDIR/resolv.conf"
  box other --volume "$BATS_FILE_TMPDIR/resolv.conf:/etc/resolv.conf:ro" --env ALLOW_DOMAINS=allowed.test
  forget
  [[ $(as_agent other 'cat /etc/resolv.conf; curl -sS --max-time 5 https://allowed.test') == $'nameserver 203.0.113.53\nallowed' ]]
  run ! as_agent other 'curl -sS --max-time 5 https://denied.test'
  matches "$(world)" '(.dns | all(.name != "denied.test")) and .canary.sightings == []'
  # The removal: without redirect and firewall the same look-up leaves.
  in_box other 'iptables -t nat -D OUTPUT -j CLOISTER-DNS; iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT'
  as_agent other 'RES_OPTIONS="timeout:1 attempts:1" getent ahosts denied.test' || true
  holds /canary '.sightings | any(.transport == "udp" and .port == 53)'
  remove_box other
}

@test "a resolv.conf with IPv6 resolvers alone is refused with 77 that names --dns" {
  echo 'nameserver 2001:db8:c16::53' >"$BATS_FILE_TMPDIR/resolv6.conf"
  local flags
  mapfile -t flags < <(reference_flags; internet_flags | grep -v -e --network)
  refused "${flags[@]}" --volume "$BATS_FILE_TMPDIR/resolv6.conf:/etc/resolv.conf:ro"
  [[ $status == 77 && $output == *--dns* ]]
}

@test "addresses that nothing opens stay closed even where they are pinned, each counted, and open without their chain" {
  local address dial
  in_box main 'for each in 169.254.169.254 168.63.129.16 100.100.100.200 192.0.0.192; do nft add element ip cloister pins "{ $each . 443 }"; done'
  for removed in no yes; do
    forget
    for address in 169.254.169.254 168.63.129.16 100.100.100.200 192.0.0.192; do
      dial="setpriv --reuid=65053 --regid=65053 --clear-groups timeout 3 python3 /fixtures/send.py tcp $address 443"
      try in_box main "$dial"
      if [[ $removed == yes ]]; then
        holds /canary "any(.sightings[]; .local == \"$address\" and .port == 443)"
      else
        holds /canary '.sightings == []'
        in_box main "iptables -nvxL CLOISTER-CLOSED" | awk '$1 > 0' | grep -F "${address%.*.*}."
      fi
    done
    in_box main 'iptables -D CLOISTER-EGRESS -j CLOISTER-CLOSED || true'
  done
  rebuild_firewall main
  in_box main 'for each in 169.254.169.254 168.63.129.16 100.100.100.200 192.0.0.192; do nft delete element ip cloister pins "{ $each . 443 }"; done'
}

@test "an attack that the agent kills or stops is a sentence, and no proof" {
  local signal
  for signal in KILL TERM STOP; do
    as_agent main "until pkill -$signal -f 'mjs verify --insid[e]'; do :; done" &
    try "$ENGINE" exec "$NAME-main" cloister verify
    wait
    [[ $status == 70 && $output == 'not tried: the attack from inside '*', so it proves nothing' ]]
  done
}

@test "a firewall that does not hold is found by the box's own proof" {
  try "$ENGINE" exec "$NAME-main" cloister verify
  [[ $status == 0 ]]
  remove_control main output
  try "$ENGINE" exec "$NAME-main" cloister verify
  rebuild_firewall main
  [[ $status == 70 && $output == *broken*'IPv4'* ]]
}
