#!/usr/bin/env bats
# What an operator says wrong ends the boot with 78: all of it at once, with the remedy, and no secret shown.

load cloister

setup_file() {
  mkdir -p "$BATS_FILE_TMPDIR/files"
  printf '%s\n' "$NET_GH_PAT" >"$BATS_FILE_TMPDIR/files/github"
  printf '%s' "$API_KEY" >"$BATS_FILE_TMPDIR/files/claude"
  : >"$BATS_FILE_TMPDIR/files/empty"
  printf 'two words %s\n' "$HIDDEN" >"$BATS_FILE_TMPDIR/files/words"
  printf '%s\n' "$HIDDEN" >"$BATS_FILE_TMPDIR/files/no-certificate"
  printf 'github.com\n*\n' >"$BATS_FILE_TMPDIR/files/rules.conf"
  printf '@go\n@jaba\n' >"$BATS_FILE_TMPDIR/files/sets.conf"
  mkfifo "$BATS_FILE_TMPDIR/files/pipe"
  mkdir -m 0755 "$BATS_FILE_TMPDIR/files/open"
  echo 'mine.test' >"$BATS_FILE_TMPDIR/files/open/mine.conf"
  chmod 0666 "$BATS_FILE_TMPDIR/files/open/mine.conf"
  truncate --size=1G "$BATS_FILE_TMPDIR/files/disk"
  ln -s loop "$BATS_FILE_TMPDIR/files/loop"
  head -c 100000 /dev/urandom >"$BATS_FILE_TMPDIR/files/noise"
  seq -f 'name-%.0f.example.org' 100000 >"$BATS_FILE_TMPDIR/files/many.conf"
}

teardown_file() {
  remove_all
}

