#!/usr/bin/env bats
# bats file_tags=here
# Platforms differ: a writable root with SYS_ADMIN ends in the same posture, and what is missing is named.

load cloister

setup_file() {
  start_internet
  # What Fly gives: no tmpfs and no read-only root, but the capability to make both.
  box own --read-only=false "${OWN_ROOMS[@]}" --env WORKSPACE_SIZE=96m --env TMP_SIZE=64m \
    --env REPO_URL=https://github.com/cloister-demo/hello
}

teardown_file() {
  remove_all
}

CAPABILITIES='NET_ADMIN NET_BIND_SERVICE SETUID SETGID SETPCAP CHOWN KILL DAC_OVERRIDE FOWNER'
SECRETS=(--env GH_PAT=none --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN")
OWN_ROOMS=(--cap-add=SYS_ADMIN --security-opt=apparmor=unconfined)

# The reference run has the tmpfs and the read-only root: here it is taken apart.
box() {
  local flags
  mapfile -t flags < <(internet_flags; bare_flags)
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" "${@:2}" "$CLOISTER_IMAGE" >/dev/null
  eventually 30 in_box "$1" '[[ -s /run/cloister/ready ]]'
}

bare_flags() {
  reference_flags | grep -vE -e '^--(read-only|tmpfs)'
}

# refused_without PATTERN [FLAG...]: the reference flags, but for those that match, and some more.
refused_without() {
  local flags
  mapfile -t flags < <(reference_flags | grep -vE -e "$1")
  refused "${flags[@]}" "${SECRETS[@]}" "${@:2}"
}

@test "with a writable root and SYS_ADMIN the root becomes read-only" {
  in_box own 'grep -q "^[0-9]* [0-9]* [0-9:]* / / ro," /proc/self/mountinfo'
  try in_box own 'touch /usr/lib/x /etc/x /x'
  [[ $output == *'Read-only file system'*'Read-only file system'*'Read-only file system'* ]]
}

@test "it mounts the rooms itself, with the sizes asked for, those that go with the memory, and the contract's options" {
  try in_box own 'grep -E " (/workspace|/tmp|/home/claude|/run/cloister(/scratch)?) " /proc/self/mountinfo'
  assert_tmpfs "$output" /workspace 'rw,nosuid,nodev,relatime' 'size=98304k,nr_inodes=262144,mode=755,uid=1000,gid=1000'
  assert_tmpfs "$output" /tmp 'rw,nosuid,nodev,relatime' 'size=65536k,nr_inodes=65536'
  assert_tmpfs "$output" /home/claude 'rw,nosuid,nodev,relatime' 'size=2097152k,nr_inodes=524288,mode=700,uid=1000,gid=1000'
  assert_tmpfs "$output" /run/cloister 'rw,nosuid,nodev,noexec,relatime' 'size=16384k,nr_inodes=4096,mode=755'
  assert_tmpfs "$output" /run/cloister/scratch 'rw,nosuid,nodev,relatime' 'size=262144k,nr_inodes=16384,mode=700,uid=1000,gid=1000'
}

@test "init has dropped SYS_ADMIN with the rest, on every thread" {
  try in_box own 'cat /proc/1/task/*/status | grep -E "^(Cap|NoNewPrivs)" | tr -s "\t" " " | sort -u'
  [[ $output == $'CapAmb: 0000000000000000\nCapBnd: 00000000000015e0\nCapEff: 00000000000015e0\nCapInh: 0000000000000000\nCapPrm: 00000000000015e0\nNoNewPrivs: 1' ]]
}

@test "every promise holds there too, and the session is up on the clone" {
  try "$ENGINE" exec "$NAME-own" cloister verify --json
  [[ $status == 0 ]]
  matches "$output" 'all(.[]; .verdict == "holds")'
  as_agent own '[[ -d /workspace/repo/.git && $(readlink ~/.local/bin/claude) == /usr/local/bin/claude ]]'
  eventually 20 says 'bypass permissions on' screen own
}

@test "the agent's user can neither mount nor unmount there" {
  try as_agent own 'umount /tmp; mount -t tmpfs x /workspace; unshare --mount --map-root-user mount -o remount,bind,rw / && touch /x'
  [[ $status != 0 ]]
  in_box own '[[ ! -e /x ]] && grep -q " /tmp " /proc/self/mountinfo'
}

@test "a memory limit shrinks the rooms nobody asked a size for, and leaves a reserve" {
  box small --read-only=false "${OWN_ROOMS[@]}" --memory 1g --env TMP_SIZE=128m
  local sizes
  sizes=$("$ENGINE" exec "$NAME-small" cloister status --json | jq '[.disk["/workspace", "/tmp", "/home/claude"].size / 1048576]')
  echo "$sizes"
  matches "$sizes" '.[1] == 128 and .[0] < 512 and .[0] >= 16 and .[2] < 1024 and .[2] >= 16 and add <= 1024 - 256'
  remove_box small
}

@test "sizes that can not fit the memory limit are refused with 78" {
  local flags
  mapfile -t flags < <(bare_flags)
  refused "${flags[@]}" "${OWN_ROOMS[@]}" "${SECRETS[@]}" --memory 512m --env WORKSPACE_SIZE=600m
  [[ $status == 78 && $output == *'memory limit of 512 MB'* && $output == *WORKSPACE_SIZE* ]]
}

@test "a size that differs from the tmpfs the operator mounted is refused with 78" {
  refused_without '^$' --env WORKSPACE_SIZE=600m
  [[ $status == 78 && $output == *'/workspace was asked to be 600m but the tmpfs mounted there has 3g'* ]]
}

@test "a writable root without SYS_ADMIN is refused with 77 that names --read-only" {
  refused_without '^--read-only$'
  [[ $status == 77 && $output == *--read-only* ]]
}

@test "a missing tmpfs is refused with 77, and the flag it names mends it" {
  local room flag
  for room in /workspace /tmp /home/claude /run/cloister; do
    refused_without "^--tmpfs=$room:"
    [[ $status == 77 && $output == *"Add --tmpfs $room:"* ]]
    flag=$(grep -oE -e "--tmpfs $room:[a-z0-9_,=]+" <<<"$output")
    mends "$room" "${flag#--tmpfs }"
  done
}

mends() {
  local flags
  mapfile -t flags < <(reference_flags | grep -v -e "^--tmpfs=$1:")
  "$ENGINE" run --detach --name "$NAME-mended" --label "cloister.test=$NAME" --network none "${flags[@]}" "${SECRETS[@]}" \
    --tmpfs "$2" "$CLOISTER_IMAGE" >/dev/null
  eventually 20 says '"step":"mounts"' "$ENGINE" logs "$NAME-mended"
  run ! grep boot.failed <("$ENGINE" logs "$NAME-mended" 2>&1)
  remove_box mended
}

@test "a tmpfs with setuid or device files allowed is refused with 77" {
  refused_without '^--tmpfs=/tmp:' --tmpfs /tmp:rw,exec,suid,dev,size=512m
  [[ $status == 77 && $output == *'the tmpfs at /tmp lacks nosuid or nodev'* ]]
}

@test "each missing capability is refused with 77 that names its flag" {
  local name
  for name in $CAPABILITIES; do
    refused_without "^--cap-add=$name\$"
    [[ $status == 77 && $output == *"--cap-add $name"* ]]
  done
}

@test "several missing capabilities are named at once" {
  refused_without '^--cap-add=(KILL|CHOWN|SETPCAP)$'
  [[ $status == 77 && $output == *'--cap-add SETPCAP --cap-add CHOWN --cap-add KILL'* ]]
}

# Docker gives them to every user: the agent could share the resolver's UDP port and answer in its place.
@test "ports below 1024 that every user may bind are refused with 77 that names the flag" {
  refused_without '^--sysctl='
  [[ $status == 77 && $output == *'--sysctl net.ipv4.ip_unprivileged_port_start=1024'* ]]
}

@test "a user that is not root is refused with 77" {
  refused_without '^$' --user 1000
  [[ $status == 77 && $output == *'as root'* ]]
}

# Its own tables are the host's: it is refused before the firewall, and nothing of the host changed.
@test "the host's network namespace is refused with 77 and stays untouched" {
  local before
  # The sign that the boot goes by: without it the firewall would be the host's, so the test ends here.
  "$ENGINE" run --rm --network host --entrypoint test "$CLOISTER_IMAGE" -e /proc/sys/net/core/netdev_max_backlog
  before=$(host_tables)
  REFUSED_NETWORK=host refused_without '^--sysctl='
  [[ $status == 77 && $output == *"host's own network namespace"*'--network host'* && $output != *'"step":"firewall"'* ]]
  [[ $(host_tables) == "$before" && $before == *'*filter'* ]]
}

host_tables() {
  "$ENGINE" run --rm --label "cloister.test=$NAME" --network host --cap-add NET_ADMIN --entrypoint bash "$CLOISTER_IMAGE" -c \
    'iptables-save; ip6tables-save' | sed 's/\[[0-9:]*\]//; /^#/d' | grep -v -e DOCKER -e br-
}
