#!/usr/bin/env bats
# Whatever a boot starts is killed, at once and a little later. The boot then ends, named and with its code, or the
# box comes up whole; it is never half open and never hangs. A variant of the image kills what it is told to.

load cloister

setup_file() {
  "$ENGINE" build --quiet --tag "$NAME-variant" - >/dev/null <<END
FROM $CLOISTER_IMAGE
RUN for program in /usr/bin/prlimit /usr/bin/setpriv /usr/sbin/iptables-nft-restore /usr/sbin/ip6tables-nft-restore \
      /usr/sbin/iptables-nft-save /usr/sbin/iptables-nft /usr/sbin/nft; do \
    target=\$(readlink -f \$program); cp -a \$target \$program.real; rm \$program; \
    printf '%s\n' '#!/bin/bash' \
      'IFS="|" read -r what after times </etc/kill' \
      'if [[ -n \$what && "\$0 \$*" == *"\$what"* ]]; then' \
      '  for ((n = 1; n <= times; n++)); do mkdir /dev/shm/killed-\$n 2>/dev/null && break; done' \
      '  if ((n <= times)) && [[ \$after == 0.000 ]]; then kill -KILL \$\$; fi' \
      '  if ((n <= times)); then (sleep "\$after"; kill -KILL \$\$) <&- >&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- & fi' \
      'fi' 'exec -a "\$0" "\$0.real" "\$@"' >\$program && chmod 755 \$program; done
END
  start_internet
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-variant" >/dev/null 2>&1 || true
}

# What is killed, as a part of its command line, and how often.
VICTIMS=('iptables-nft -w|1' 'iptables-nft-save|1' '/iptables-nft-restore|1' 'ip6tables-nft-restore|1' 'landlock-access|1'
  'mjs egress|1' 'mjs egress|5' 'ulogd|1' '/usr/sbin/nft|1' 'mjs provision-home|1' 'mjs verify|1' 'usr/bin/test|1'
  'git clone|1' 'checkout --progress|1' 'ls-remote|1' 'tmux.conf -D|1' 'tmux.conf -D|3' 'new-session|1')
# Milliseconds after its start; at 0 it has not even begun.
MOMENTS=(0 40)

# stand BOX WHAT AFTER TIMES [FLAG...]: boots the variant; nothing is killed where WHAT is empty.
stand() {
  local flags
  printf '%s|%s|%s\n' "$2" "$3" "$4" >"$FOLDER/kill-$1"
  mapfile -t flags < <({ reference_flags; internet_flags; } | grep -v -e "${WITHOUT:-^$}")
  "$ENGINE" run --detach --name "$NAME-$1" "${flags[@]}" --env REPO_URL=https://github.com/cloister-demo/hello \
    --env ALLOW_DOMAINS=allowed.test --env BOOT_TIMEOUT=20 --volume "$FOLDER/kill-$1:/etc/kill:ro" "${@:5}" "$NAME-variant" >/dev/null
}

is_over() {
  [[ $("$ENGINE" inspect --format '{{.State.Running}}' "$NAME-$1") == false ]] || in_box "$1" '[[ -s /run/cloister/ready ]]'
}

# What of a box would show that it came up with less than it should have.
posture() {
  "$ENGINE" exec "$NAME-$1" cloister status --json |
    jq --compact-output '[.state, .firewall.byAddress, .containment.hiddenProcesses, (.containment.landlock | . != null and .truncate), .repository]'
}

is_well() {
  "$ENGINE" exec "$NAME-$1" cloister health | grep -q -x -e healthy -e degraded
}

# outcome BOX: `up` and its posture, once it is well and every promise holds; or the code and the step it ended at.
outcome() {
  eventually 60 is_over "$1" || return
  if [[ $("$ENGINE" inspect --format '{{.State.Running}}' "$NAME-$1") == true ]]; then
    eventually 20 is_well "$1" || return
    eventually 10 "$ENGINE" exec "$NAME-$1" cloister verify || return
    echo "up $(posture "$1")"
  else
    echo "$("$ENGINE" inspect --format '{{.State.ExitCode}}' "$NAME-$1") $(log_of "$1" | grep '"boot.failed"' |
      sed -E 's/.*"step":"([^"]*)","message":"([^"]+)","remedy":"([^"]+)".*/\1: \2/')"
  fi
}

# judged WHAT TIMES MILLISECONDS: one line. Exported: several at once.
judged() {
  local box
  box=of$(printf '%s' "$*" | tr -c 'a-z0-9' -)
  stand "$box" "$1" "$(printf '0.%03d' "$3")" "$2"
  printf '%s, %s times, after %s ms: %s\n' "$1" "$2" "$3" "$(outcome "$box" 2>&1)"
  remove_box "$box"
}

# Every function of this file and of its fellow, for the shells that xargs starts.
all_at_once() {
  local victim moment
  export FOLDER=$BATS_TEST_TMPDIR NAME BATS_TEST_DIRNAME
  # shellcheck disable=SC2046
  export -f $(compgen -A function | grep -v -e ^bats -e ^run$ -e ^test_)
  for victim in "$@"; do
    for moment in "${MOMENTS[@]}"; do printf '%s\0%s\0%s\0' "${victim%|*}" "${victim#*|}" "$moment"; done
  done | xargs -0 -n 3 -P 4 bash -c 'judged "$@"' -
}

@test "the variant that kills nothing is a box like any other" {
  FOLDER=$BATS_TEST_TMPDIR
  stand whole '' 0 0
  [[ $(outcome whole) == 'up ["ready",false,false,true,"cloned"]' ]]
  remove_box whole
}

@test "each child of the boot killed at two moments: it ends with 70 and says at what, or the box is whole" {
  ctl DELETE /canary >/dev/null
  try all_at_once "${VICTIMS[@]}"
  ((${#lines[@]} == ${#VICTIMS[@]} * ${#MOMENTS[@]}))
  # A clone that was killed is told, and the session starts without.
  run ! grep -v -E -e ': up \["ready",false,false,true,"(cloned|failed)"\]$' -e ': 70 [a-z-]+: .+' <<<"$output"
  holds /canary '.sightings == []'
}

@test "the first Claude killed as it starts, and the next ones: it goes on" {
  FOLDER=$BATS_TEST_TMPDIR
  stand claude '' 0 0
  eventually 10 in_box claude true
  in_box claude 'for i in {1..3}; do until pkill -KILL -x -u 1000 claude; do :; done; sleep 0.1; done'
  [[ $(outcome claude) == 'up ["ready",false,false,true,"cloned"]' ]]
  eventually 30 says 'bypass permissions on' screen claude
  remove_box claude
}

@test "a clone that was killed half way on a volume is begun anew by the next box, and does not pass for the work" {
  FOLDER=$BATS_TEST_TMPDIR
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-half" >/dev/null
  WITHOUT=--tmpfs=/workspace stand half 'git clone' 0.060 1 --volume "$NAME-half:/workspace"
  [[ $(outcome half) == 'up ["ready",false,false,true,"failed"]' ]]
  in_box half '[[ ! -e /workspace/repo ]]'
  remove_box half
  WITHOUT=--tmpfs=/workspace stand half '' 0 0 --volume "$NAME-half:/workspace"
  [[ $(outcome half) == 'up ["ready",false,false,true,"cloned"]' ]]
  [[ $(in_box half 'ls -A /workspace') == repo ]]
  as_agent half 'cd /workspace/repo && git fsck && git diff --exit-code HEAD'
  remove_box half
}