HIDDEN=s3cr3t-no-output-may-show
API_KEY=sk-ant-api03-$HIDDEN
GITHUB=(--env "GH_PAT=$NET_GH_PAT")
CLAUDE=(--env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN")
BOTH=("${GITHUB[@]}" "${CLAUDE[@]}")

# start FLAG...: the reference run with these settings alone.
start() {
  local flags
  mapfile -t flags < <(reference_flags)
  refused "${flags[@]}" --volume "$BATS_FILE_TMPDIR/files:/files:ro" "$@"
}

# bad TITLE EXPECTED FLAG...: one row of the table, and one test.
bad() {
  bats_test_function --description "$1" -- ends_in_78 "${@:2}"
}

ends_in_78() {
  start "${@:2}"
  [[ $status == 78 ]]
  matches "$(tail -n 1 <<<"$output")" '.event == "boot.failed" and .step == "settings" and .code == 78'
  [[ $output == *"$1"* && $output != *'"step":"environment"'* ]]
  shows_no_secret
}

shows_no_secret() {
  local secret
  for secret in "$NET_GH_PAT" "$CLAUDE_TOKEN" "$API_KEY" "$HIDDEN"; do [[ $output != *"$secret"* ]]; done
}

bad 'no GH_PAT' 'GH_PAT is not set' "${CLAUDE[@]}"
bad 'an empty GH_PAT' 'GH_PAT is empty' "${CLAUDE[@]}" --env GH_PAT=
bad 'a GH_PAT with white space' 'GH_PAT holds white space' "${CLAUDE[@]}" --env "GH_PAT=$HIDDEN and more"
bad 'GH_PAT in both forms' 'GH_PAT is set together with GH_PAT_FILE' "${BOTH[@]}" --env GH_PAT_FILE=/files/github
bad 'a GH_PAT_FILE that is not there' "GH_PAT_FILE names a file that can't be read (ENOENT)" "${CLAUDE[@]}" --env GH_PAT_FILE=/files/none
bad 'a GH_PAT_FILE that is a folder' "GH_PAT_FILE names a file that can't be read (EISDIR)" "${CLAUDE[@]}" --env GH_PAT_FILE=/files
bad 'a GH_PAT_FILE that is empty' 'GH_PAT_FILE is empty' "${CLAUDE[@]}" --env GH_PAT_FILE=/files/empty
bad 'a GH_PAT_FILE with more than a token' 'GH_PAT_FILE holds white space' "${CLAUDE[@]}" --env GH_PAT_FILE=/files/words
bad 'a GH_PAT in quotes' 'GH_PAT has quotes around it' "${CLAUDE[@]}" --env "GH_PAT=\"$HIDDEN\""
bad 'an API key as OAuth token' 'CLAUDE_CODE_OAUTH_TOKEN has the form of ANTHROPIC_API_KEY' "${GITHUB[@]}" --env "CLAUDE_CODE_OAUTH_TOKEN=$API_KEY"
bad 'no credential for Claude' 'CLAUDE_CODE_OAUTH_TOKEN and ANTHROPIC_API_KEY are both not set' "${GITHUB[@]}"
bad 'both credentials for Claude' 'CLAUDE_CODE_OAUTH_TOKEN and ANTHROPIC_API_KEY are both set' "${BOTH[@]}" --env "ANTHROPIC_API_KEY=$HIDDEN"
bad 'an empty CLAUDE_CODE_OAUTH_TOKEN' 'CLAUDE_CODE_OAUTH_TOKEN is empty' "${GITHUB[@]}" --env CLAUDE_CODE_OAUTH_TOKEN=
bad 'an empty ANTHROPIC_API_KEY' 'ANTHROPIC_API_KEY is empty' "${GITHUB[@]}" --env ANTHROPIC_API_KEY=
bad 'CLAUDE_CODE_OAUTH_TOKEN in both forms' 'CLAUDE_CODE_OAUTH_TOKEN is set together with' "${BOTH[@]}" --env CLAUDE_CODE_OAUTH_TOKEN_FILE=/files/claude
bad 'ANTHROPIC_API_KEY in both forms' 'ANTHROPIC_API_KEY is set together with' "${GITHUB[@]}" --env "ANTHROPIC_API_KEY=$HIDDEN" --env ANTHROPIC_API_KEY_FILE=/files/claude
bad 'a CLAUDE_CODE_OAUTH_TOKEN_FILE that is not there' 'CLAUDE_CODE_OAUTH_TOKEN_FILE names a file' "${GITHUB[@]}" --env CLAUDE_CODE_OAUTH_TOKEN_FILE=/files/none
bad 'an ANTHROPIC_API_KEY_FILE that is empty' 'ANTHROPIC_API_KEY_FILE is empty' "${GITHUB[@]}" --env ANTHROPIC_API_KEY_FILE=/files/empty
bad 'a repository URL with credentials in it' 'REPO_URL has credentials in it' "${BOTH[@]}" --env "REPO_URL=https://me:$HIDDEN@github.com/a/b"
bad 'a repository URL with a token as user' 'REPO_URL has credentials in it' "${BOTH[@]}" --env "REPO_URL=https://$HIDDEN@github.com/a/b"
bad 'a repository by ssh' 'REPO_URL is no https URL' "${BOTH[@]}" --env REPO_URL=ssh://git@github.com/a/b
bad 'a repository by scp' 'REPO_URL is no https URL' "${BOTH[@]}" --env REPO_URL=git@github.com:a/b
bad 'a repository by plain http' 'REPO_URL is no https URL' "${BOTH[@]}" --env REPO_URL=http://github.com/a/b
bad 'a repository on the file system' 'REPO_URL is no https URL' "${BOTH[@]}" --env REPO_URL=file:///etc
# shellcheck disable=SC2016
bad 'a repository URL with a command in it' 'REPO_URL holds characters' "${BOTH[@]}" --env 'REPO_URL=https://github.com/a/$(id)'
bad 'a repository URL with a semicolon' 'REPO_URL holds characters' "${BOTH[@]}" --env 'REPO_URL=https://github.com/a/b;id'
bad 'a repository URL with a token in its query' 'REPO_URL has a query' "${BOTH[@]}" --env "REPO_URL=https://github.com/a/b?token=$HIDDEN"
bad 'a REPO_REF that git would take for an option' 'REPO_REF is no branch' "${BOTH[@]}" --env REPO_URL=https://github.com/a/b --env REPO_REF=--upload-pack=id
bad 'a REPO_REF without REPO_URL' 'REPO_REF is set without REPO_URL' "${BOTH[@]}" --env REPO_REF=main
bad 'a name that would forge a line in git settings' 'GIT_USER_NAME is no name' "${BOTH[@]}" --env $'GIT_USER_NAME=a\n[core]'
bad 'an e-mail that is none' 'GIT_USER_EMAIL is no e-mail' "${BOTH[@]}" --env GIT_USER_EMAIL=nobody
bad 'a size that is none' 'WORKSPACE_SIZE is no size' "${BOTH[@]}" --env WORKSPACE_SIZE=plenty
bad 'a negative size' 'TMP_SIZE is no size' "${BOTH[@]}" --env TMP_SIZE=-1
bad 'a size of nothing' 'HOME_SIZE is no size' "${BOTH[@]}" --env HOME_SIZE=0
bad 'a size too small for anything' 'HOME_SIZE is below the 16m' "${BOTH[@]}" --env HOME_SIZE=4k
bad 'a limit of memory that is no size' 'AGENT_MEMORY is no size' "${BOTH[@]}" --env AGENT_MEMORY=50%
bad 'a limit of processes that is no number' 'AGENT_PROCESSES is no count' "${BOTH[@]}" --env AGENT_PROCESSES=many
bad 'a boot time that is no number' 'BOOT_TIMEOUT is no number' "${BOTH[@]}" --env BOOT_TIMEOUT=soon
bad 'a rule for everything' 'ALLOW_DOMAINS rule 1' "${BOTH[@]}" --env 'ALLOW_DOMAINS=*'
bad 'a rule for a top-level domain' 'ALLOW_DOMAINS rule 2' "${BOTH[@]}" --env 'ALLOW_DOMAINS=a.test,*.com'
bad 'a rule for a public suffix' 'ALLOW_DOMAINS rule 1' "${BOTH[@]}" --env 'ALLOW_DOMAINS=*.co.uk'
bad 'a rule with a path' 'ALLOW_DOMAINS rule 1' "${BOTH[@]}" --env 'ALLOW_DOMAINS=a.test/path'
bad 'a rule with a port that is none' 'ALLOW_DOMAINS rule 1' "${BOTH[@]}" --env 'ALLOW_DOMAINS=a.test:99999'
bad 'a rule for port 53' 'ALLOW_DOMAINS rule 1' "${BOTH[@]}" --env 'ALLOW_DOMAINS=a.test:53'
bad 'a bad rule in a file, with its line' '/etc/cloister/domains.d/mine.conf:2' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/rules.conf:/etc/cloister/domains.d/mine.conf:ro"
bad 'an upstream resolver on loopback' 'DNS_UPSTREAM holds' "${BOTH[@]}" --env DNS_UPSTREAM=127.0.0.11
bad 'an upstream resolver by name' 'DNS_UPSTREAM holds' "${BOTH[@]}" --env DNS_UPSTREAM=dns.example
bad 'a private range that is none' 'ALLOW_PRIVATE holds' "${BOTH[@]}" --env ALLOW_PRIVATE=10.0.0.0/33
bad 'a published port that is none' 'PUBLISH_PORTS holds' "${BOTH[@]}" --env PUBLISH_PORTS=3000,http
bad 'certificates that are not there' "EXTRA_CA_CERTS names a file that can't be read" "${BOTH[@]}" --env EXTRA_CA_CERTS=/files/none
bad 'certificates that are none' 'EXTRA_CA_CERTS names a file without' "${BOTH[@]}" --env EXTRA_CA_CERTS=/files/no-certificate
# Each of these hung the boot past its deadline, or ended it for a lack of memory.
bad 'a GH_PAT_FILE that is a pipe' "GH_PAT_FILE names a file that can't be read (a pipe)" "${CLAUDE[@]}" --env GH_PAT_FILE=/files/pipe
bad 'a GH_PAT_FILE that is a device' "GH_PAT_FILE names a file that can't be read (a device)" "${CLAUDE[@]}" --env GH_PAT_FILE=/dev/zero
bad 'a GH_PAT_FILE that is a disk' "GH_PAT_FILE names a file that can't be read (larger than 64k)" "${CLAUDE[@]}" --env GH_PAT_FILE=/files/disk
bad 'a NOTIFY_URL_FILE that is a link to itself' "NOTIFY_URL_FILE names a file that can't be read (ELOOP)" "${BOTH[@]}" --env NOTIFY_URL_FILE=/files/loop
bad 'certificates that are a pipe' "EXTRA_CA_CERTS names a file that can't be read (a pipe)" "${BOTH[@]}" --env EXTRA_CA_CERTS=/files/pipe
bad 'certificates without an end' "EXTRA_CA_CERTS names a file that can't be read (a device)" "${BOTH[@]}" --env EXTRA_CA_CERTS=/dev/urandom
bad 'an allowlist that is a pipe' "/etc/cloister/domains.conf can't be read (a pipe)" "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/pipe:/etc/cloister/domains.conf:ro"
bad 'an allowlist that is a disk' "/etc/cloister/domains.conf can't be read (larger than 4m)" "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/disk:/etc/cloister/domains.conf:ro"
bad 'an allowlist that is noise' '/etc/cloister/domains.conf is no text' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/noise:/etc/cloister/domains.conf:ro"
bad 'a set that there is not' 'ALLOW_SETS names jaba, which is no set. The nearest is java; there are alpine,' "${BOTH[@]}" --env ALLOW_SETS=go,jaba
bad 'a set that can be none' 'ALLOW_SETS holds' "${BOTH[@]}" --env ALLOW_SETS=Java
bad 'a set between rules' 'ALLOW_DOMAINS rule 1: @java is a set: sets are named in ALLOW_SETS' "${BOTH[@]}" --env ALLOW_DOMAINS=@java
bad 'a set that there is not in a file, with its line' '/etc/cloister/domains.d/mine.conf:2 names no set: @jaba. The nearest is java' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/sets.conf:/etc/cloister/domains.d/mine.conf:ro"
bad 'a bad rule in a set, with its line' '/etc/cloister/sets.d/mine.conf:2' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/rules.conf:/etc/cloister/sets.d/mine.conf:ro"
bad 'a list that the agent could write' 'can be written by others than root, and the agent would allow itself what it likes. Mount /etc/cloister/sets.d read-only' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/open:/etc/cloister/sets.d"
bad 'a folder of sets that is a pipe' '/etc/cloister/sets.d is no folder' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/pipe:/etc/cloister/sets.d:ro"
bad 'a folder of rules that is a pipe' '/etc/cloister/domains.d is no folder' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/pipe:/etc/cloister/domains.d:ro"
bad 'more rules than a box can hold' 'has more than 20000 rules' "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/many.conf:/etc/cloister/domains.conf:ro"
bad 'a resolv.conf that is a pipe' "/etc/resolv.conf can't be read (a pipe)" "${BOTH[@]}" --volume "$BATS_FILE_TMPDIR/files/pipe:/etc/resolv.conf:ro"
bad 'a neighbour without a port' 'NEIGHBOURS holds' "${BOTH[@]}" --env NEIGHBOURS=db,redis:6379
bad 'a neighbour that the allowlist has as well' 'NEIGHBOURS names api.anthropic.com' "${BOTH[@]}" --env NEIGHBOURS=api.anthropic.com:443
bad 'private ranges that nothing opens' 'ALLOW_PRIVATE holds nothing but' "${BOTH[@]}" --env ALLOW_PRIVATE=169.254.0.0/16,168.63.129.16
bad "a published port of the box's own" 'PUBLISH_PORTS holds 443' "${BOTH[@]}" --env PUBLISH_PORTS=443
bad 'an upstream resolver that is many' 'DNS_UPSTREAM holds' "${BOTH[@]}" --env DNS_UPSTREAM=224.0.0.251
bad 'an unknown level of the log' 'LOG_LEVEL is not one of trace' "${BOTH[@]}" --env LOG_LEVEL=loud
bad 'an unknown form of the log' 'LOG_FORMAT is neither json nor pretty' "${BOTH[@]}" --env LOG_FORMAT=xml

@test "all faults are named at once, each with its remedy for docker run and for Fly" {
  start --env GH_PAT= --env WORKSPACE_SIZE=big --env "REPO_URL=https://x:$HIDDEN@github.com/a/b" --env LOG_LEVEL=loud \
    --env 'ALLOW_DOMAINS=*,*.com' --env EXTRA_CA_CERTS=/files/none --env ANTHROPIC_API_KEY_FILE=/files/none \
    --volume "$BATS_FILE_TMPDIR/files/rules.conf:/etc/cloister/domains.d/mine.conf:ro"
  [[ $status == 78 ]]
  local name
  for name in GH_PAT WORKSPACE_SIZE REPO_URL LOG_LEVEL ALLOW_DOMAINS EXTRA_CA_CERTS ANTHROPIC_API_KEY_FILE mine.conf:2; do
    [[ $output == *"$name"* ]]
  done
  [[ $output == *'ALLOW_DOMAINS rule 1'*'ALLOW_DOMAINS rule 2'* ]]
  [[ $output == *'docker run: -e GH_PAT='* && $output == *'fly secrets set GH_PAT='* ]]
  shows_no_secret
}

@test "on a terminal the faults are lines for people" {
  start --env LOG_FORMAT=pretty --env GH_PAT= "${CLAUDE[@]}"
  [[ $status == 78 && $output == *'boot failed at settings'*$'\n'*'GH_PAT is empty'* && $output != *'{"'* ]]
}

@test "secrets come from files as well, and every other setting in its good form" {
  try boot_and_wait --env GH_PAT_FILE=/files/github --env ANTHROPIC_API_KEY_FILE=/files/claude \
    --env 'ALLOW_DOMAINS=a.test, *.example.net:8443 ,ssh.a.test:22/tcp' --env ALLOW_PRIVATE=10.1.0.0/16,fd00::/8 \
    --env DNS_UPSTREAM=198.51.100.53,2001:db8::53 --env PUBLISH_PORTS=3000,8080 --env LOG_LEVEL=debug \
    --env GIT_USER_NAME="Zoë O'Neil" --env GIT_USER_EMAIL=zoe@example.org --env WORKSPACE_SIZE=3g \
    --env NOTIFY_URL= --env REPO_URL= --env CLAUDE_CODE_OAUTH_TOKEN= --env ALOW_DOMAINS=$HIDDEN --env AGENT_MEMORY=4g --env AGENT_PROCESSES=500 --env BOOT_TIMEOUT=60
  [[ $status == 0 ]]
  as_agent good 'cat /run/cloister/agent/github-token' | grep -qx "$NET_GH_PAT"
  as_agent good 'cat /run/cloister/agent/claude-credential' | grep -qx "ANTHROPIC_API_KEY=$API_KEY"
  [[ $(as_agent good 'git config user.name; git config user.email') == $'Zoë O\'Neil\nzoe@example.org' ]]
  eventually 5 says '"level":"debug"' "$ENGINE" logs "$NAME-good"
  try "$ENGINE" logs "$NAME-good"
  [[ $(grep -c '"event":"settings.unknown","variable":"ALOW_DOMAINS","nearest":"ALLOW_DOMAINS"' <<<"$output") == 1 ]]
  shows_no_secret
}

@test "without a GitHub account nothing of one is there" {
  try boot_and_wait --env GH_PAT=none "${CLAUDE[@]}"
  [[ $status == 0 ]]
  as_agent good '[[ ! -e /run/cloister/agent/github-token && ! -e ~/.config/gh/hosts.yml ]]'
  run ! as_agent good 'git config --get-all credential.https://github.com.helper || grep _authToken /usr/local/etc/npmrc'
}

# No internet: a box without any upstream boots as well.
boot_and_wait() {
  local flags
  mapfile -t flags < <(reference_flags)
  "$ENGINE" rm --force "$NAME-good" >/dev/null 2>&1 || true
  "$ENGINE" run --detach --name "$NAME-good" --label "cloister.test=$NAME" --network none "${flags[@]}" \
    --volume "$BATS_FILE_TMPDIR/files:/files:ro" "$@" "$CLOISTER_IMAGE" >/dev/null
  eventually 30 in_box good '[[ -s /run/cloister/ready ]]'
}
