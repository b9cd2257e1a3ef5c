#!/usr/bin/env bats
# A company's network, where a proxy that wants an account is the only way out: a real Squid. Whatever would go beside it
# is seen by the canary, or by who asked.

load cloister

setup_file() {
  "$ROOT/scripts/services" --if-missing
  start_internet
  "$ENGINE" run --detach --init --name "$NAME-squid" --label "cloister.test=$NAME" --network "$NAME" --network-alias squid \
    --dns "$NET_DNS" "${CLOISTER_SERVICES:-cloister-services:dev}" squid agent "$PASSWORD" >/dev/null
  eventually 20 in_box squid 'bash -c "echo >/dev/tcp/127.0.0.1/3128"'
  SQUID=$("$ENGINE" inspect --format "{{(index .NetworkSettings.Networks \"$NAME\").IPAddress}}" "$NAME-squid")
  export SQUID
  ctl DELETE /canary >/dev/null
  ctl DELETE /web/wire >/dev/null
  ctl DELETE /dns/log >/dev/null
  company main --env REPO_URL=https://github.com/cloister-demo/hello --env NOTIFY_URL=https://notify.test/night \
    --env BOX_NAME=main --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro" \
    --env 'ALLOW_DOMAINS=allowed.test,allowed.test:80,allowed.test:8443,*.wild.test'
}

teardown_file() {
  remove_all
}

PASSWORD=kept-from-the-agent

# company BOX [FLAG...]: no resolver that it could ask answers, and the account is right unless told otherwise.
company() {
  WITHOUT=DNS_UPSTREAM box "$1" --env DNS_UPSTREAM=203.0.113.9 --env "HTTPS_PROXY=http://agent:$PASSWORD@squid:3128" "${@:2}"
}

is_health() {
  matches "$("$ENGINE" exec "$NAME-$1" cloister health --json)" ".status == \"$2\" and (.reasons | join(\"; \") | test(\"$3\"))"
}

# What arrived anywhere came from the proxy, and nobody else asked or was sighted.
all_through_squid() {
  holds /web/wire "length > 0 and all(.[]; .peer | startswith(\"$SQUID\"))"
  holds /dns/log "all(.[]; .source | startswith(\"$SQUID\"))"
  holds /canary '.sightings == []'
}

@test "through it the box is healthy, the repository cloned, and nothing has gone beside it" {
  eventually 20 is_health main healthy '^$'
  is_status main '.repository == "cloned" and (.firewall.unresolved | length) == 0 and .resolver.through == "squid:3128"'
  eventually 10 "$ENGINE" exec "$NAME-main" cloister verify
  all_through_squid
}

@test "the agent reaches what is allowed over TLS, on another port, below a wildcard, and over plain HTTP" {
  [[ $(as_agent main 'curl -sS --max-time 10 https://allowed.test') == allowed ]]
  [[ $(as_agent main 'curl -sS --max-time 10 https://allowed.test:8443') == allowed ]]
  [[ $(as_agent main 'curl -sS --max-time 10 https://deep.wild.test') == allowed ]]
  [[ $(as_agent main 'curl -sS --max-time 10 http://allowed.test/by-http') == allowed ]]
  holds /web/log "any(.[]; .path == \"/by-http\" and .host == \"allowed.test\")"
  as_agent main 'gh api user --jq .login' | grep -x cloister-bot
  all_through_squid
}

@test "what is not allowed is refused before the proxy hears of it" {
  run ! as_agent main 'curl -sS --max-time 10 https://denied.test'
  run ! as_agent main "curl -sSk --max-time 10 --resolve denied.test:443:198.51.100.77 https://denied.test"
  try as_agent main "curl -sS --max-time 10 -H 'Host: denied.test' http://allowed.test"
  [[ $output == *'cloister allow denied.test:80'* ]]
  run ! log_of_squid denied
  holds /canary '.sightings == []'
  # It hears of what is allowed.
  "$ENGINE" exec "$NAME-main" cloister allow denied.test
  as_agent main 'curl -sSk --max-time 10 https://denied.test' || true
  eventually 5 log_of_squid denied
  "$ENGINE" exec "$NAME-main" cloister deny denied.test
  ctl DELETE /canary >/dev/null
}

