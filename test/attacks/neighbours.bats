#!/usr/bin/env bats
# A service beside the box, used to get anywhere else. `main` has every control. `open` has none of those that stand in
# our own program: there each attack must be seen to succeed.

load ../container/cloister
load without

setup_file() {
  start_internet
  build_without "$NAME-open" "$CLOISTER_IMAGE" neighbours
  lead lure 198.51.100.66
  lead gone 198.51.100.66
  # The platform's resolver is one that an attacker may have a say in.
  echo 'nameserver 198.51.100.53' >"$BATS_FILE_TMPDIR/resolv.conf"
  local flags=(--volume "$BATS_FILE_TMPDIR/resolv.conf:/etc/resolv.conf:ro" --env NEIGHBOURS=lure:8000,gone:8000
    --volume "$ROOT/test/container/fixtures:/fixtures:ro")
  box main "${flags[@]}"
  CLOISTER_IMAGE=$NAME-open box open "${flags[@]}"
  # What nothing opens the kernel refuses as well, whatever is pinned.
  in_box open 'iptables -F CLOISTER-CLOSED'
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-open" >/dev/null 2>&1 || true
}

# lead NAME ADDRESS: whoever answers for the neighbour's name says this from now on.
lead() {
  ctl PUT "/dns/zone/$1" "{\"a\": [\"$2\"], \"ttl\": 0}" >/dev/null
}

# answers BOX NAME ANSWER: the resolver's, once the one before is over.
answers() {
  [[ $(as_agent "$1" "python3 /fixtures/ask.py udp 127.0.0.53 53 $2") == "$3" ]]
}

# tried BOX ADDRESS: the agent dials it, and the neighbour's name.
tried() {
  as_agent "$1" "python3 /fixtures/send.py tcp $2 8000; python3 /fixtures/send.py tcp lure 8000; true" >/dev/null 2>&1
}

sighted() {
  holds /canary "[.sightings[] | select(.local == \"$1\" and .port == ${2:-8000})] | length ${3:-> 0}"
}

@test "a neighbour is reached at its address" {
  local box
  for box in main open; do
    ctl DELETE /canary >/dev/null
    as_agent "$box" 'python3 /fixtures/send.py tcp lure 8000'
    eventually 5 sighted 198.51.100.66
  done
}

# leads_nowhere ADDRESS
leads_nowhere() {
  lead lure "$1"
  within 10 answers main lure 3
  eventually 10 answers open lure "0 $1"
  ctl DELETE /canary >/dev/null
  tried main "$1"
  sighted "$1" 8000 '== 0'
  tried open "$1"
  eventually 5 sighted "$1"
  eventually 5 as_agent main 'grep -F not-beside /run/cloister/refusals.jsonl'
}

@test "its name, once it leads to a metadata address, leads nowhere" {
  leads_nowhere 169.254.169.254
}

@test "its name, once it leads to the gateway, leads nowhere" {
  leads_nowhere 198.51.100.1
}

@test "its name, once it leads outside, leads nowhere" {
  leads_nowhere 203.0.113.8
}

@test "of several addresses only those beside the box are told and dialled" {
  ctl PUT /dns/zone/lure '{"a": ["203.0.113.9", "198.51.100.66", "198.51.100.1"], "ttl": 0}' >/dev/null
  within 10 answers main lure '0 198.51.100.66'
}

@test "an address that was a neighbour's and is another's by now is refused" {
  local box
  for box in main open; do as_agent "$box" 'python3 /fixtures/send.py tcp gone 8000'; done
  lead gone 198.51.100.77
  for box in main open; do eventually 10 answers "$box" gone '0 198.51.100.77'; done
  lead lure 198.51.100.88
  for box in main open; do eventually 10 answers "$box" lure '0 198.51.100.88'; done
  ctl DELETE /canary >/dev/null
  run ! as_agent main 'python3 -c "
import socket; s = socket.create_connection((\"198.51.100.66\", 8000), 3); s.send(b\"x\"); s.settimeout(3); raise SystemExit(s.recv(1) == b\"\")"'
  sighted 198.51.100.66 8000 '== 0'
  as_agent open 'python3 /fixtures/send.py tcp 198.51.100.66 8000'
  eventually 5 sighted 198.51.100.66
}

# reaches COMMAND ADDRESS PORT CONTROL...: nobody with every control, and the canary without these.
reaches() {
  ctl DELETE /canary >/dev/null
  as_agent main "$1; true" >/dev/null 2>&1
  sighted "$2" "$3" '== 0'
  in_box main 'iptables-save' >"$BATS_FILE_TMPDIR/rules"
  in_box main 'iptables -t nat -F CLOISTER-PROXY; iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT'
  as_agent main "$1; true" >/dev/null 2>&1
  local status=0
  eventually 5 sighted "$2" "$3" || status=$?
  in_box main 'iptables-restore' <"$BATS_FILE_TMPDIR/rules"
  return "$status"
}

@test "another port of a neighbour is refused" {
  reaches 'python3 /fixtures/send.py tcp 198.51.100.66 8080' 198.51.100.66 8080
}

@test "its port at another neighbour is refused" {
  reaches 'python3 /fixtures/send.py tcp 198.51.100.20 8000' 198.51.100.20 8000
}

@test "UDP to a neighbour is refused" {
  reaches 'python3 /fixtures/send.py udp 198.51.100.66 123' 198.51.100.66 123
}
