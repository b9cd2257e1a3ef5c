#!/usr/bin/env bats
# Every way in, and what people bring along: Compose, a CI job, a terminal that is left by the engine's own keys, files,
# more programs, a repository of another forge. The recipes are those of the documents.

load cloister

setup_file() {
  start_internet
  # .20 is the host that speaks git.
  ctl PUT /dns/zone/git.forge.test '{"a": ["198.51.100.20"]}' >/dev/null
  box main --env REPO_URL=https://github.com/cloister-demo/hello
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-more" >/dev/null 2>&1 || true
}

# as_agents PROGRAM...: the recipe for files, with what is on stdin.
as_agents() {
  "$ENGINE" exec --interactive "$NAME-main" cloister as-agent "$@"
}

# --- Compose and CI ----------------------------------------------------------------------------------------

@test "compose.yaml boots to ready, holds every promise, and keeps the agent's memory through down and up" {
  local compose override=$BATS_TEST_TMPDIR/override.yaml
  read -ra compose <<<"$("$ROOT/scripts/compose")"
  cat >"$override" <<END
services:
  cloister:
    container_name: $NAME-compose
    networks: [internet]
    labels: {cloister.test: $NAME}
    volumes: ['$NET_CA:/certs/ca.pem:ro']
    environment:
      EXTRA_CA_CERTS: /certs/ca.pem
      DNS_UPSTREAM: '$NET_DNS'
      ALLOW_PRIVATE: 198.51.100.0/24
networks:
  internet: {external: true, name: $NAME}
volumes:
  claude: {labels: {cloister.test: $NAME}}
END
  # No version key: what an old Compose needs to hear, a new one warns of.
  compose+=(--project-name "$NAME" --file "$ROOT/compose.yaml" --file "$override")
  export GH_PAT=$NET_GH_PAT CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN REPO_URL=https://github.com/cloister-demo/hello
  try "${compose[@]}" up --detach
  [[ $status == 0 ]]
  eventually 60 in_box compose '[[ -s /run/cloister/ready ]]'
  try "$ENGINE" exec "$NAME-compose" cloister verify
  [[ $status == 0 ]]
  in_session compose 'echo yesterday >~/.claude/note'
  try "${compose[@]}" down
  [[ $status == 0 ]]
  try "${compose[@]}" up --detach
  eventually 60 in_box compose '[[ -s /run/cloister/ready ]]'
  [[ $(in_session compose 'cat ~/.claude/note') == yesterday ]]
  "${compose[@]}" down --volumes
}

@test "the example workflow's step answers one prompt with no terminal, and fails when Claude does" {
  local step=$BATS_TEST_TMPDIR/step.sh own
  mapfile -t own < <(internet_flags)
  "$ROOT/node_modules/.bin/node" --input-type=module -e "
    import { readFileSync } from 'node:fs';
    import { parse } from 'yaml';
    console.log(parse(readFileSync('examples/one-prompt.yml', 'utf8')).jobs.ask.steps[0].run);" >"$step"
  sed -i "s|docker run --rm|$ENGINE run --rm ${own[*]}|" "$step"
  export IMAGE=$CLOISTER_IMAGE GH_PAT=$NET_GH_PAT CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN \
    REPO_URL=https://github.com/cloister-demo/hello REPO_REF=main GITHUB_STEP_SUMMARY=$BATS_TEST_TMPDIR/summary
  PROMPT='what is this?' run --separate-stderr timeout 90 bash -eo pipefail "$step" </dev/null
  [[ $status == 0 && $output == 'Hello from the stub.' && $(<"$GITHUB_STEP_SUMMARY") == "$output" ]]
  PROMPT=--no-such-option try timeout 90 bash -eo pipefail "$step" </dev/null
  [[ $status != 0 ]]
}

