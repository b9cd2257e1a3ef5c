#!/usr/bin/env bats
# The fake internet proves itself with a plain container on its network: what the other tests lean on,
# that good clients work, that the canary sees what it must, that nothing goes past it, holds here first.

bats_require_minimum_version 1.5.0

setup_file() {
  export ENGINE=${ENGINE:-docker} NAME=cloister-internet-$$ INTERNET=$BATS_TEST_DIRNAME/../internet
  local line
  while read -r line; do export "NET_${line?}"; done < <("$INTERNET/up" "$NAME" --ipv6 \
    --subnet4 198.51.100.0/25 --subnet6 2001:db8:c14::/64 --folder "$BATS_FILE_TMPDIR")
  "$ENGINE" run --detach --init --name "$NAME-box" --network "$NAME" --dns "$NET_DNS" --cap-add NET_ADMIN \
    --volume "$NET_CA:/ca.pem:ro" --env SSL_CERT_FILE=/ca.pem --env CURL_CA_BUNDLE=/ca.pem \
    --env GIT_SSL_CAINFO=/ca.pem --env NODE_EXTRA_CA_CERTS=/ca.pem --env GIT_TERMINAL_PROMPT=0 \
    --entrypoint sleep "${CLOISTER_IMAGE:-cloister:dev}" 600 >/dev/null
}

teardown_file() {
  "$ENGINE" rm --force "$NAME-box" >/dev/null
  "$INTERNET/down" "$NAME"
}

setup() {
  ctl DELETE /canary
}

box() {
  "$ENGINE" exec --user "${BOX_USER:-root}" "$NAME-box" timeout 60 bash -c "$1"
}

ctl() {
  "$INTERNET/ctl" "$NAME" "$@"
}

# The machine may have no jq: the image has.
jq() {
  "$ENGINE" exec --interactive "$NAME-box" jq "$@"
}

# jq's expression must be true of what the control API answers.
holds() {
  local answer
  answer=$(ctl GET "$1")
  jq --exit-status "$2" <<<"$answer" >/dev/null || { echo "$1: not so: $2"; echo "$answer"; return 1; }
}

@test "an allowed host answers in both families" {
  box 'curl -sS -4 https://allowed.test' | grep -x allowed
  box 'curl -sS -6 https://allowed.test' | grep -x allowed
  holds /canary '.sightings == []'
}

@test "the canary writes down a connection to its name, and what it says" {
  box 'curl -sS https://denied.test'
  holds /canary '.sightings | any(.transport == "tls-name" and .name == "denied.test")'
  holds /canary '.counters["packets.canary"] > 0'
}

@test "the canary writes down a blocked name on an allowed address" {
  box "curl -sS --resolve denied.test:443:$NET_ALLOWED https://denied.test"
  holds /canary ".sightings | any(.name == \"denied.test\" and .local == \"$NET_ALLOWED\")"
}

@test "whatever is sent to any address at all ends at the canary" {
  box 'echo secret >/dev/udp/203.0.113.9/53; echo secret >/dev/tcp/203.0.113.9/53'
  box 'echo secret >/dev/udp/2001:db8:dead::9/53; echo secret >/dev/tcp/2001:db8:dead::9/443'
  holds /canary '[.sightings[] | select(.text | startswith("secret"))] | length == 4'
  holds /canary '.counters["packets.elsewhere"] > 4'
}

@test "the host takes no packet that a box puts on its end of the bridge" {
  local bridge mac
  bridge=br-$("$ENGINE" network inspect --format '{{slice .Id 0 12}}' "$NAME")
  [[ -r /sys/class/net/$bridge/address ]] || skip "the engine runs on another machine"
  mac=$(<"/sys/class/net/$bridge/address")
  [[ $(</proc/sys/net/ipv4/conf/"$bridge"/forwarding) == 0 ]]
  [[ $(</proc/sys/net/ipv6/conf/"$bridge"/disable_ipv6) == 1 ]]
  local addresses
  addresses=$("$ENGINE" run --rm --network host --entrypoint ip "${CLOISTER_IMAGE:-cloister:dev}" -brief address show "$bridge")
  [[ $addresses == "$bridge"* && -z $(awk '{print $3}' <<<"$addresses") ]]
  local before
  before=$(refused_packets)
  box "ip neigh replace 198.51.100.125 lladdr $mac dev eth0
    ip route replace 203.0.113.0/24 via 198.51.100.125
    for ((i = 0; i < 50; i++)); do echo secret >/dev/udp/203.0.113.9/9; done
    ip route delete 203.0.113.0/24"
  (($(refused_packets) >= before + 50))
}

refused_packets() {
  awk '/^Ip: [0-9]/ {print $6}' /proc/net/snmp
}

@test "git clones in public and pushes with the token alone" {
  box 'git clone --quiet https://github.com/cloister-demo/hello /tmp/hello
    cd /tmp/hello && git -c user.name=a -c user.email=a@b.test commit --quiet --allow-empty --message=two'
  run ! box 'cd /tmp/hello && git push'
  run ! box 'cd /tmp/hello && git push https://x:wrong@github.com/cloister-demo/hello'
  holds /github/repos/cloister-demo/hello '.log | length == 1'
  box "cd /tmp/hello && git push https://x:$NET_GH_PAT@github.com/cloister-demo/hello HEAD:main"
  holds /github/repos/cloister-demo/hello '.log[0] | .subject == "two" and .author == "a <a@b.test>"'
  run ! box 'git clone https://github.com/cloister-demo/private /tmp/private'
}

@test "gh and npm see the account" {
  box "GH_TOKEN=$NET_GH_PAT gh auth status"
  [[ $(box "GH_TOKEN=$NET_GH_PAT gh api user --jq .login") == cloister-bot ]]
  run ! box 'GH_TOKEN=wrong gh api user'
  box "npm whoami --registry=https://npm.pkg.github.com --//npm.pkg.github.com/:_authToken=$NET_GH_PAT"
}

@test "the real Claude Code runs the tool that the script names" {
  ctl PUT /anthropic/script '{"turns": [
    {"tool_use": {"name": "Bash", "input": {"command": "id -un >effect", "description": "Leave a trace"}}},
    {"text": "It is done."}]}'
  BOX_USER=claude box 'export HOME=/tmp/claude CLAUDE_CODE_OAUTH_TOKEN=fake PATH=/usr/local/lib/claude-code:$PATH
    mkdir -p $HOME && cd $HOME
    claude --dangerously-skip-permissions -p "do it" </dev/null' | grep -x 'It is done.'
  [[ $(box 'cat /tmp/claude/effect') == claude ]]
  holds /anthropic/log 'any(.kind == "conversation" and .prompt == "do it" and .auth == "Bearer")'
}

@test "DNS behaves as badly as it is told" {
  ctl PUT /dns/zone/dead.test '{"drop": true}'
  ctl PUT /dns/zone/turning.test '{"a": ["198.51.100.1", "198.51.100.2"], "rotate": true, "ttl": 0}'
  run ! box 'RES_OPTIONS="timeout:1 attempts:1" getent ahostsv4 dead.test'
  [[ $(box 'getent ahostsv4 turning.test | cut -d" " -f1 | sort -u') != $(box 'getent ahostsv4 turning.test |
    cut -d" " -f1 | sort -u') ]]
  run ! box 'getent ahostsv4 nobody.test'
  holds /dns/log 'any(.name == "nobody.test" and .type == "A")'
}
