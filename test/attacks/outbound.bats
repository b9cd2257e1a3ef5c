#!/usr/bin/env bats
# The hosts the box itself sends to, used by the agent; and the ingest by which its words get there. `main` has every
# control. `open` has none of those that stand in our own program: there each attack must be seen to succeed.

load ../container/cloister
load without

setup_file() {
  start_internet
  ctl PUT /received '{"text": "the words of a stranger"}' >/dev/null
  build_without "$NAME-open" "$CLOISTER_IMAGE" own
  mkdir -p "$BATS_FILE_TMPDIR/sets.d"
  printf '# Ours\nours.test # the mirror\n' >"$BATS_FILE_TMPDIR/sets.d/ours.conf"
  local flags=("${OWN[@]}" --volume "$BATS_TEST_DIRNAME/fixtures:/attacks:ro"
    --volume "$BATS_FILE_TMPDIR/sets.d:/etc/cloister/sets.d:ro"
    --volume "$ROOT/test/container/fixtures:/fixtures:ro")
  box main --env BOX_NAME=main "${flags[@]}"
  CLOISTER_IMAGE=$NAME-open box open --env BOX_NAME=open "${flags[@]}"
  # From here on both firewalls are open for the host, to the box alone.
  local box
  for box in main open; do
    as_agent "$box" 'python3 /attacks/leave.py say waits' >/dev/null
    eventually 10 matches_received "any(.[]; .body == \"$box: Claude waits for you\n\")"
  done
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-open" >/dev/null 2>&1 || true
}

HOST=notify.wild.test ADDRESS=198.51.100.88
TOPIC=a-topic-like-a-password
TOKEN=tk_kept_from_the_agent_too
OWN=(--env "NOTIFY_URL=https://$HOST/$TOPIC" --env "NOTIFY_TOKEN=$TOKEN" --env 'ALLOW_DOMAINS=*.wild.test,allowed.test'
  --env NOTIFY_ON=waits,ends,turn,fails,limit,degraded --env OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.test
  --env OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20never-for-the-agent)

asked() {
  as_agent "$1" "python3 /fixtures/ask.py udp 127.0.0.53 53 $2"
}

@test "its name does not exist for the agent, even below an allowed wildcard, and causes no packet" {
  [[ $(asked main other.wild.test) == '0 198.51.100.77' ]]
  ctl DELETE /dns/log >/dev/null
  [[ $(asked main $HOST) == 3 ]]
  [[ $(asked main otel.test) == 3 ]]
  holds /dns/log "all(.[]; .name != \"$HOST\" and .name != \"otel.test\")"
  [[ $(asked open $HOST) == "0 $ADDRESS" ]]
}

@test "a set that was allowed for a time opens nothing any more, not even for a connection to a known address" {
  local box
  ctl PUT /dns/zone/ours.test '{"a": ["198.51.100.77"]}' >/dev/null
  ctl PUT /web/hosts/ours.test >/dev/null
  for box in main open; do
    "$ENGINE" exec "$NAME-$box" cloister allow @ours
    as_agent "$box" "curl -sS https://ours.test/before-$box"
    "$ENGINE" exec "$NAME-$box" cloister allow @ours --for 1s
  done
  eventually 10 has_ended main
  run ! as_agent main 'curl -sSk --max-time 5 --resolve ours.test:443:198.51.100.77 https://ours.test/after-main'
  as_agent open 'curl -sSk --max-time 5 --resolve ours.test:443:198.51.100.77 https://ours.test/after-open'
  holds /web/log 'map(.path) | index("/before-main") and index("/after-open") and (index("/after-main") | not)'
}

has_ended() {
  [[ $(asked "$1" ours.test) == 3 ]]
}

@test "its name is refused on the wire as well, whatever address it is sent to" {
  local address
  for address in $ADDRESS 198.51.100.77; do
    run ! as_agent main "curl -sSk --max-time 5 --resolve $HOST:443:$address https://$HOST/stolen-main"
    as_agent open "curl -sSk --max-time 5 --resolve $HOST:443:$address https://$HOST/stolen-open"
  done
  matches_received 'all(.[]; .path != "/stolen-main")'
  matches_received 'any(.[]; .path == "/stolen-open")'
}

@test "its address is closed, also while the firewall is open for the box" {
  as_agent main 'python3 /attacks/leave.py say failed' >/dev/null
  eventually 10 says "$ADDRESS" in_box main "nft list table ip cloister 2>/dev/null || iptables -S CLOISTER-PINS"
  run ! as_agent main "curl -sSk --max-time 5 https://$ADDRESS/stolen-main"
  run ! as_agent main "curl -sSk --max-time 5 http://$ADDRESS:4318/stolen-main"
  # Under an allowed name one gets to that name's own address and no other.
  as_agent main "curl -sS --max-time 5 --resolve allowed.test:443:$ADDRESS https://allowed.test/under-main" >/dev/null
  holds /web/log "any(.[]; .path == \"/under-main\") and all(.[]; .path != \"/under-main\" or .local == \"198.51.100.77\")"
  holds /web/log 'all(.[]; .path != "/stolen-main")'
  in_box open 'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT; iptables -t nat -F CLOISTER-PROXY'
  as_agent open "curl -sSk --max-time 5 https://$ADDRESS/by-address-open; curl -sS --max-time 5 http://$ADDRESS:4318/by-port-open
    curl -sSk --max-time 5 --resolve allowed.test:443:$ADDRESS https://allowed.test/under-open"
  holds /web/log "[\"by-address\", \"by-port\", \"under\"] - [.[] | select(.local == \"$ADDRESS\") | .path[1:] | sub(\"-open$\"; \"\")] == []"
}