@test "Ctrl-P reaches the session, the documents' own keys leave the terminal, and everything goes on" {
  local flags keys=$BATS_TEST_TMPDIR/keys shown=$BATS_TEST_TMPDIR/shown line before keep
  mapfile -t flags < <(reference_flags; internet_flags)
  mkfifo "$keys"
  # As the README and scripts/attach have them.
  keep=$(grep -o -m 1 -e '--detach-keys=[^ ]*' "$ROOT/README.md")
  grep -qF -e "'$keep'" "$ROOT/scripts/attach"
  line=$(printf '%q ' "$ENGINE" run -it "$keep" --name "$NAME-tty" "${flags[@]}" "$CLOISTER_IMAGE")
  script -qefc "stty rows 40 cols 150; exec $line" "$shown" <"$keys" >/dev/null 2>&1 &
  local operator=$!
  exec 5>"$keys"
  eventually 30 grep --text --quiet permissions "$shown"
  before=$(in_box tty 'pgrep -o -x claude')
  as_agent tty "tmux -N -S /run/cloister/session/tmux select-pane -t cloister:1.1 \\; send-keys -t cloister:1.1 'cat -v' Enter"
  # Alone it arrives at once: nothing waits for the key behind it. Together with Ctrl-Q it would have left.
  printf '\x10' >&5
  eventually 10 says '^P' screen tty 1
  printf '\x10\x11' >&5
  eventually 10 says '^P^P' screen tty 1
  kill -0 $operator
  printf '\x1e\x11' >&5
  # The engine's client ends; nothing of the box does.
  eventually 10 bash -c "! kill -0 $operator"
  exec 5>&-
  "$ENGINE" exec "$NAME-tty" cloister status --json | jq --exit-status '.state == "ready"'
  [[ $(in_box tty 'pgrep -o -x claude') == "$before" ]]
  remove_box tty
}

@test "a narrow terminal of a kind nobody knows shows the session in its size, and is left as it was" {
  local keys=$BATS_TEST_TMPDIR/keys shown=$BATS_TEST_TMPDIR/shown line
  mkfifo "$keys"
  line=$(printf '%q ' "$ENGINE" exec -it --env TERM=dumb "$NAME-main" cloister attach)
  script -qefc "stty rows 14 cols 44; exec $line" "$shown" <"$keys" >/dev/null 2>&1 &
  local operator=$!
  exec 5>"$keys"
  eventually 20 says 44x14 as_agent main "tmux -N -S /run/cloister/session/tmux display-message -p -t cloister '#{client_width}x#{client_height}'"
  eventually 20 grep --text --quiet permissions "$shown"
  printf '\x02' >&5
  eventually 5 as_agent main "tmux -N -S /run/cloister/session/tmux list-clients -F '#{client_prefix}' | grep -q 1"
  printf d >&5
  eventually 10 grep --text --quiet 'Detached. The box goes on' "$shown"
  exec 5>&-
  eventually 10 bash -c "! kill -0 $operator"
  run grep --text --only-matching --perl-regexp '\e\[\?(1049|25|1000|2004)[hl]' "$shown"
  [[ $output == *'[?1049l'* && $(grep -o '?1049[hl]' <<<"$output" | tail -n 1) == '?1049l' ]]
}

# --- Files in and out --------------------------------------------------------------------------------------

@test "files go in and out with tar, as the agent's own" {
  local folder=$BATS_TEST_TMPDIR/files
  mkdir -p "$folder/in/deep" "$folder/out"
  printf 'from\0outside' >"$folder/in/deep/file"
  tar -C "$folder/in" -cf - . | as_agents tar -C /workspace -xf - --no-same-owner
  [[ $(in_box main 'stat -c "%u:%g" /workspace/deep/file') == 1000:1000 ]]
  as_agents tar -C /workspace -cf - deep | tar -C "$folder/out" -xf -
  cmp "$folder/in/deep/file" "$folder/out/deep/file"
  try as_agents sh -c 'exit 5'
  [[ $status == 5 ]]
}

