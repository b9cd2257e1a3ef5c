#!/usr/bin/env bats
# The platforms that one engine can show (docs/platforms.md): each boots to ready, every promise holds, and status says
# what the platform gave beyond what every one gives.

load cloister

setup_file() {
  start_internet
}

teardown_file() {
  remove_all
}

# holds_on PLATFORM LEVEL [FLAG...]: WITHOUT leaves out flags of the reference run.
holds_on() {
  boot platform "${@:3}"
  eventually 30 in_box platform '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-platform"; return 1; }
  try "$ENGINE" exec "$NAME-platform" cloister verify --json
  [[ $status == 0 ]]
  matches "$output" 'length > 25 and all(.[]; .verdict == "holds")'
  try "$ENGINE" exec "$NAME-platform" cloister status
  [[ $output == *" on $1"$'\n'* && $output == *"containment $2"$'\n'* ]]
  # Init itself tells the kernel of pins, and keeps the way there only as long as the kernel takes them (12: netfilter).
  in_box platform 'awk -v pid="$(jq .pid /run/cloister/state.json)" "\$2 == 12 && \$3 == pid" /proc/net/netlink | grep .'
}

OWN_ROOMS='^--\(read-only\|tmpfs\)'
VM=(--cap-add=SYS_ADMIN --security-opt=apparmor=unconfined --security-opt=seccomp=unconfined
  --security-opt=systempaths=unconfined)

@test "the reference run" {
  holds_on docker 'seccomp, landlock'
}

@test "a writable root with SYS_ADMIN" {
  WITHOUT=$OWN_ROOMS holds_on docker "seccomp, landlock, other users' processes hidden" --cap-add=SYS_ADMIN \
    --security-opt=apparmor=unconfined
}

@test "a virtual machine as on Fly: not PID 1, /proc/sys writable, no filter and no new-privileges lock from outside" {
  WITHOUT="$OWN_ROOMS\|no-new-privileges" holds_on fly "seccomp, landlock, other users' processes hidden" "${VM[@]}" --init \
    --env FLY_MACHINE_ID=148e00000000 --env FLY_APP_NAME=cloister
  [[ $(in_box platform 'cat /proc/1/comm') == docker-init ]]
  in_box platform '[[ -w /proc/sys/kernel/core_pattern ]] && grep -q "^Seccomp:.0" /proc/1/status'
  # What the machine leaves open, the profile closes.
  try in_session platform 'echo x >/proc/sys/kernel/core_pattern; unshare --user true'
  [[ $status != 0 && $output == *'Permission denied'*'Operation not permitted'* ]]
}

@test "an older kernel: no Landlock" {
  local filter=$BATS_TEST_TMPDIR/no-landlock.json
  printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO", "errnoRet": 38, "names":
    ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]}]}' >"$filter"
  boot platform --security-opt "seccomp=$filter"
  eventually 30 in_box platform '[[ -s /run/cloister/ready ]]'
  try "$ENGINE" exec "$NAME-platform" cloister verify --json
  [[ $status == 0 ]]
  matches "$output" '[.[] | select(.verdict != "holds") | .detail] == ["no Landlock"]'
}

@test "without a SYS_ADMIN to make rooms, a tmpfs that knows neither owner nor inodes is made the agent's" {
  # As Podman makes them: it takes no uid= and no nr_inodes=.
  WITHOUT=--tmpfs=/ holds_on docker 'seccomp, landlock' --tmpfs /workspace:rw,exec,nosuid,nodev,size=512m,mode=0755 \
    --tmpfs /tmp:rw,exec,nosuid,nodev,size=512m,mode=1777 --tmpfs /home/claude:rw,exec,nosuid,nodev,size=1g,mode=0700 \
    --tmpfs /run/cloister:rw,noexec,nosuid,nodev,size=16m,mode=0755
}
