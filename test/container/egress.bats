#!/usr/bin/env bats
# The way out on kernels that lack something, and when the kernel refuses a change.

load cloister

setup_file() {
  start_internet
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-variant" >/dev/null 2>&1 || true
}

# variant SHELL: an image that differs by what the shell command did to it as root, as another kernel would show.
variant() {
  "$ENGINE" build --quiet --tag "$NAME-variant" - <<<"FROM $CLOISTER_IMAGE
RUN $1" >/dev/null
}

# variant_box BOX [FLAG...]
variant_box() {
  CLOISTER_IMAGE=$NAME-variant box "$@"
}

without_sets='printf "#!/bin/sh\necho Operation not supported >&2\nexit 1\n" >/usr/sbin/nft'
# What iptables says on a kernel without nf_nat; everything else goes to the real program.
without_nat='rm /usr/sbin/iptables-nft-restore && printf "%s\n" "#!/bin/bash" \
  "document=\$(cat)" \
  "if [[ \$document == *\"*nat\"* ]]; then echo \"table nat: No such file or directory\" >&2; exit 4; fi" \
  "exec /usr/sbin/xtables-nft-multi iptables-restore \"\$@\" <<<\"\$document\"" >/usr/sbin/iptables-nft-restore && \
  chmod 755 /usr/sbin/iptables-nft-restore'

