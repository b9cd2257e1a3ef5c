#!/usr/bin/env bats
# Ways to have a name looked up that is not allowed, to get data in or out by looking one up, or to have an allowed
# name led elsewhere. See rows.bash for how the table is run.
#
# Of the part «DNS» of the attacks, network.bats already has: a UDP and TCP query to any resolver is answered by the
# box's own; the engine's resolver on both of its ports; private and metadata addresses in an answer.

load rows

read_rows

setup_file() {
  start_boxes --env 'ALLOW_DOMAINS=allowed.test,*.wild.test,lure.test,sixty.test,slow.test,cut.test,dead.test,liar.test,wrong.test'
  ctl PUT /dns/zone/dns.google '{"a": ["8.8.8.8"]}' >/dev/null
  play_table
}

teardown_file() {
  remove_all
}

# --- What works, and what was seen meanwhile ---------------------------------------------------------------

@test "an allowed name is answered, by every way the attacks take" {
  local box program
  for box in $BOXES; do
    [[ $(as_agent "$box" 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
    [[ $(as_agent "$box" 'python3 /attacks/query.py udp 8.8.8.8 allowed.test 1') == 'rcode 0 records 1' ]]
    [[ $(as_agent "$box" 'python3 /attacks/query.py tcp 198.51.100.1 allowed.test 1 option') == 'rcode 0 records 1' ]]
    [[ $(as_agent "$box" 'python3 /attacks/query.py udp 198.51.100.53 allowed.test 16') == 'rcode 0 records 0' ]]
    [[ $(as_agent "$box" 'python3 /attacks/query.py udp 198.51.100.53 denied.test 16') == 'rcode 3 records 0' ]]
    for program in 'getent ahosts NAME' "python3 -c \"import socket; print(socket.getaddrinfo('NAME', 443))\"" \
      'node -e "dns.lookup(\`NAME\`, console.log)"' 'node -e "dns.resolve4(\`NAME\`, console.log)"'; do
      as_agent "$box" "${program//NAME/deep.wild.test}" | grep -F 198.51.100.77
    done
  done
}

@test "while the table was run no name was asked upstream that is not allowed, and nothing went elsewhere" {
  local box
  for box in $BOXES; do
    matches "$(<"$(record "$box" '')")" '.canary.sightings == [] and .stray == 0 and (.canary.counters | all(. == 0))'
    matches "$(<"$(record "$box" '')")" '.dns | map(select(.type != "A" or (.name | test("^((allowed|lure|sixty|slow|cut|dead|liar|wrong)\\.test|.*\\.(com|ai|org|io|sh|net|dev|rs))$") | not))) == []'
  done
}

@test "of a thousand made-up names below a wildcard about a hundred reach the upstream, and the known ones work on" {
  local box
  for box in $BOXES; do
    as_agent "$box" 'getent ahosts known.wild.test'
    forget
    try as_agent "$box" "python3 /attacks/many-names.py 198.51.100.53 1000 secret wild.test"
    [[ $output == *'5: '* ]]
    matches "$(world)" '[.dns[] | select(.name | startswith("secret-")) | .name] | unique | length > 50 and length < 130'
    as_agent "$box" 'getent ahosts known.wild.test; getent ahosts allowed.test' | grep -F 198.51.100.77
    forget
    remove_control "$box" redirect
    remove_control "$box" output
    try as_agent "$box" "python3 /attacks/many-names.py 198.51.100.53 1000 secret wild.test"
    rebuild_firewall "$box"
    matches "$(world)" '[.dns[] | select(.name | startswith("secret-")) | .name] | unique | length > 300'
  done
}

# --- Upstreams that move, hesitate and lie -----------------------------------------------------------------

@test "an allowed name whose answer turns inside between look-up and use leads nowhere; it does where the operator says so" {
  ctl PUT /web/hosts/lure.test >/dev/null
  ctl PUT /dns/zone/lure.test '{"a": ["198.51.100.77"], "ttl": 0}' >/dev/null
  eventually 10 as_agent main 'curl -sSf --max-time 5 https://lure.test/before'
  forget
  ctl PUT /dns/zone/lure.test '{"a": ["10.0.0.66"], "ttl": 0}' >/dev/null
  within 10 refuses_lure
  ctl PUT /dns/zone/lure.test '{"a": ["198.51.100.77", "10.0.0.66", "169.254.169.254"], "rotate": true, "ttl": 0}' >/dev/null
  # An answer lives five seconds at least: three of them take turns.
  try as_agent main 'yes=no no=no
    for try in {1..100}; do
      if curl -s -o /dev/null --max-time 2 https://lure.test/now; then yes=yes; else no=yes; fi
      [[ $yes$no != yesyes ]] || break
      sleep 0.2
    done; echo $yes $no'
  [[ $output == 'yes yes' ]]
  # The answer that was good, used once it no longer is.
  ctl PUT /dns/zone/lure.test '{"a": ["10.0.0.66"], "ttl": 0}' >/dev/null
  within 10 refuses_lure
  as_agent main 'for try in {1..20}; do curl -s --max-time 2 --resolve lure.test:443:198.51.100.77 https://lure.test/after; done' || true
  matches "$(world)" '(.canary.sightings == []) and (.web | all(.path != "/after"))'
  in_box main '! nft list table ip cloister | grep -e 10.0.0.66 -e 169.254'

  box open --env ALLOW_PRIVATE=0.0.0.0/0 --env ALLOW_DOMAINS=lure.test
  ctl PUT /dns/zone/lure.test '{"a": ["10.0.0.66"], "ttl": 0}' >/dev/null
  eventually 10 as_agent open 'curl -sSf --max-time 5 https://lure.test/after'
  matches "$(world)" '.canary.sightings | any(.local == "10.0.0.66" and .port == 443)'
  # What nothing opens is not among what the operator has opened.
  ctl PUT /dns/zone/lure.test '{"a": ["127.0.0.1", "0.0.0.1", "169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "224.0.0.251", "255.255.255.255", "198.51.100.127", "10.0.0.67"], "ttl": 0}' >/dev/null
  within 10 leads_only_to 10.0.0.67
  remove_box open
}

leads_only_to() {
  [[ $(as_agent open "getent ahostsv4 lure.test | cut -d ' ' -f 1 | sort -u") == "$1" ]]
}

refuses_lure() {
  ! as_agent main 'curl -s --max-time 2 https://lure.test/checking'
}

@test "a name with sixty addresses, a slow one and one cut short work; dead and lying ones fail soon, and hold up nobody" {
  local sixty name
  sixty=$(printf '"203.0.113.%d",' {101..160})
  for name in sixty slow cut dead liar wrong; do ctl PUT "/web/hosts/$name.test" >/dev/null; done
  ctl PUT /dns/zone/sixty.test "{\"a\": [${sixty%,}], \"ttl\": 0}" >/dev/null
  ctl PUT /dns/zone/slow.test '{"a": ["198.51.100.77"], "delayMs": 1500}' >/dev/null
  ctl PUT /dns/zone/cut.test '{"a": ["198.51.100.77"], "truncate": true}' >/dev/null
  ctl PUT /dns/zone/dead.test '{"a": ["198.51.100.66"], "drop": true}' >/dev/null
  ctl PUT /dns/zone/liar.test '{"a": ["198.51.100.66"], "lieAboutId": true}' >/dev/null
  ctl PUT /dns/zone/wrong.test '{"a": ["198.51.100.66"], "wrongQuestion": true}' >/dev/null
  local box
  for box in $BOXES; do
    forget
    try as_agent "$box" 'visit() {
        local took
        if took=$(curl -s -o /dev/null --max-time 9 -w "%{time_total}" "https://$1.test/"); then took+=" $1 yes"; else took+=" $1 no"; fi
        echo "$took"
      }
      for name in sixty slow cut dead liar wrong; do visit $name & done
      for try in {1..20}; do visit allowed; done; wait'
    for name in sixty slow cut; do grep -q " $name yes" <<<"$output"; done
    # Before curl gives up by itself; and who does not ask for them has his answers meanwhile.
    for name in dead liar wrong; do grep -q "^[0-8]\..* $name no" <<<"$output"; done
    [[ $(grep -c 'allowed yes' <<<"$output") == 20 ]]
    (($(sed '/ dead no/q' <<<"$output" | grep -c 'allowed yes') > 2))
    matches "$(world)" '.canary.sightings | all(.local | startswith("203.0.113.1"))'
  done
  # Nothing but the lie stood in the way.
  ctl PUT /dns/zone/liar.test '{"a": ["198.51.100.77"]}' >/dev/null
  ctl PUT /dns/zone/wrong.test '{"a": ["198.51.100.77"]}' >/dev/null
  for name in liar wrong; do eventually 10 as_agent main "curl -sSf --max-time 5 https://$name.test/"; done
}

# answer_late BOX NAME: has NAME looked up, which takes a while, until the upstream has the query: $source and $query.
look_up_late() {
  local asked
  ctl PUT "/dns/zone/$2" '{"a": ["198.51.100.77"], "delayMs": 1800, "ttl": 0}' >/dev/null
  as_agent "$1" "python3 /fixtures/ask.py udp 127.0.0.53 53 $2" >"$BATS_TEST_TMPDIR/told" &
  looker=$!
  eventually 3 holds /dns/log "any(.[]; .name == \"$2\")"
  asked=$(ctl GET /dns/log | jq --raw-output "map(select(.name == \"$2\"))[0] | .source + \" \" + .hex")
  source=${asked% *} query=${asked#* }
}

# answer_from BOX FROM: a perfect answer but for where it comes from. That it is perfect the upstream shows.
answer_from() {
  "$ENGINE" exec --interactive "$NAME-$1" setpriv --reuid "$([[ $1 == internet ]] && echo 0 || echo 1000)" \
    python3 - "$2" "${source%#*}" "${source#*#}" "$query" 198.51.100.66 <"$BATS_TEST_DIRNAME/fixtures/answer-for.py"
}

@test "an answer in the upstream's place, from the agent or a neighbour, is not taken; the same from the upstream is" {
  local box source query looker try
  for box in $BOXES; do
    look_up_late "$box" "agent-$box.wild.test"
    answer_from "$box" -
    answer_from "$box" 127.0.0.1
    wait "$looker"
    [[ $(<"$BATS_TEST_TMPDIR/told") == '0 198.51.100.77' ]]
    look_up_late "$box" "neighbour-$box.wild.test"
    answer_from internet 198.51.100.66
    answer_from internet 198.51.100.1
    wait "$looker"
    [[ $(<"$BATS_TEST_TMPDIR/told") == '0 198.51.100.77' ]]
    # On a busy machine it may come after the real one.
    for try in {1..3}; do
      look_up_late "$box" "upstream-$try-$box.wild.test"
      answer_from internet 198.51.100.53
      wait "$looker"
      [[ $(<"$BATS_TEST_TMPDIR/told") != '0 198.51.100.66' ]] || break
    done
    [[ $(<"$BATS_TEST_TMPDIR/told") == '0 198.51.100.66' ]]
  done
}

@test "the source port of a query just sent lets nobody else ask; without the firewall it does" {
  local box source query looker
  for box in $BOXES; do
    look_up_late "$box" "port-$box.wild.test"
    # While the query waits, and as soon as its socket is closed: the kernel knows the pair of ports for longer.
    try as_agent "$box" "python3 /attacks/from-port.py ${source#*#} 198.51.100.53 taken-$box.denied.test"
    wait "$looker"
    try as_agent "$box" "python3 /attacks/from-port.py ${source#*#} 198.51.100.53 taken-$box.denied.test"
    [[ $output == *took* ]]
    run ! holds /dns/log "any(.[]; .name == \"taken-$box.denied.test\")"
    remove_control "$box" output
    try as_agent "$box" "python3 /attacks/from-port.py ${source#*#} 198.51.100.53 taken-$box.denied.test"
    rebuild_firewall "$box"
    holds /dns/log "any(.[]; .name == \"taken-$box.denied.test\")"
  done
}

# --- Taking over -------------------------------------------------------------------------------------------

places='127.0.0.53 0.0.0.0 127.0.0.1 :: ::ffff:127.0.0.53'

# squat BOX: the agent tries to take the ports while the egress process is killed twice.
squat() {
  local restarts squatter
  as_agent "$1" "python3 /attacks/squat.py 3 $places" >"$BATS_TEST_TMPDIR/squatted" &
  squatter=$!
  for restarts in 1 2; do
    # The last one started: a shell or a program of the attacker's never has this user.
    in_box "$1" 'for process in /proc/[0-9]*; do
      [[ $(stat -c %u "$process" 2>/dev/null) != 65053 ]] || kill -KILL "${process#/proc/}"; done'
    run ! as_agent "$1" 'curl -s --max-time 2 https://denied.test'
    eventually 10 as_agent "$1" 'getent ahosts allowed.test'
  done
  wait "$squatter"
  cat "$BATS_TEST_TMPDIR/squatted"
}

@test "the ports of resolver and proxy can't be taken while nobody serves them" {
  forget
  try squat main
  [[ $status == 0 && $output == *' got' && $output != *'tries 0'* ]]
  matches "$(world)" '.canary.sightings == [] and (.dns | all(.name | contains("denied") | not))'
  # Where any port may be bound by anybody, others go, and init's own hold is what is left.
  box loose --env ALLOW_DOMAINS=allowed.test --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro"
  # The boot refuses a box where they may, so this one is changed from outside, in its network's namespace.
  nsenter --net="/proc/$("$ENGINE" inspect --format '{{.State.Pid}}' "$NAME-loose")/ns/net" \
    sh -c 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
  try squat loose
  remove_box loose
  [[ $status == 0 && $output == *'tcp 127.0.0.1 53'* && $output == *'udp 127.0.0.1 53'* && $output != *'tcp 127.0.0.53'* ]]
}

spoil='lie="198.51.100.66 allowed.test"
  for file in /etc/hosts /etc/resolv.conf /etc/nsswitch.conf /etc/host.conf /etc/gai.conf /etc/ld.so.preload; do
    echo "$lie" >>$file; echo "$lie" >/tmp/lie; cp /tmp/lie $file; mv /tmp/lie $file; ln -sf /tmp/lie $file; rm -f $file
    mount --bind /tmp/lie $file
  done
  for socket in /run/nscd/socket /var/run/nscd/socket /run/systemd/resolve/io.systemd.Resolve; do
    mkdir -p ${socket%/*} && python3 -c "import socket as s; s.socket(s.AF_UNIX).bind(\"$socket\")" && echo "made $socket"
  done'

spelling='cat /etc/hosts /etc/resolv.conf /etc/nsswitch.conf /etc/host.conf /etc/gai.conf /etc/ld.so.preload 2>&1; ls -d /run/nscd /run/systemd/resolve 2>&1; getent ahosts allowed.test'

@test "the agent can't change how others find a name; it can where a file is given to it" {
  local before
  printf '127.0.0.1 localhost\n' >"$BATS_FILE_TMPDIR/hosts"
  box writable --volume "$BATS_FILE_TMPDIR/hosts:/etc/hosts" --env ALLOW_DOMAINS=allowed.test
  for box in $BOXES writable; do
    before=$(in_box "$box" "$spelling")
    [[ $before == *'198.51.100.77'* ]]
    as_agent "$box" "$spoil" || true
    [[ $(in_box "$box" "$spelling") == "$before" ]]
  done
  chmod 666 "$BATS_FILE_TMPDIR/hosts"
  as_agent writable "$spoil" || true
  in_box writable 'getent ahosts allowed.test' | grep -F 198.51.100.66
  remove_box writable
}
