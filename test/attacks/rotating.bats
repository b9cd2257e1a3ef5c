#!/usr/bin/env bats
# Names that move all the time, and many connections at once: what is allowed must not fail by the firewall.

load rows

MOVING=$(printf 'm%d.moving.test ' {1..20})$(printf 'd%d.drifting.test ' {1..20})

setup_file() {
  start_boxes --env 'ALLOW_DOMAINS=allowed.test,*.moving.test,*.drifting.test'
  local addresses name
  addresses=$(printf '"203.0.113.%d",' {1..250})
  ctl PUT '/dns/zone/*.moving.test' "{\"a\": [${addresses%,}], \"rotate\": true, \"ttl\": 0}" >/dev/null
  ctl PUT '/dns/zone/*.drifting.test' "{\"a\": [${addresses%,}], \"rotate\": true, \"ttl\": 5}" >/dev/null
  for name in moving drifting; do ctl PUT "/web/hosts/*.$name.test" >/dev/null; done
}

teardown_file() {
  remove_all
}

@test "of two thousand connections to names whose address is another at every query none fails" {
  forget
  # Time for the answers to run out twice: a shorter run would meet each name at one address.
  try as_agent main "python3 /attacks/burst.py 1000 32 $MOVING; sleep 5; python3 /attacks/burst.py 600 32 $MOVING
    sleep 5; python3 /attacks/burst.py 400 32 $MOVING"
  [[ $(grep -c ', 0 failed' <<<"$output") == 3 ]]
  matches "$(world)" '[.web[] | select(.path == "/burst")] | length == 2000 and (map(.host + .local) | unique | length > 100)'
  matches "$(world)" '[.dns[] | select(.name | test("moving|drifting"))] | length > 100'
}

@test "a thousand connections in a burst, sixty-four at once, all succeed" {
  local box
  for box in $BOXES; do
    try as_agent "$box" 'python3 /attacks/burst.py 1000 64 allowed.test'
    [[ $output == '1000 asked, 0 failed'* ]]
  done
}

@test "a thousand requests in a burst over kept connections all succeed" {
  try as_agent main 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt node /attacks/burst.mts 1000 64 allowed.test'
  [[ $output == '1000 asked, 0 failed'* ]]
}

@test "open connections to moving names are cut within a second once their rule is denied" {
  local names
  names=$(printf 'm%d.moving.test ' {1..16})
  as_agent main "for name in $names; do setsid python3 /attacks/hold.py \$name 443 >/tmp/held-\$name 2>&1 </dev/null & done
    setsid python3 /attacks/hold.py d1.drifting.test 443 >/tmp/kept 2>&1 </dev/null &"
  eventually 10 as_agent main '[[ $(grep -l open /tmp/held-* | wc -l) == 16 ]] && grep open /tmp/kept'
  run ! as_agent main 'grep cut /tmp/held-* /tmp/kept'
  deny main '*.moving.test'
  all_cut_soon main 16
  forget
  run ! as_agent main 'curl -sk --max-time 2 https://m1.moving.test/after'
  run ! as_agent main 'curl -sk --max-time 2 --resolve m1.moving.test:443:203.0.113.1 https://m1.moving.test/after'
  matches "$(world)" '.web | all(.host | endswith("moving.test") | not)'
  run ! as_agent main 'grep cut /tmp/kept'
}
