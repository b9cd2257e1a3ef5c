#!/usr/bin/env bats
# How init tells the kernel which pairs of address and port are pinned: over netlink, without a program.

load cloister

setup_file() {
  start_internet
  for name in late.test later.test; do
    ctl PUT "/dns/zone/$name" '{"a": ["198.51.100.77"]}' >/dev/null
    ctl PUT "/web/hosts/$name" >/dev/null
  done
  # An nft that counts its starts, and refuses while it is told to.
  "$ENGINE" build --quiet --tag "$NAME-variant" - <<<"FROM $CLOISTER_IMAGE
RUN mv /usr/sbin/nft /usr/sbin/real-nft && printf '%s\n' '#!/bin/sh' 'echo started >>/run/cloister/private/nft' \
  'if [ -e /run/cloister/private/refuse ]; then cat >/dev/null; echo Device or resource busy >&2; exit 1; fi' \
  'exec /usr/sbin/real-nft \"\$@\"' >/usr/sbin/nft && chmod 755 /usr/sbin/nft" >/dev/null
  CLOISTER_IMAGE=$NAME-variant box pins --env ALLOW_DOMAINS=allowed.test
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-variant" >/dev/null 2>&1 || true
}

starts() {
  in_box pins 'cat /run/cloister/private/nft' | grep -c started
}

pinned() {
  in_box pins 'real-nft list set ip cloister pins' | grep -oE '198[.]51[.]100[.]77 [.] [0-9]+' | sort
}

# freeze: from now on the kernel refuses every change of the set (EBUSY), and what stands stays.
freeze() {
  in_box pins '{ echo "delete table ip cloister"
    real-nft list table ip cloister | sed "s/type ipv4_addr . inet_service/&; flags constant/"; } | real-nft -f -'
}

@test "in a kernel's own set each change is whole or none, is what nft would have made of it, and heals what it meets" {
  try "$ENGINE" run --rm --label "cloister.test=$NAME" --network none --cap-drop ALL --cap-add NET_ADMIN \
    --security-opt no-new-privileges --volume "$ROOT:/root-of-us:ro" --entrypoint sh "$CLOISTER_IMAGE" -c '
      mkdir -p /tmp/source/test/container && cp -R /root-of-us/src /root-of-us/package.json /tmp/source/ &&
      cp -R /root-of-us/test/container/fixtures /tmp/source/test/container/ &&
      cp /usr/local/lib/cloister/*.node /tmp/source/src/host/ && node /tmp/source/test/container/fixtures/pins.ts'
  [[ $status == 0 ]]
  local nft='["/usr/sbin/nft"]' one='"198.51.100.1 . 443"' three='"198.51.100.3 . 8443"' four='"198.51.100.4 . 443"'
  matches "$output" ".first.pinning == \"set\" and .first.elements == [$one]"
  matches "$output" ".added == {pinning: \"set\", elements: [$one, \"198.51.100.2 . 443\", $three], started: []}"
  matches "$output" '.sameAsNft'
  matches "$output" ".replaced.elements == [$three, $four] and .replaced.started == []"
  matches "$output" '.addedTwice == .replaced'
  matches "$output" '(.half | contains("ENOENT")) and .afterHalf == .replaced.elements'
  matches "$output" '.thousand == 1002 and .withoutThousand == .replaced'
  matches "$output" ".moreThanThousand == {elements: 1003, started: $nft} and .without.started == $nft"
  matches "$output" ".withoutTable == {pinning: \"set\", elements: [$three, $four, \"198.51.100.6 . 443\"], started: $nft}"
  matches "$output" '.afterwards == .replaced'
}

@test "an answer's address is pinned, and let go with its rule, without a program's start" {
  local before
  before=$(starts)
  ((before > 0))
  in_box pins 'cloister allow late.test:8443'
  as_agent pins 'curl -sSf --max-time 5 https://late.test:8443'
  [[ $(pinned) == *'198.51.100.77 . 8443'* ]]
  in_box pins 'cloister deny late.test:8443'
  [[ $(pinned) != *8443* ]]
  run ! as_agent pins 'curl -sS --max-time 5 https://late.test:8443'
  [[ $(starts) == "$before" ]]
  [[ $(as_agent pins 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
}

@test "a change the kernel refuses init is written anew at once" {
  in_box pins 'cloister allow later.test:8443'
  freeze
  local before
  before=$(starts)
  as_agent pins 'curl -sSf --max-time 5 https://later.test:8443'
  (($(starts) == before + 1))
  [[ $(pinned) == *'198.51.100.77 . 8443'* ]]
  [[ $(in_box pins 'real-nft list set ip cloister pins') != *constant* ]]
  is_status pins '.firewall.lastFailure == null'
}
