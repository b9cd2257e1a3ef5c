#!/usr/bin/env bats
# What `cloister health`, the image's HEALTHCHECK, says, and that it follows the truth.

load cloister

setup_file() {
  start_internet
  box main
  # Without the model's own host. Told of it a minute later: meanwhile the others run.
  echo 'allowed.test' >"$BATS_FILE_TMPDIR/domains.conf"
  box unlisted --volume "$BATS_FILE_TMPDIR/domains.conf:/etc/cloister/domains.conf:ro" --env NOTIFY_ON=degraded \
    --env NOTIFY_URL=https://notify.test/night --env BOX_NAME=unlisted
}

teardown_file() {
  remove_all
}

says_health() {
  "$ENGINE" exec "$NAME-main" cloister health --json
}

# is STATUS REASON: of the box now.
is() {
  matches "$(says_health)" ".status == \"$1\" and (.reasons | join(\"; \") | test(\"$2\"))"
}

@test "a box that works is healthy, and says its age" {
  eventually 20 is healthy '^$'
  matches "$(says_health)" '.age > 0'
  [[ $("$ENGINE" exec "$NAME-main" cloister health) == healthy ]]
}

@test "the image's health check is this command" {
  [[ $("$ENGINE" inspect --format '{{json .Config.Healthcheck.Test}}' "$CLOISTER_IMAGE") == '["CMD","/usr/local/bin/cloister","health"]' ]]
}

@test "a firewall that was opened from outside is found, although every process lives" {
  in_box main 'iptables -P OUTPUT ACCEPT'
  try says_health
  [[ $status == 70 ]]
  is unhealthy 'OUTPUT does not drop by default'
  in_box main 'iptables -P OUTPUT DROP; iptables -I OUTPUT 1 -j ACCEPT'
  is unhealthy 'does not begin with the firewall'
  in_box main 'iptables -D OUTPUT -j ACCEPT; ip6tables -D OUTPUT -j CLOISTER-OUTPUT'
  is unhealthy 'ip6tables'
  in_box main 'ip6tables -I OUTPUT 1 -j CLOISTER-OUTPUT; iptables -t mangle -D POSTROUTING -j CLOISTER-LEAK'
  is unhealthy 'mangle: POSTROUTING does not begin with the firewall'
  in_box main 'iptables -t mangle -I POSTROUTING 1 -j CLOISTER-LEAK'
  eventually 5 is healthy '^$'
}

@test "an egress process that stands still is found, and that it is back" {
  in_box main 'pkill -STOP -u 65053'
  is unhealthy 'resolver does not answer'
  is unhealthy 'proxy'
  in_box main 'pkill -CONT -u 65053'
  eventually 10 is healthy '^$'
}

# Where there is a way out it goes the agent's, and believes no process that merely lives.
@test "a proxy that nobody is led to any more is found" {
  box led
  eventually 20 is_of led healthy '^$'
  in_box led 'iptables -t nat -F CLOISTER-PROXY'
  is_of led unhealthy 'proxy does not judge'
  in_box led 'iptables -t nat -A CLOISTER-PROXY -p tcp --dport 443 -j DNAT --to-destination 127.0.0.53:443'
  eventually 5 is_of led healthy '^$'
  in_box led 'pkill -STOP -u 65053'
  is_of led unhealthy 'proxy does not judge'
  in_box led 'pkill -CONT -u 65053'
  # It leaves no refusals behind that would look like the agent's.
  "$ENGINE" exec "$NAME-led" cloister log --json >"$BATS_TEST_TMPDIR/log"
  run ! grep -e cloister-self-test -e 192.0.2.1 "$BATS_TEST_TMPDIR/log"
  remove_box led
}

is_of() {
  matches "$("$ENGINE" exec "$NAME-$1" cloister health --json)" ".status == \"$2\" and (.reasons | join(\"; \") | test(\"$3\"))"
}

@test "a workspace that is nearly full, or not the agent's to write, is degraded" {
  in_box main 'fallocate -l 2900M /workspace/full'
  is degraded '/workspace is 9[0-9] % full'
  in_box main 'rm /workspace/full; chmod 0555 /workspace'
  is degraded '/workspace is not writable'
  in_box main 'chmod 0755 /workspace'
  eventually 5 is healthy '^$'
}

@test "an agent that ended, a full disk: degraded, with the reason" {
  # Once it is started again at once; so often, it stays down.
  in_box main 'for i in {1..200}; do pkill -KILL -x -u 1000 claude; sleep 0.1; done'
  eventually 15 is degraded 'agent is not running: it ended again and again, last with code 137'
  in_box main 'fallocate -l 970M /tmp/full'
  is degraded '/tmp is 9[0-9] % full'
  in_box main 'rm /tmp/full'
}

@test "where the resolver answers nothing, the model's host has no address: degraded, with the reason and the remedy" {
  box silent --env DNS_UPSTREAM=203.0.113.9
  eventually 10 is_of silent degraded '^the model.s host api.anthropic.com has no usable address: no upstream resolver answered .asked: 203.0.113.9.; set DNS_UPSTREAM'
  [[ $("$ENGINE" inspect --format '{{.State.Status}}' "$NAME-silent") == running ]]
  "$ENGINE" exec "$NAME-silent" cloister status | grep -F 'no usable address'
  "$ENGINE" exec "$NAME-silent" cloister health
  remove_box silent
}

@test "where everything answers from 198.18.0.0/15, the remedy is the range; allowed, or answered well, the box is healthy" {
  ctl PUT /dns/zone/api.anthropic.com '{"a": ["198.18.0.7"]}' >/dev/null
  box aliased
  eventually 10 is_of aliased degraded 'api.anthropic.com .*private or local addresses .198.18.0.7.; set ALLOW_PRIVATE=198.18.0.0/15'
  box ranged --env ALLOW_PRIVATE=198.51.100.0/24,198.18.0.0/15
  eventually 10 is_of ranged healthy '^$'
  ctl DELETE /dns/zone >/dev/null
  eventually 30 is_of aliased healthy '^$'
  remove_box aliased
  remove_box ranged
}

@test "of a model's host that the list lacks the operator is told, with the command that allows it" {
  eventually 10 is_of unlisted degraded 'not on the allowlist; `cloister allow api.anthropic.com`'
  eventually 70 matches_received 'any(.[]; .body == "unlisted: the box works, but somebody should look at it\n")'
  "$ENGINE" exec "$NAME-unlisted" cloister allow api.anthropic.com
  eventually 90 is_of unlisted healthy '^$'
}