allows_and_refuses() {
  ctl DELETE /canary >/dev/null
  [[ $(as_agent "$1" 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
  run ! as_agent "$1" 'curl -sS --max-time 5 https://denied.test'
  run ! as_agent "$1" 'curl -sS --max-time 5 https://198.51.100.66'
  run ! as_agent "$1" 'curl -sS --max-time 5 http://198.51.100.77:8080'
  holds /canary '.sightings == []'
}

@test "where the kernel has sets the pins are a set, and the firewall's own chain has one rule" {
  box sets --env ALLOW_DOMAINS=allowed.test
  allows_and_refuses sets
  matches "$(status_of sets)" '.firewall.pinning == "set" and .firewall.pins > 0'
  in_box sets 'nft list set ip cloister pins' | grep -F '198.51.100.77 . 443'
  [[ $(in_box sets 'iptables -S CLOISTER-PINS' | grep -c -- '^-A') == 1 ]]
}

@test "an emptied set closes every new connection, whatever else stands" {
  in_box sets 'nft flush set ip cloister pins'
  try as_agent sets 'curl -sS --max-time 5 https://allowed.test'
  [[ $status != 0 ]]
  remove_box sets
}

@test "without sets the pins are a chain, and the same is allowed and refused" {
  variant "$without_sets"
  variant_box chain --env ALLOW_DOMAINS=allowed.test
  allows_and_refuses chain
  matches "$(status_of chain)" '.firewall.pinning == "chain" and .firewall.pins > 0'
  in_box chain 'iptables -S CLOISTER-PINS' | grep -F -- '-d 198.51.100.77/32 -p tcp -m tcp --dport 443 -j ACCEPT'
  remove_box chain
}

@test "a kernel that can't redirect is refused with 77 that names the way on" {
  variant "$without_nat"
  local flags
  mapfile -t flags < <(reference_flags; internet_flags | grep -v -e --network)
  CLOISTER_IMAGE=$NAME-variant REFUSED_NETWORK=$NAME refused "${flags[@]}"
  [[ $status == 77 && $output == *'cannot redirect'* && $output == *'EGRESS_FALLBACK=address'* ]]
}

@test "with EGRESS_FALLBACK=address it boots, checks addresses alone, and says so" {
  echo 'nameserver 127.0.0.53' >"$BATS_FILE_TMPDIR/resolv.conf"
  variant_box fallback --env ALLOW_DOMAINS=allowed.test --env EGRESS_FALLBACK=address \
    --env NOTIFY_URL=https://notify.test/topic \
    --volume "$BATS_FILE_TMPDIR/resolv.conf:/etc/resolv.conf:ro"
  allows_and_refuses fallback
  # The agent dials what is pinned: so nothing of the box's own is, and nobody takes its words.
  says '"event":"outbound.off"' "$ENGINE" logs "$NAME-fallback"
  run ! as_agent fallback 'exec 3<>/dev/tcp/127.0.0.53/318'
  matches "$(status_of fallback)" '.firewall.byAddress and .firewall.proxied == []'
  says 'names are not checked' "$ENGINE" exec "$NAME-fallback" cloister status
  says 'names are not checked' "$ENGINE" logs "$NAME-fallback"
  # What the name's check would have refused goes through: the price that status names.
  [[ $(as_agent fallback 'curl -sSk --max-time 5 --resolve other.test:443:198.51.100.77 https://other.test') != '' ]]
  remove_box fallback
}

@test "without a resolv.conf of the box's own the fallback is refused with 77 that says what to mount" {
  local flags
  mapfile -t flags < <(reference_flags; internet_flags | grep -v -e --network)
  CLOISTER_IMAGE=$NAME-variant REFUSED_NETWORK=$NAME refused "${flags[@]}" --env EGRESS_FALLBACK=address
  [[ $status == 77 && $output == *'nameserver 127.0.0.53'* ]]
}

@test "a kernel that can redirect is not asked to fall back" {
  box able --env ALLOW_DOMAINS=allowed.test --env EGRESS_FALLBACK=address
  matches "$(status_of able)" '.firewall.byAddress == false and (.firewall.proxied | index(443))'
  run ! as_agent able 'curl -sSk --max-time 5 --resolve other.test:443:198.51.100.77 https://other.test'
  remove_box able
}

@test "a change the kernel refuses leaves the old rules, is told, and is tried again" {
  variant 'mv /usr/sbin/nft /usr/sbin/real-nft && printf "#!/bin/sh\nif [ -e /run/cloister/private/refuse ]; then cat >/dev/null; echo Device or resource busy >&2; exit 1; fi\nexec /usr/sbin/real-nft \"\$@\"\n" >/usr/sbin/nft && chmod 755 /usr/sbin/nft'
  ctl PUT /dns/zone/late.test '{"a": ["198.51.100.77"]}' >/dev/null
  ctl PUT /web/hosts/late.test >/dev/null
  variant_box busy --env ALLOW_DOMAINS=allowed.test
  # Nor does it take a change of this set from init: what stands in it stays.
  in_box busy '{ echo "delete table ip cloister"
    real-nft list table ip cloister | sed "s/type ipv4_addr . inet_service/&; flags constant/"; } | real-nft -f -'
  in_box busy 'touch /run/cloister/private/refuse; cloister allow late.test:8443'
  try as_agent busy 'curl -sS --max-time 5 https://late.test:8443'
  [[ $status != 0 ]]
  eventually 5 is_status busy '.firewall.lastFailure | contains("busy")'
  [[ $(as_agent busy 'curl -sS --max-time 5 https://allowed.test') == allowed ]]
  says '"event":"firewall.failed"' "$ENGINE" logs "$NAME-busy"
  says 'Device or resource busy: the kernel refused the change of the pins: EBUSY' "$ENGINE" logs "$NAME-busy"
  in_box busy 'rm /run/cloister/private/refuse'
  eventually 30 is_status busy '.firewall.lastFailure == null'
  eventually 10 as_agent busy 'curl -sSf --max-time 5 https://late.test:8443'
  remove_box busy
}

banner() {
  as_agent opaque "exec 3<>/dev/tcp/$1/22; timeout 3 head -n 1 <&3"
}

@test "an opaque rule relays to the addresses of its name and to no other, also from a new egress process" {
  box opaque --env ALLOW_DOMAINS=allowed.test:22/tcp
  ctl DELETE /canary >/dev/null
  [[ $(banner allowed.test) == SSH-2.0-allowed.test* ]]
  run ! banner 198.51.100.66
  run ! as_agent opaque 'curl -sS --max-time 5 https://allowed.test'
  holds /canary '.sightings == []'
  in_box opaque 'pkill -KILL -u 65053'
  # The address alone is known to the client, as to a program that looked it up long ago.
  eventually 15 says SSH-2.0-allowed.test banner 198.51.100.77
  run ! banner 198.51.100.66
  holds /canary '.sightings == []'
  remove_box opaque
}

@test "a flood of refused packets is told in part and counted in full" {
  box flood --env ALLOW_DOMAINS=allowed.test
  try as_agent flood 'python3 -c "
import socket
refused = 0
for port in range(20000, 23000):
    with socket.socket() as s:
        refused += s.connect_ex((\"198.51.100.66\", port)) == 111
print(refused)"'
  [[ $output == *3000* ]]
  eventually 20 is_status flood '.egress.refused >= 3000'
  (($("$ENGINE" logs "$NAME-flood" 2>&1 | grep -c '"via":"firewall"') < 400))
  says '"event":"egress.refused.more"' "$ENGINE" logs "$NAME-flood"
  remove_box flood
}

