#!/usr/bin/env bats
# Services beside the box: a real Postgres and a real Redis that the agent works with by their names. What it reaches
# with them besides, nothing, is attacks/neighbours.bats.

load cloister

setup_file() {
  "$ROOT/scripts/services" --if-missing
  start_internet
  serve db postgres
  serve redis redis
  box main --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro" --env NEIGHBOURS=db:5432,redis:6379,late:6379 \
    --add-host "mirror:$(address_of redis)" --add-host host.docker.internal:198.51.100.1
}

teardown_file() {
  remove_all
}

# serve NAME SERVER: on the box's network, known to the engine's resolver by that name.
serve() {
  "$ENGINE" run --detach --init --name "$NAME-$1" --label "cloister.test=$NAME" --network "$NAME" --network-alias "$1" \
    "${CLOISTER_SERVICES:-cloister-services:dev}" "$2" >/dev/null
}

address_of() {
  "$ENGINE" inspect --format "{{(index .NetworkSettings.Networks \"$NAME\").IPAddress}}" "$NAME-$1"
}

query() {
  in_session "${3:-main}" "python3 /fixtures/services.py postgres ${2:-db} 5432 '$1'"
}

@test "the agent works with a Postgres and a Redis beside the box, by their names" {
  eventually 20 says 42 query 'select 40 + 2'
  query 'create table kept (word text)'
  query "insert into kept values ('\''of a neighbour'\'')"
  [[ $(query 'select word from kept') == 'of a neighbour' ]]
  in_session main 'python3 /fixtures/services.py redis redis 6379 SET word kept' | grep -x +OK
  [[ $(in_session main 'python3 /fixtures/services.py redis redis 6379 GET word') == kept ]]
}

@test "their names are asked of the engine's resolver alone, and never of the upstream" {
  [[ $(as_agent main 'python3 /fixtures/ask.py udp 127.0.0.53 53 db') == "0 $(address_of db)" ]]
  holds /dns/log 'all(.[]; .name | IN("db", "redis", "late") | not)'
}

@test "one that is not there yet fails at once, and answers as soon as it is" {
  is_status main '.firewall.unresolved | index("late")'
  try as_agent main 'timeout 3 python3 /fixtures/ask.py udp 127.0.0.53 53 late'
  [[ $status == 0 && $output == 3 ]]
  serve late redis
  eventually 20 says +PONG in_session main 'python3 /fixtures/services.py redis late 6379 PING'
}

@test "status and rules tell of them" {
  is_status main '.firewall.neighbours == ["db:5432/tcp", "redis:6379/tcp", "late:6379/tcp"]'
  try "$ENGINE" exec "$NAME-main" cloister status
  [[ $output == *'neighbours  db:5432/tcp redis:6379/tcp late:6379/tcp'* ]]
  "$ENGINE" exec "$NAME-main" cloister rules | grep -E '^db:5432/tcp +NEIGHBOURS$'
}

@test "one that the operator denies is gone at once, and back when allowed" {
  "$ENGINE" exec "$NAME-main" cloister deny db
  run ! query 'select 1'
  [[ $(as_agent main 'python3 /fixtures/ask.py udp 127.0.0.53 53 db') == 3 ]]
  is_status main '.firewall.neighbours | index("db:5432/tcp") | not'
  "$ENGINE" exec "$NAME-main" cloister allow db:5432
  eventually 10 says 42 query 'select 42'
  try "$ENGINE" exec "$NAME-main" cloister allow stranger:5432
  [[ $status == 78 ]]
}

@test "a name of the hosts file is one as well, and so is the machine that the container runs on" {
  box hosts --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro" --env NEIGHBOURS=mirror:5432,host.docker.internal:8000 \
    --add-host "mirror:$(address_of db)" --add-host host.docker.internal:198.51.100.1
  [[ $(query 'select 42' mirror hosts) == 42 ]]
  ctl DELETE /canary >/dev/null
  as_agent hosts 'python3 /fixtures/send.py tcp host.docker.internal 8000'
  eventually 5 holds /canary '.sightings | any(.local == "198.51.100.1" and .port == 8000)'
  remove_box hosts
}

@test "a single name that nobody named is refused, with the setting that would name it" {
  run ! as_agent main 'getent ahostsv4 stranger'
  eventually 5 as_agent main "grep -F 'NEIGHBOURS=name:port' /run/cloister/refusals.log"
}

@test "the engine's resolver, which the box asks, is closed to the agent on every port, and open without its rule" {
  local ports port answers=''
  ports=$(in_box main 'cat /proc/net/udp /proc/net/tcp' | sed -n 's/^ *[0-9]*: 0B00007F:\([0-9A-F]*\) .*/0x\1/p')
  [[ $(wc -w <<<"$ports") == 2 ]]
  for port in $ports; do
    run ! as_agent main "python3 /fixtures/ask.py udp 127.0.0.11 $((port)) $NAME-late"
    run ! as_agent main "python3 /fixtures/ask.py tcp 127.0.0.11 $((port)) $NAME-late"
  done
  in_box main 'iptables -D CLOISTER-AGENT -d 127.0.0.11/32 -j CLOISTER-REFUSE'
  for port in $ports; do
    answers+=$(as_agent main "python3 /fixtures/ask.py udp 127.0.0.11 $((port)) $NAME-late || python3 /fixtures/ask.py tcp 127.0.0.11 $((port)) $NAME-late" || true)
  done
  in_box main 'iptables -I CLOISTER-AGENT -d 127.0.0.11/32 -j CLOISTER-REFUSE'
  [[ $answers == '0 198.51.100.'*'0 198.51.100.'* ]]
}

@test "where only the engine's resolver answers, as on a network of Compose's in a company, the box asks that" {
  WITHOUT=DNS_UPSTREAM box company --dns "$NET_DNS" --env ALLOW_DOMAINS=allowed.test \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
  is_status company '.resolver.upstreams[0] == "127.0.0.11" and (.firewall.unresolved | index("allowed.test") | not)'
  [[ $(as_agent company 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
  # The agent asks no more of it than before.
  ctl DELETE /dns/log >/dev/null
  run ! as_agent company 'getent ahostsv4 secret.denied.test'
  [[ $(as_agent company 'python3 /fixtures/ask.py udp 127.0.0.11 53 secret.denied.test') == 3 ]]
  holds /dns/log 'all(.[]; .name != "secret.denied.test")'
  remove_box company
}

@test "a box with neighbours keeps every promise" {
  try "$ENGINE" exec "$NAME-main" cloister verify --json
  [[ $status == 0 ]]
}
