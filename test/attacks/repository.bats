#!/usr/bin/env bats
# A hostile repository, and what is left on volumes for the next boot: nothing of it is run by root, and nothing
# before the session. Whatever git can be made to run leaves the user it ran as: that is the canary.

load ../container/cloister

setup_file() {
  start_internet --subnet4 198.51.100.128/25 --subnet6 2001:db8:c17::/64
  local volume
  for volume in home work; do "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-$volume" >/dev/null; done
  ctl PUT /github/repos/evil/tricks '{"files": {
    ".gitmodules": "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch% /tmp/ran-submodule\n[submodule \"-u\"]\n\tpath = y\n\turl = --upload-pack=touch\n",
    ".gitattributes": "* filter=trap diff=trap\n", "$(touch ${IFS}ran-0)": "x", "a\u001b]52;c;?\u0007b": "x", "\u202egpj.sh": "x"}}' >/dev/null
}

teardown_file() {
  remove_all
}

# leave [ARGUMENT]: last night's agent, on the volumes.
leave() {
  "$ENGINE" run --rm --network none --label "cloister.test=$NAME" --volume "$NAME-home:/home/claude" \
    --volume "$NAME-work:/workspace" --entrypoint chown "$CLOISTER_IMAGE" 1000:1000 /workspace /home/claude
  "$ENGINE" run --rm --interactive --network none --label "cloister.test=$NAME" --volume "$NAME-home:/home/claude" \
    --volume "$NAME-work:/workspace" --user 1000:1000 --env HOME=/home/claude --entrypoint bash "$CLOISTER_IMAGE" \
    -s "$@" <"$BATS_TEST_DIRNAME/fixtures/repository.sh"
}

# started_after_session BOX: everything that has run at all ran as the agent, and not before its session.
started_after_session() {
  local session first
  try in_box "$1" 'ls /tmp; cat /tmp/ran-* 2>/dev/null || true'
  in_box "$1" '[[ ! -e /tmp/ran-0 && ! -e /tmp/ran-submodule ]]'
  session=$("$ENGINE" exec "$NAME-$1" cloister status --json | jq '.steps[] | select(.name == "session") | .startedAt')
  first=$(in_box "$1" 'sort -n /tmp/ran-1000 2>/dev/null | head -n 1 | cut -d" " -f1')
  echo "session at $session, first trap at ${first:-none}"
  ((${first:-$session} >= session))
}

@test "the clone runs nothing of a home that last night's agent left, and comes from where the operator said" {
  leave
  WITHOUT=--tmpfs=/home boot cloned --volume "$NAME-home:/home/claude" --env REPO_URL=https://github.com/evil/tricks
  eventually 30 in_box cloned '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-cloned"; return 1; }
  is_status cloned '.repository == "cloned"'
  started_after_session cloned
  in_box cloned '[[ -e /workspace/repo/.gitmodules && ! -e /workspace/repo/x/.git ]]'
  in_box cloned '[[ -z $(find /workspace/repo/.git/hooks -type f ! -name "*.sample") ]]'
}

@test "with last night's configuration the same clone would have run it" {
  as_agent cloned 'rm -f /tmp/ran-1000; cd /tmp; git clone -q https://github.com/evil/tricks again' || true
  in_box cloned 'cat /tmp/ran-1000; grep -q program-git /tmp/ran-1000'
}

@test "names of a hostile repository reach neither log, status nor screen with their force" {
  local said
  said=$("$ENGINE" logs "$NAME-cloned" 2>&1; "$ENGINE" exec "$NAME-cloned" cloister status
    "$ENGINE" exec "$NAME-cloned" cloister status --json; "$ENGINE" exec "$NAME-cloned" cloister log)
  run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' <<<"$said"
  remove_box cloned
}

@test "a branch, or an address, that is a command or an option is refused with 78 or told as what it is" {
  local flags ref
  mapfile -t flags < <(reference_flags; internet_flags | grep -v -e --network)
  for ref in '--upload-pack=touch /tmp/x' $'a\x1b[31mb' '-u'; do
    REFUSED_NETWORK=$NAME refused "${flags[@]}" --env REPO_URL=https://github.com/evil/tricks --env "REPO_REF=$ref"
    [[ $status == 78 ]]
  done
  for url in 'ext::sh -c id' 'file:///etc' 'https://github.com/$(id)' '--upload-pack=id'; do
    REFUSED_NETWORK=$NAME refused "${flags[@]}" --env "REPO_URL=$url" --stop-timeout 1
    [[ $status == 78 || $output == *'"detail":"the clone failed'* ]]
    [[ $output != *uid=* ]]
  done
}

@test "a repository kept on a volume, armed to the teeth, is run by no root and by nothing before the session" {
  leave with-repository
  WITHOUT='--tmpfs=/\(home\|workspace\)' boot kept --volume "$NAME-home:/home/claude" --volume "$NAME-work:/workspace" \
    --env REPO_URL=https://github.com/evil/tricks
  eventually 30 in_box kept '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-kept"; return 1; }
  "$ENGINE" exec "$NAME-kept" cloister verify >/dev/null
  "$ENGINE" exec "$NAME-kept" cloister log >/dev/null
  "$ENGINE" exec "$NAME-kept" cloister rules >/dev/null
  is_status kept '.repository == "kept"'
  # The agent's own git runs it: that is how the traps are known to work.
  in_session kept 'cd /workspace/repo; git status; git diff; git st; true' >/dev/null
  in_box kept 'grep -q fsmonitor /tmp/ran-1000 && grep -q textconv /tmp/ran-1000'
  started_after_session kept
  in_box kept '[[ -z $(ls -A /run/cloister/private) && $(stat -c "%u %a" /run/cloister/state.json) == "0 644" ]]'
  in_box kept '[[ $(stat -c "%u %h" /etc/passwd) == "0 1" ]]'
}

@test "stopping leads root nowhere either" {
  "$ENGINE" stop --time 20 "$NAME-kept" >/dev/null
  "$ENGINE" start "$NAME-kept" >/dev/null
  eventually 30 in_box kept '[[ -s /run/cloister/ready ]]'
  in_box kept '[[ ! -e /tmp/ran-0 ]]'
}

@test "root, had it run git there, would have left its mark" {
  in_box kept 'cd /workspace/repo && HOME=/home/claude git status >/dev/null 2>&1; cat /tmp/ran-0; grep -q fsmonitor /tmp/ran-0'
}

@test "links of the agent's in its rooms lead no step of a next boot to root's files" {
  in_session kept 'cd /tmp; ln -s /run/cloister/state.json a; ln -s /etc/shadow ~/.claude/link 2>/dev/null; ln /etc/passwd hard 2>&1; true'
  in_box kept '[[ ! -e /tmp/hard ]]'
  run ! in_session kept 'cat ~/.claude/link'
  run ! in_session kept 'echo x >>/tmp/a'
}
