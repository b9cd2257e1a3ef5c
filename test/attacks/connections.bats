#!/usr/bin/env bats
# Ways to reach an address that no allowed name has, or to speak to an allowed one under another name. See rows.bash
# for how the table is run.
#
# Of the part «Name, address, TLS» of the attacks, network.bats already has: UDP 443 and another port of an allowed
# address, MPTCP, UDP-Lite, pings, a socket bound to the outer interface, IPv6 to the canary and to an allowed
# name's address, other users, neighbours and published ports. syscalls.bats has the families of sockets.

load rows

read_rows

setup_file() {
  start_boxes --env 'ALLOW_DOMAINS=allowed.test,allowed.test:80,*.wild.test,other.test:8443,api.anthropic.com:80,hides.test ech'
  ctl PUT /dns/zone/hides.test "{\"a\": [\"$ALLOWED\"]}" >/dev/null
  ctl PUT /web/hosts/hides.test >/dev/null
  play_table
}

teardown_file() {
  remove_all
}

# --- What works, and what was seen meanwhile ---------------------------------------------------------------

@test "an allowed name is reached by every way the attacks take, however its ClientHello and its request arrive" {
  local box how
  for box in $BOXES; do
    [[ $(as_agent "$box" 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
    [[ $(as_agent "$box" 'curl -sS --max-time 5 http://allowed.test') == allowed ]]
    for how in '' slowly records; do
      # 22 is a record of the handshake: the server's hello.
      [[ $(as_agent "$box" "python3 /attacks/hello.py $ALLOWED 443 mark allowed.test $how") == 'record 22' ]]
    done
    [[ $(as_agent "$box" "python3 /attacks/hello.py $ALLOWED 443 mark any.wild.test") == 'record 22' ]]
    [[ $(as_agent "$box" "python3 /attacks/hello.py $ALLOWED 443 mark hides.test ech") == 'record 22' ]]
  done
}

@test "a proven name leads to its own address in whatever spelling, and wherever it was dialled" {
  forget
  local box name
  for box in $BOXES; do
    for name in allowed.test ALLOWED.TEST allowed.test. Any.Wild.Test; do
      [[ $(as_agent "$box" "python3 /attacks/hello.py $CANARY 443 here-$box-$name $name") == 'record 22' ]]
      matches "$(world)" ".wire | any(.local == \"$ALLOWED\" and (.text | contains(\"here-$box-$name\")))"
    done
    as_agent "$box" "python3 /attacks/say.py $CANARY 80 'GET http://ALLOWED.test/spelled-$box HTTP/1.1\r\nHost: Allowed.TEST.\r\n\r\n'"
    holds /web/log "any(.[]; .path == \"/spelled-$box\" and .host == \"allowed.test\" and .local == \"$ALLOWED\")"
  done
  matches "$(world)" ".wire | all(.local == \"$ALLOWED\")"
  holds /canary '.sightings | all(.transport == "tls-name")'
}

@test "every request of an open HTTP connection is judged by itself, and the allowed ones before it arrived" {
  local box
  for box in $BOXES; do
    matches "$(<"$(record "$box" '')")" '[.web[] | select(.path | startswith("/first-"))] | length == 1'
    try as_agent "$box" "python3 /attacks/say.py $ALLOWED 80 'GET /one HTTP/1.1\r\nHost: allowed.test\r\n\r\n' \
      'GET /two HTTP/1.1\r\nHost: denied.test\r\n\r\n' 'GET /three HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n'"
    [[ $(grep -c 'HTTP/1.1 200' <<<"$output") == 2 && $(grep -c 'HTTP/1.1 403' <<<"$output") == 1 ]]
    [[ $output == *'"name":"denied.test"'*'cloister allow denied.test:80'* ]]
  done
}

@test "while the table was run nobody else was reached, and no byte of a request but for an allowed host" {
  local box
  for box in $BOXES; do
    matches "$(<"$(record "$box" '')")" '.canary.sightings == [] and .stray == 0 and (.canary.counters | all(. == 0))'
    matches "$(<"$(record "$box" '')")" '.web | all(.local != "198.51.100.77" or .host == "allowed.test")'
    # Claude itself is up, and speaks to its own hosts.
    matches "$(<"$(record "$box" '')")" '.wire | all((.text | test("denied|evil") | not) and (.local | IN("198.51.100.77", "198.51.100.20", "198.51.100.30")))'
  done
}

@test "a client that never speaks, or never to the end, is told so within eleven seconds" {
  as_agent main "python3 /attacks/hello.py $ALLOWED 443 mark allowed.test never >/tmp/never & 
    python3 /attacks/hello.py $ALLOWED 443 mark allowed.test half >/tmp/half &
    timeout 11.5 python3 -c 'import socket; c = socket.create_connection((\"$ALLOWED\", 80)); c.send(b\"GET / HTTP/1.1\"); print(c.recv(99))' >/tmp/head & wait"
  try as_agent main 'cat /tmp/never /tmp/half /tmp/head'
  [[ $output == 'alert 80'$'\n''alert 80'$'\n'*'408 Request Timeout'* ]]
}

# --- What comes in -----------------------------------------------------------------------------------------

@test "a neighbour on a network without the engine's rules reaches no server of the agent's; it does without the firewall" {
  as_agent bare 'for how in udp tcp; do
    setsid python3 /fixtures/serve.py $how 3001 /tmp/$how-3001 >/dev/null 2>&1 </dev/null &
  done'
  eventually 5 as_agent bare 'grep listening /tmp/udp-3001 && grep listening /tmp/tcp-3001'
  visit_bare
  run ! as_agent bare 'grep visitor /tmp/udp-3001 /tmp/tcp-3001'
  remove_control bare input
  remove_control bare output
  visit_bare
  try eventually 3 as_agent bare 'grep "visitor 198.51.100" /tmp/udp-3001 && grep "visitor 198.51.100" /tmp/tcp-3001'
  rebuild_firewall bare
  [[ $status == 0 ]]
}

visit_bare() {
  in_box internet "echo x >/dev/udp/$BARE/3001; timeout 1 bash -c 'echo x >/dev/tcp/$BARE/3001'" || true
}

# --- Names that are taken away -----------------------------------------------------------------------------

@test "an open connection to a name is cut within a second once the name is denied, and a new one is refused" {
  local box
  for box in $BOXES; do
    as_agent "$box" "setsid python3 /attacks/hold.py allowed.test 443 >/tmp/held-tls 2>&1 </dev/null &
      setsid python3 /attacks/hold.py allowed.test 80 >/tmp/held-http 2>&1 </dev/null &
      setsid python3 /attacks/hold.py any.wild.test 443 >/tmp/kept 2>&1 </dev/null &"
    eventually 5 as_agent "$box" 'grep -q open /tmp/held-tls && grep -q open /tmp/held-http && grep -q open /tmp/kept'
    deny "$box" allowed.test:80
    deny "$box" allowed.test
    all_cut_soon "$box" 2
    run ! as_agent "$box" 'curl -s --max-time 2 https://allowed.test'
    forget
    run ! as_agent "$box" "curl -sk --max-time 2 --resolve allowed.test:443:$ALLOWED https://allowed.test/removed"
    holds /web/wire '. == []'
    # Another name's, on the same address, lives on.
    run ! as_agent "$box" 'grep cut /tmp/kept'
    "$ENGINE" exec "$NAME-$box" cloister allow allowed.test
    "$ENGINE" exec "$NAME-$box" cloister allow allowed.test:80
    eventually 10 as_agent "$box" 'curl -sf --max-time 2 https://allowed.test && curl -sf --max-time 2 http://allowed.test'
  done
}