@test "it runs under the agent's whole profile" {
  try as_agents grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
  [[ ${#lines[@]} == 7 && $output == *$'Uid:\t1000\t1000\t1000\t1000'*$'CapEff:\t0000000000000000'*$'CapBnd:\t0000000000000000'* ]]
  [[ $output == *$'NoNewPrivs:\t1'*$'Seccomp:\t2'* ]]
  # tar alone would be what the agent has put there.
  in_session main 'mkdir -p ~/.local/bin && printf "#!/bin/sh\necho mine\n" >~/.local/bin/tar && chmod +x ~/.local/bin/tar'
  try as_agents tar --version
  in_session main 'rm ~/.local/bin/tar'
  [[ $output == *'GNU tar'* ]]
}

@test "a link of the agent's leads an operator's file nowhere; as root it would have" {
  in_session main 'ln -s /run/cloister /workspace/inbox'
  printf 'not ready' >"$BATS_TEST_TMPDIR/ready"
  run ! bash -c "tar -C '$BATS_TEST_TMPDIR' -cf - ready | '$ENGINE' exec -i '$NAME-main' cloister as-agent tar -C /workspace/inbox -xf - --overwrite"
  [[ $(in_box main 'cat /run/cloister/ready') != 'not ready' ]]
  # The same without it.
  tar -C "$BATS_TEST_TMPDIR" -cf - ready | "$ENGINE" exec -i "$NAME-main" tar -C /workspace/inbox -xf - --overwrite
  [[ $(in_box main 'cat /run/cloister/ready') == 'not ready' ]]
}

@test "with a terminal it does nothing and says so" {
  try script -qec "$(printf '%q ' "$ENGINE" exec -it "$NAME-main" cloister as-agent sh)" /dev/null </dev/null
  [[ $status == 77 && $output == *'takes no terminal'* ]]
  # Nor where it is all but one of the three.
  local rest
  for rest in '>/tmp/out' '</dev/null 2>/tmp/out' '</dev/null >/tmp/out' '>/tmp/out 2>&1'; do
    try script -qec "$(printf '%q ' "$ENGINE" exec -it "$NAME-main" sh -c "cloister as-agent sh -c 'exit 5' $rest")" /dev/null </dev/null
    [[ $status == 77 ]]
  done
  # Positive control: with none of them.
  try script -qec "$(printf '%q ' "$ENGINE" exec -it "$NAME-main" sh -c "cloister as-agent sh -c 'exit 5' </dev/null >/tmp/out 2>&1")" /dev/null </dev/null
  [[ $status == 5 ]]
}

# --- More programs, another forge --------------------------------------------------------------------------

@test "an image FROM ours keeps every promise when it ends with the seal, and does not start without" {
  local more='printf "#!/bin/sh\necho more\n" >/usr/local/bin/more-of-it && chmod 0755 /usr/local/bin/more-of-it'
  more+=' && cp /bin/true /usr/local/bin/raised && chmod 4755 /usr/local/bin/raised'
  # As packages with a daemon, and with certificates, do.
  more+=' && mkdir -m 2770 /etc/daemon'
  more+=' && cp --remove-destination /etc/ssl/certs/system-certificates.crt /etc/ssl/certs/ca-certificates.crt'
  build_more "$more && /usr/local/libexec/cloister/harden-image"
  CLOISTER_IMAGE=$NAME-more box more --env REPO_URL=https://github.com/cloister-demo/hello
  [[ $(in_session more more-of-it) == more ]]
  in_box more '[[ ! -u /usr/local/bin/raised ]] && grep -q BEGIN /etc/ssl/certs/ca-certificates.crt && cmp /etc/ssl/certs/ca-certificates.crt /run/cloister/ca-certificates.crt'
  try "$ENGINE" exec "$NAME-more" cloister verify
  [[ $status == 0 ]]
  remove_box more
  build_more "$more"
  local flags
  mapfile -t flags < <(internet_flags)
  try env CLOISTER_IMAGE="$NAME-more" "$ROOT/scripts/run" "$NAME-more" "${flags[@]}"
  [[ $status == 70 && $output == *raised* ]]
}

build_more() {
  "$ENGINE" build --quiet --tag "$NAME-more" - <<<"FROM $CLOISTER_IMAGE
RUN $1" >/dev/null
}

@test "a public repository of another forge is cloned once its host is allowed" {
  box forge --env REPO_URL=https://git.forge.test/cloister-demo/hello --env ALLOW_DOMAINS=git.forge.test
  "$ENGINE" exec "$NAME-forge" cloister status --json | jq --exit-status '.repository == "cloned"'
  # GitHub's token is not offered there, also not when it is asked for.
  run ! in_session forge 'GIT_TERMINAL_PROMPT=0 git clone https://git.forge.test/cloister-demo/private /tmp/private'
  holds /github/log 'all(.[] | select(.host == "git.forge.test"); .credential == "none")'
  remove_box forge
}

@test "a private one is cloned after the operator gave the agent a credential for it" {
  box forge --env ALLOW_DOMAINS=git.forge.test
  printf 'https://me:%s@git.forge.test\n' "$NET_GH_PAT" | "$ENGINE" exec -i "$NAME-forge" cloister as-agent \
    sh -c 'umask 077 && cat >~/.git-credentials && git config --global credential.https://git.forge.test.helper store'
  try "$ENGINE" exec "$NAME-forge" cloister as-agent git clone -q https://git.forge.test/cloister-demo/private /workspace/repo
  [[ $status == 0 ]]
  [[ $(in_box forge 'stat -c %u /workspace/repo/.git') == 1000 ]]
  remove_box forge
}
