#!/usr/bin/env bats
# The agent's own seccomp filter, with the engine's switched off so that nothing else refuses. Each attempt goes
# through once without the filter: that is the table of removals.

load ../container/cloister

FILTER=--seccomp-filter=/usr/local/lib/cloister/seccomp.bpf

setup_file() {
  start_internet
  box open --security-opt seccomp=unconfined
}

teardown_file() {
  remove_all
}

# attempts FLAG...: what the fixture says under the agent's profile with these flags of setpriv.
attempts() {
  "$ENGINE" exec --interactive "$NAME-open" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups \
    --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs "$@" -- \
    timeout 60 python3 - <"$BATS_TEST_DIRNAME/fixtures/syscalls.py"
}

harmful=(
  'a user namespace' 'tracing a child' "another process's memory" io_uring "a key in the kernel's ring"
  'another personality' 'a call of the 32-bit table' 'a call of the x32 table' 'a socket for MPTCP'
  'a socket for UDP-Lite' 'a socket for vsock' 'a socket for netlink of the audit'
)
harmless=('a socket for TCP' 'a socket for UDP over IPv6' 'a thread' 'routing netlink')

@test "without the filter every attempt goes through" {
  local name
  try attempts
  for name in "${harmful[@]}" "${harmless[@]}"; do grep -qx "$name went through" <<<"$output" || { echo "$name"; return 1; }; done
}

@test "with the filter every attempt that could harm is refused, and ordinary work goes on" {
  local name
  try attempts "$FILTER"
  for name in "${harmful[@]}"; do grep -qx "$name was refused" <<<"$output" || { echo "$name"; return 1; }; done
  for name in "${harmless[@]}"; do grep -qx "$name went through" <<<"$output" || { echo "$name"; return 1; }; done
}

@test "every process of the agent and the egress process run under the filter and no new privileges" {
  local said
  said=$(in_box open 'for status in /proc/[0-9]*/status; do
    awk "/^(Name|Uid|Seccomp|NoNewPrivs):/ { printf \"%s \", \$2 } END { print \"\" }" "$status"; done' | awk '$2 != 0')
  echo "$said"
  (($(wc -l <<<"$said") >= 4))
  # Name, uid, no_new_privs, seccomp: 2 is a filter.
  [[ -z $(awk '!($3 == 1 && $4 == 2)' <<<"$said") ]]
}
