#!/usr/bin/env bats
# bats file_tags=alone
# What bounds the agent on each platform, as the kernel tells it and as status says it.

load cloister

# Nothing here needs a network, so that nothing waits for one.
OFFLINE=yes

setup_file() {
  box main
}

teardown_file() {
  remove_all
  rmdir_groups
}

status_text() {
  "$ENGINE" exec "$NAME-$1" cloister status
}

@test "under the reference flags the user, each process and the places in memory are bounded, and status says how" {
  try status_text main
  [[ $output =~ limits\ +memory\ 7936m\ \(held\ by\ the\ supervisor\),\ processes\ 1000\ \(counted ]]
  run ! grep -E 'not bounded: (System V|empty|/run|memory)' <<<"$output"
  local nproc
  nproc=$(in_session main 'ulimit -Hu')
  ((nproc >= 1000 && nproc < 1000 + 20000))
  [[ $(in_session main 'ulimit -Hn') -ge 4096 ]]
  [[ $(in_box main 'ps -o ni= -u 1000 | sort -u | tr -d " "') == 15 ]]
  [[ $(in_box main 'ps -o ni= -p 1; ps -o ni= -u 65053' | sort -u | tr -d ' ') == 0 ]]
}

@test "the supervisor's own limits are what the engine gave" {
  [[ $(in_box main 'awk "/^Max (processes|open files)/ { print \$(NF - 1) }" /proc/1/limits') == "$(in_box main 'ulimit -Hu; ulimit -Hn')" ]]
}

@test "a program of an operator's starts although the agent has used up its count" {
  in_session main 'for i in $(seq 3000); do sleep 120 & done 2>/dev/null; true' >/dev/null 2>&1 || true
  in_box main '(($(ps -o pid= -u 1000 | wc -l) > 500))'
  # attach is a client of the agent's server, under the agent's user.
  try "$ENGINE" exec "$NAME-main" timeout 5 script -qec 'cloister attach' /dev/null
  [[ $output != *'Resource temporarily unavailable'* && $output == *$'\e['* ]]
  in_box main 'pkill -u 1000 sleep'
}

@test "hard limits below the box's own are kept: nobody here could raise them" {
  box low --ulimit memlock=4096:4096 --ulimit nofile=2048:2048 --ulimit sigpending=100:100
  [[ $(in_session low 'ulimit -Hl; ulimit -Hn; ulimit -Hi' | tr '\n' ' ') == '4 2048 100 ' ]]
  remove_box low
}

@test "fewer tasks of the container leave the agent fewer, and what can't be is refused" {
  box few --pids-limit=400 --env AGENT_MEMORY=1g
  says 'memory 1g (held by the supervisor), processes 272' status_text few
  remove_box few
  mapfile -t flags < <(reference_flags)
  refused "${flags[@]}" --env GH_PAT=none --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN" --env AGENT_PROCESSES=20000
  [[ $status == 78 && $output == *'raise --pids-limit to 20128'* ]]
  refused "${flags[@]}" --env GH_PAT=none --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN" --env AGENT_MEMORY=8g
  [[ $status == 78 && $output == *'7936m for the agent'* ]]
}

@test "processes of the same user elsewhere on the machine are added to the agent's count" {
  "$ENGINE" run --detach --init --name "$NAME-crowd" --label "cloister.test=$NAME" --network none --user 1000 \
    --pids-limit 400 --entrypoint bash "$CLOISTER_IMAGE" -c 'for i in {1..300}; do sleep 120 & done; wait' >/dev/null
  eventually 10 in_box crowd '(($(ps -o pid= -C sleep | wc -l) == 300))'
  box beside
  (($(in_session beside 'ulimit -Hu') >= 1300))
  remove_box beside
  remove_box crowd
}

# The engine makes the groups' folders: a folder of that file system is a group.
GROUPS_AT=/sys/fs/cgroup

rmdir_groups() {
  "$ENGINE" run --rm --network none --volume "$GROUPS_AT:/groups" --entrypoint sh "$CLOISTER_IMAGE" -c "
    for one in memory pids cpu; do rmdir /groups/\$one/$NAME/cloister-agent /groups/\$one/$NAME; done; rmdir /groups/$NAME/* /groups/$NAME" 2>/dev/null || true
}

@test "where control groups can be written, as on a virtual machine, one holds the agent alone" {
  local one flags=(--cgroupns=host --volume "$GROUPS_AT/$NAME:/sys/fs/cgroup")
  if ! in_box main '[[ -e /sys/fs/cgroup/cgroup.controllers ]]'; then
    flags=()
    for one in memory pids cpu; do flags+=(--volume "$GROUPS_AT/$one/$NAME:/sys/fs/cgroup/$one"); done
  fi
  WITHOUT='^--\(read-only\|tmpfs\)\|no-new-privileges' boot machine --cap-add=SYS_ADMIN --security-opt=apparmor=unconfined \
    --security-opt=seccomp=unconfined --security-opt=systempaths=unconfined --init --env FLY_MACHINE_ID=148e00000000 \
    "${flags[@]}" --env AGENT_MEMORY=300m --env AGENT_PROCESSES=200
  eventually 30 in_box machine '[[ -s /run/cloister/ready ]]'
  says 'memory 300m (held by a control group), processes 200 (held by a control group)' status_text machine
  in_session machine 'grep -q "/cloister-agent$" /proc/self/cgroup'
  run ! in_box machine 'grep -q cloister-agent /proc/$(pgrep -u 65053 node)/cgroup'
  # More processes, and more memory, than the group has.
  try in_session machine 'for i in $(seq 400); do sleep 5 & done 2>&1 | grep -c "Resource temporarily unavailable"; true'
  ((${output%%$'\n'*} > 0))
  try in_session machine 'python3 -c "x = bytearray(600 << 20)"; echo ended with $?'
  [[ $output == *'ended with 137'* ]]
  says 'state       ready' status_text machine
  # And what the boot could bound by itself.
  in_box machine 'grep -q " /run/cloister/session tmpfs .*nr_inodes=64" /proc/mounts && [[ $(cat /proc/sys/kernel/msgmni) == 64 ]]'
  remove_box machine
}
