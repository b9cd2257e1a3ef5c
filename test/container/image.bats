#!/usr/bin/env bats
# The image at rest: what is in it, what is not, and what of it the agent could change.

load cloister

teardown_file() {
  remove_all
}

# inside COMMAND [FLAG...]: a shell command in the image as it is, as root unless a flag says otherwise.
inside() {
  try "$ENGINE" run --rm --label "cloister.test=$NAME" --network none "${@:2}" --entrypoint bash "$CLOISTER_IMAGE" -c "$1"
}

setting() {
  "$ENGINE" image inspect --format "$1" "$CLOISTER_IMAGE"
}

@test "no file is setuid or setgid, and none has a capability" {
  inside "find / -xdev -perm /6000 ! -type l; getcap -r / 2>/dev/null"
  [[ $status == 0 && $output == '' ]]
}

@test "such files would have been found" {
  inside "cp /bin/true /usr/bin/up && chmod u+s /usr/bin/up && cp /bin/true /usr/bin/cap && setcap cap_net_raw+ep /usr/bin/cap
    find / -xdev -perm /6000 ! -type l; getcap -r / 2>/dev/null"
  [[ $output == *'/usr/bin/up'*'/usr/bin/cap cap_net_raw'* ]]
}

@test "there is no program to change the user with, and none for the agent to become root by" {
  inside 'for name in sudo doas su sg newgrp chsh expiry pkexec; do type -P $name; done'
  [[ $output == '' ]]
  inside 'setpriv --reuid=0 true || python3 -c "import os; os.setuid(0)" || runuser -u root true; echo $?' --user 1000
  [[ $output == *$'\n1' ]]
}

@test "nothing in a PATH of the box can be written by the agent, but for its own folder of programs" {
  # shellcheck disable=SC2016
  inside 'for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin /usr/local/libexec /usr/local/lib; do
    while [[ $folder ]]; do [[ -w $folder ]] && echo "$folder"; folder=${folder%/*}; done
  done; find -L /usr/local/bin /usr/local/sbin /usr/bin /usr/sbin /usr/local/libexec -writable' --user 1000
  [[ $status == 0 && $output == '' ]]
}

@test "every tool answers with its version" {
  # shellcheck disable=SC2016
  inside 'for tool in node npm git gh iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy rg fd jq bat less tree curl wget \
      python python3 pip3 pipx git-lfs corepack mise make gcc g++ cc c++ just bun tsc typescript-language-server prettier setpriv claude ip; do
      timeout 20 $tool --version >/tmp/out 2>&1 </dev/null || timeout 20 $tool -V >/tmp/out 2>&1 </dev/null || { echo "$tool:"; cat /tmp/out; }
    done
    tmux -V >/dev/null || echo tmux; unzip -v >/dev/null || echo unzip'
  [[ $status == 0 && $output == '' ]]
}

@test "the toolbox builds: C, C++ and a virtual environment of Python" {
  # shellcheck disable=SC2016
  inside 'cd /tmp && echo "int main() { return 0; }" | tee a.c >a.cc && cc a.c -o c && ./c && c++ a.cc -o cc && ./cc &&
    python3 -m venv v && v/bin/pip --version && echo "all: ; @echo made" >Makefile && make' --user 1000
  [[ $status == 0 && $output == *made ]]
}

@test "its locale is UTF-8" {
  inside 'locale charmap; printf "ü" | wc -m'
  [[ $output == $'UTF-8\n1' ]]
}

@test "it starts our init in exec form, stops by SIGTERM, and says what it is" {
  [[ $(setting '{{json .Config.Entrypoint}}') == '["/usr/local/bin/cloister","init"]' ]]
  [[ $(setting '{{.Config.StopSignal}}') == SIGTERM ]]
  [[ $(setting '{{.Config.User}}') == '' ]]
  local label
  for label in title description source licenses version revision created; do
    [[ $(setting "{{index .Config.Labels \"org.opencontainers.image.$label\"}}") == ?* ]]
  done
  [[ $(setting '{{index .Config.Labels "org.opencontainers.image.version"}}') == "$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$ROOT/package.json")" ]]
}

@test "neither its history nor its settings hold a secret, a proxy or a registry" {
  try "$ENGINE" history --no-trunc --format '{{.CreatedBy}}' "$CLOISTER_IMAGE"
  [[ $status == 0 && ${#lines[@]} -gt 3 ]]
  run ! grep -iE '(_authToken|password|secret|ghp_|github_pat_|sk-ant|https?_proxy=|registry=http)' <<<"$output"
  [[ $(setting '{{json .Config.Env}}') != *[Pp][Rr][Oo][Xx][Yy]* && $(setting '{{json .Config.Env}}') != *TOKEN* ]]
}

@test "nothing of the machine that built it stays: no certificate, no mirror, no npm account" {
  # shellcheck disable=SC2016
  inside 'ls -d /run/build /root/.npmrc /root/.npm /toolbox /build /etc/apt/sources.list 2>/dev/null; ls /usr/local/share/ca-certificates
    grep -rlE "_authToken|_password" /usr/local/etc /etc/npmrc /root 2>/dev/null
    [[ $(readlink -f /etc/ssl/certs/ca-certificates.crt) == /etc/ssl/certs/system-certificates.crt ]] || echo other certificates'
  [[ $output == '' ]]
  local certificate bundle
  inside 'cat /etc/ssl/certs/system-certificates.crt'
  bundle=$(tr -d '\n' <<<"$output")
  [[ $bundle == *'BEGIN CERTIFICATE'* ]]
  for certificate in /usr/local/share/ca-certificates/*.crt; do
    [[ -e $certificate ]] || continue
    [[ $bundle != *"$(grep -v -e ---- "$certificate" | head -n 8 | tr -d '\n')"* ]]
  done
}

@test "the agent's user owns or may write its own places and nothing else" {
  # shellcheck disable=SC2016
  inside 'find / -xdev \( -path /proc -o -path /sys -o -path /dev \) -prune -o \
    ! -type l \( -writable -o -user 1000 -o -group 1000 \) -print 2>/dev/null | grep -vE "^/(home/claude|workspace)(/|\$)" | sort' --user 1000
  [[ $output == $'/run/lock\n/tmp\n/var/tmp' ]]
}

@test "under the reference flags nothing is left of those but the rooms" {
  local flags
  mapfile -t flags < <(reference_flags)
  # shellcheck disable=SC2016
  inside 'setpriv --reuid=1000 --regid=1000 --clear-groups bash -c "find / \( -path /proc -o -path /sys -o -path /dev \) -prune -o \
    -type d -writable -print 2>/dev/null" | grep -vE "^/(home/claude|workspace|tmp|run/cloister/(session|scratch))(/|\$)"' "${flags[@]}"
  [[ $output == '' ]]
}

@test "no program can be run from TypeScript or a source map: only what was built is there" {
  inside 'find /usr/local/lib/cloister \( -name "*.ts" -o -name "*.map" \) | grep -v /node_modules/; ls /usr/local/lib/cloister/src 2>/dev/null'
  [[ $output == '' ]]
}