log_of_squid() {
  in_box squid 'cat /var/log/squid/access.log' | grep -F "$1"
}

@test "the agent does not reach the proxy itself, and does once the firewall is gone" {
  run ! as_agent main "curl -sS --max-time 5 -x http://$SQUID:3128 http://allowed.test/by-itself"
  run ! log_of_squid by-itself
  in_box main 'iptables-save' >"$BATS_FILE_TMPDIR/rules"
  in_box main 'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT'
  try as_agent main "curl -sS --max-time 5 -x http://$SQUID:3128 http://allowed.test/by-itself"
  in_box main 'iptables-restore' <"$BATS_FILE_TMPDIR/rules"
  # Without an account it is the proxy that refuses.
  [[ $output == *'Access Denied'* ]]
}

@test "its account is nowhere the agent can read, and in no log" {
  local search
  search="grep -rasE '$PASSWORD|$(printf 'agent:%s' "$PASSWORD" | base64)' /run/cloister /etc /tmp /home/claude /workspace \
    /proc/[0-9]*/environ /proc/[0-9]*/cmdline"
  run ! bash -c "$(declare -f in_session); ENGINE=$ENGINE NAME=$NAME BATS_TEST_NUMBER=x in_session main \"$search 2>/dev/null\" | grep -av -e in-session -e 'grep.-rasE'"
  in_session main "cloister status --json; cloister log --json; env" | grep "$PASSWORD" && return 1
  # The search finds what is there to be found.
  in_session main "echo planted $PASSWORD >/tmp/planted; $search 2>/dev/null | grep -q planted; found=\$?; rm /tmp/planted; exit \$found"
  run ! grep "$PASSWORD" <(log_of main)
  # An answer of the agent's own server is not led through it, and no header of ours is in a request.
  holds /web/log 'tostring | contains("roxy-") | not'
}

@test "what the box sends itself goes through it as well, and so does the rescue" {
  as_agent main 'python3 -c "
import http.client
c = http.client.HTTPConnection(\"127.0.0.53\", 318); c.request(\"POST\", \"/notify\", \"{\\\"word\\\": \\\"waits\\\"}\")"' || true
  in_session main 'cd /workspace/repo && echo more >>README.md'
  "$ENGINE" stop --time 60 "$NAME-main" >/dev/null
  eventually 10 matches_received 'any(.[]; .body | startswith("main: the box has stopped"))'
  holds /github/log 'any(.[]; .path | contains("git-receive-pack"))'
  all_through_squid
}

@test "with a wrong account, or where nobody listens, health is degraded, with the remedy" {
  WITHOUT=DNS_UPSTREAM box wrong --env DNS_UPSTREAM=203.0.113.9 --env 'HTTPS_PROXY=http://agent:of-yesterday@squid:3128'
  eventually 10 is_health wrong degraded "api.anthropic.com can.t be reached: the proxy of HTTPS_PROXY did not take its user and password; set HTTPS_PROXY"
  try as_agent wrong 'curl -sS --max-time 10 https://api.anthropic.com'
  [[ $status == 35 ]]
  eventually 5 as_agent wrong 'grep -F proxy-authentication /run/cloister/failures.jsonl'
  remove_box wrong
  WITHOUT=DNS_UPSTREAM box wrong --env DNS_UPSTREAM=203.0.113.9 --env 'HTTPS_PROXY=http://squid:3129'
  eventually 10 is_health wrong degraded 'could not be reached; set HTTPS_PROXY to where a proxy answers'
  remove_box wrong
}

@test "names of NO_PROXY are asked of the resolver and dialled themselves" {
  company exempt --env "DNS_UPSTREAM=$NET_DNS" --env NO_PROXY=.test --env ALLOW_DOMAINS=allowed.test
  ctl DELETE /web/wire >/dev/null
  [[ $(as_agent exempt 'curl -sS --max-time 10 https://allowed.test') == allowed ]]
  holds /web/wire "any(.[]; .local == \"198.51.100.77\" and (.peer | startswith(\"$SQUID\") | not))"
  remove_box exempt
}
