#!/usr/bin/env bats
# What happens around a box: its upstream dies, its network is unplugged.

load cloister

setup_file() {
  start_internet
  box main --env ALLOW_DOMAINS=allowed.test,*.wild.test
}

teardown_file() {
  remove_all
}

answers() {
  as_agent main "curl -sS --max-time 2 https://$1" | grep -qx allowed
}

health() {
  "$ENGINE" exec "$NAME-main" cloister health --json
}

is() {
  matches "$(health)" ".status == \"$1\""
}

@test "with a dead upstream what is known goes on, the rest fails at once or in seconds, and health answers" {
  answers allowed.test
  ctl PUT '/dns/zone/*.wild.test' '{"drop": true}' >/dev/null
  # 6: it could not be resolved; it is not curl's own time that was up.
  try as_agent main 'curl -sS --max-time 15 https://one.wild.test'
  [[ $status == 6 ]]
  answers allowed.test
  matches "$(health)" '.status == "healthy" or .status == "degraded"'
  ctl DELETE /dns/zone >/dev/null
  eventually 15 answers two.wild.test
}

@test "unplugged it stays up, fails at once, and goes on when it is plugged in again" {
  "$ENGINE" network disconnect "$NAME" "$NAME-main"
  run ! answers allowed.test
  matches "$(health)" '.status == "healthy" or .status == "degraded"'
  in_box main 'iptables -S OUTPUT | grep -qx -e "-P OUTPUT DROP"'
  "$ENGINE" network connect "$NAME" "$NAME-main"
  eventually 15 answers allowed.test
  eventually 15 is healthy
  is_status main '.resolver.restarts == 0 and .session.restarts == 0'
  run ! as_agent main 'curl -sk --max-time 2 https://denied.test'
}

@test "verify still proves the box after all that" {
  "$ENGINE" exec "$NAME-main" cloister verify >/dev/null
}
