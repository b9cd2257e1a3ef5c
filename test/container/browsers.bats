#!/usr/bin/env bats
# bats file_tags=here
# Browsers of Debian in an image from ours, as the agent, under its profile. The image is made here, which takes a minute
# or two: it needs the engine that reaches Debian's mirror.

load cloister

setup_file() {
  export PATIENCE=10
  start_internet
  build_browsers
  ctl PUT /dns/zone/hides.test "{\"a\": [\"$NET_ALLOWED\"]}" >/dev/null
  ctl PUT /web/hosts/hides.test >/dev/null
  CLOISTER_IMAGE=$NAME-browsers box main --env 'ALLOW_DOMAINS=allowed.test,hides.test ech' \
    --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
}

build_browsers() {
  tar -cf - -C "$ROOT/build" host npm -C "$BATS_TEST_DIRNAME/fixtures" browsers.Dockerfile |
    "$ENGINE" build --quiet --tag "$NAME-browsers" --build-arg "BASE=$CLOISTER_IMAGE" --file browsers.Dockerfile - >/dev/null
}

teardown_file() {
  remove_all
  "$ENGINE" rmi --force "$NAME-browsers" >/dev/null
}

@test "a browser test by Playwright opens pages of allowed hosts, and no other; the company's certificate is trusted" {
  try in_session main 'node /fixtures/visit.mjs /usr/bin/chromium https://allowed.test https://denied.test'
  [[ $output == $'https://allowed.test allowed\nhttps://denied.test net::ERR_NAME_NOT_RESOLVED' ]]
  holds /web/log 'any(.[]; .sni == "allowed.test" and .path == "/") and all(.[]; .sni != "denied.test")'
}

@test "a page of an address that was forged for an allowed name's own is not had by it" {
  try in_session main "chromium --headless --disable-gpu --host-resolver-rules='MAP denied.test $NET_ALLOWED' --dump-dom https://denied.test"
  [[ $output != *'writes down'* && $output != *'>allowed'* ]]
  holds /canary 'all(.sightings[]; .name != "denied.test")'
}

@test "a headless shell, which reads no policy, opens what the operator's rule lets hide, and nothing else" {
  local shell='chromium-headless-shell --no-sandbox --disable-gpu --ignore-certificate-errors --dump-dom'
  try in_session main "$shell https://hides.test"
  [[ $output == *'>allowed'* ]]
  try in_session main "$shell https://allowed.test"
  [[ $output == *ERR_SSL_PROTOCOL_ERROR* && $output != *'>allowed'* ]]
  try in_session main "$shell https://denied.test"
  [[ $output == *ERR_NAME_NOT_RESOLVED* ]]
  "$ENGINE" exec "$NAME-main" cloister log | grep 'allowed.test:443.*encrypted ClientHello'
}

@test "without the policies the browser is refused, too: they are what opens the page" {
  CLOISTER_IMAGE=$NAME-browsers box bare --env ALLOW_DOMAINS=allowed.test --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro" \
    --tmpfs /etc/chromium/policies:mode=0755
  try in_session bare 'node /fixtures/visit.mjs /usr/bin/chromium https://allowed.test'
  [[ $output == *'https://allowed.test net::ERR_SSL_PROTOCOL_ERROR'* ]]
  remove_box bare
}