@test "a refusal at its address names nobody" {
  local box
  for box in main open; do
    [[ $box == main ]] || in_box open 'iptables -P OUTPUT DROP; iptables -I OUTPUT -j CLOISTER-OUTPUT'
    as_agent "$box" "python3 /fixtures/send.py tcp $ADDRESS 22" || true
    eventually 5 as_agent "$box" "grep -q '\"$ADDRESS\",\"port\":22' /run/cloister/refusals.jsonl"
  done
  run ! as_agent main "grep '\"port\":22' /run/cloister/refusals.jsonl | grep -F .test"
  as_agent open "grep '\"port\":22' /run/cloister/refusals.jsonl" | grep -qF .test
}

@test "neither host, URL nor token is anywhere the agent can read" {
  local search="grep -rasE '$TOPIC|$TOKEN|notify\.wild|otel\.test|never-for-the' /run/cloister /etc /tmp /home/claude /workspace \
    /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/status"
  # What was asked for by name above stands in the refusals: that is the agent's own knowledge.
  in_session main "$search 2>/dev/null | grep -avE 'refusals|/tmp/in-session|grep.?-rasE'" && return 1
  in_session main "cloister status --json; cloister log --json; env" | grep -E "$TOPIC|$TOKEN|never-for-the" && return 1
  # The search finds what is there to be found.
  in_session main "echo planted $TOPIC >/tmp/planted; $search 2>/dev/null | grep -q planted; found=\$?; rm /tmp/planted; exit \$found"
  run ! grep -E "$TOPIC|$TOKEN|never-for-the" <("$ENGINE" logs "$NAME-main" 2>&1)
}

@test "no octets make it say anything but what it says anyway, and it lives on" {
  local before
  before=$(in_box main 'pgrep -u egress node')
  as_agent main 'timeout 50 python3 /attacks/leave.py hostile'
  as_agent main 'python3 /attacks/leave.py say saved; python3 /attacks/leave.py say degraded'
  as_agent open 'python3 /attacks/leave.py say saved'
  eventually 10 matches_received 'any(.[]; .body == "open: the box has stopped, and its work is saved\n")'
  matches_received 'all(.[]; .path != "/a-topic-like-a-password" or (.body | startswith("main: the box") | not))'
  matches_received 'all(.[]; tostring | test("PWNED|evil") | not)'
  [[ $(in_box main 'pgrep -u egress node') == "$before" ]]
  within 20 says 204 as_agent main 'python3 /attacks/leave.py say turn'
}

@test "a flood of words comes to a few messages" {
  ctl DELETE /received >/dev/null
  as_agent main 'timeout 50 python3 /attacks/leave.py flood 200'
  as_agent open 'timeout 50 python3 /attacks/leave.py flood 200'
  eventually 20 matches_received '[.[] | select(.body | startswith("open:"))] | length > 20'
  matches_received '[.[] | select(.body | startswith("main:"))] | length | . > 0 and . <= 10'
  as_agent main 'curl -sS --max-time 5 https://allowed.test' | grep -qx allowed
}

@test "three hundred requests that never end shut nobody out" {
  as_agent main 'setsid python3 /attacks/half-open.py 100 /tmp/held >/dev/null 2>&1 </dev/null &'
  eventually 20 as_agent main '[[ -e /tmp/held ]]'
  within 20 says 204 as_agent main 'timeout 4 python3 /attacks/leave.py say turn'
  as_agent main "timeout 4 python3 /attacks/leave.py export /v1/logs mark-held 'content-type: application/json'" | grep '200 OK'
  as_agent main 'pkill -f half-open.p[y]'
}

@test "an export takes none of the agent's headers along, and none of the receiver's words come back" {
  local box
  for box in main open; do
    as_agent "$box" "python3 /attacks/leave.py export /v1/logs mark-$box 'content-type: application/json' \
      'authorization: Bearer mine' 'x-mine: 1'" >"$BATS_TEST_TMPDIR/$box"
  done
  cat "$BATS_TEST_TMPDIR/main"
  matches_received 'any(.[]; .body == "mark-main" and .headers.authorization == "Bearer never-for-the-agent" and (.headers | has("x-mine") | not))'
  matches_received 'any(.[]; .body == "mark-open" and .headers.authorization == "Bearer mine" and (.headers | has("x-mine")))'
  grep -q '200 OK' "$BATS_TEST_TMPDIR/main"
  run ! grep -iE 'stranger|x-receiver' "$BATS_TEST_TMPDIR/main"
  grep -q stranger "$BATS_TEST_TMPDIR/open"
}

@test "not even the operator lets the agent there" {
  try in_box main "cloister allow $HOST"
  [[ $status == 78 && $output == *'never let there'* ]]
  try in_box main 'cloister allow otel.test:4318'
  [[ $status == 78 ]]
  [[ $(asked main $HOST) == 3 ]]
  in_box open "cloister allow $HOST"
}
