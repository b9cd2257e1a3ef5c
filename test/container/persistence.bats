#!/usr/bin/env bats
# Volumes: whose they are decides who the agent is, and nothing on them is lost, covered or obeyed.

load cloister

setup_file() {
  start_internet
}

teardown_file() {
  remove_all
  # Files of other users' in there, which bats could not remove.
  rm -rf "${BATS_FILE_TMPDIR:?}"/host*
}

MEMORY=/home/claude/.claude
SECRETS=(--env GH_PAT=none --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN")

# host_folder NAME OWNER [FILE...]: a folder of the host's; its path is $folder.
host_folder() {
  folder=$BATS_FILE_TMPDIR/host-$1
  rm -rf "$folder"
  mkdir -p "$folder"
  local file
  for file in "${@:3}"; do echo kept >"$folder/$file"; done
  chown -R "$2" "$folder"
}

volume() {
  "$ENGINE" volume rm --force "$NAME-$1" >/dev/null 2>&1 || true
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-$1" >/dev/null
}

# up PATTERN BOX [FLAG...]: the reference run without the flags that match, until it is ready.
up() {
  WITHOUT=$1 boot "${@:2}"
  eventually 40 in_box "$2" '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-$2"; return 1; }
}

# refused_with FLAG...: the reference run with these volumes; its log is $output.
refused_with() {
  local flags
  mapfile -t flags < <(reference_flags | grep -v -e "${WITHOUT:-^$}")
  refused "${flags[@]}" "${SECRETS[@]}" "$@"
}

# in_session_of UID BOX COMMAND: in the box's own session, as that user.
in_session_of() {
  local place=/tmp/in-session-$RANDOM
  "$ENGINE" exec --interactive "$NAME-$2" /usr/bin/setpriv "--reuid=$1" "--regid=$1" --clear-groups sh -c '
    printf "%s\n" "$2" >"$1.sh" &&
    tmux -N -S /run/cloister/session/tmux run-shell "timeout 120 bash $1.sh >$1.out 2>&1; echo \$? >$1.status" &&
    cat "$1.out" && exit "$(cat "$1.status")"' - "$place" "$3"
}

# Every process of the box's but those of root, the egress user and the reader of the firewall's log.
agentProcesses() {
  in_box "$1" 'for status in /proc/[0-9]*/status; do
    awk "/^(Uid|Gid|Groups|CapEff|CapBnd|NoNewPrivs|Seccomp):/ { printf \"%s \", \$0 }" "$status" 2>/dev/null; echo
  done | tr -s "\t " " " | grep -v -e "^Uid: 0 " -e "^Uid: 6505[34] " -e "^$" | sort -u'
}

@test "folders of a host user's run the agent as that user, in every process" {
  host_folder work 1234:1234
  local work=$folder
  host_folder memory 1234:1234
  up --tmpfs=/workspace host --volume "$work:/workspace" --volume "$folder:$MEMORY" \
    --env REPO_URL=https://github.com/cloister-demo/hello --env ALLOW_DOMAINS=allowed.test
  eventually 20 says 'bypass permissions on' screen_of 1234 host
  try agentProcesses host
  [[ $output == 'Uid: 1234 1234 1234 1234 Gid: 1234 1234 1234 1234 Groups: CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 ' ||
    $output == 'Uid: 1234 1234 1234 1234 Gid: 1234 1234 1234 1234 Groups: CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 ' ]]
  matches "$(status_of host)" '.agent == {uid: 1234, gid: 1234} and .workspace == "/workspace"'
}

screen_of() {
  as_user "$2" "$1" 'tmux -N -S /run/cloister/session/tmux capture-pane -p -t cloister:1.0'
}

@test "that user has a name and a home of its own" {
  try in_session_of 1234 host 'id; whoami; node -p "os.userInfo().username"; python3 -c "import getpass; print(getpass.getuser())"
    stat -c "%u:%g %a" ~ /run/cloister/session; touch ~/mine /tmp/mine && echo written'
  [[ $status == 0 && $output == *'uid=1234(claude) gid=1234(claude) groups=1234(claude)'* ]]
  [[ $output == *$'claude\nclaude\nclaude\n1234:1234 700\n1234:1234 700\nwritten' ]]
}

@test "every promise holds for that user" {
  try "$ENGINE" exec "$NAME-host" cloister verify --json
  [[ $status == 0 ]]
  matches "$output" 'length > 20 and all(.[]; .verdict == "holds")'
}

# The canary: what leaves arrives there, and does when the firewall's rule for that user is taken away.
@test "the firewall holds that user, and without its chain would not" {
  ctl DELETE /canary
  try in_session_of 1234 host 'curl -sS --max-time 5 https://allowed.test/ >/dev/null && echo allowed
    timeout 3 bash -c "echo x >/dev/tcp/$NET_CANARY/8080" || echo refused'
  try as_user host 1234 "curl -s --max-time 3 http://$NET_CANARY:8080/by-stranger; echo code \$?"
  holds /canary '[.sightings[] | select(.local == "'"$NET_CANARY"'")] == []'
  in_box host 'iptables -I CLOISTER-OUTPUT 1 -m owner --uid-owner 1234 -j ACCEPT'
  as_user host 1234 "curl -s --max-time 3 http://$NET_CANARY:8080/by-stranger" || true
  in_box host 'iptables -D CLOISTER-OUTPUT 1'
  holds /canary 'any(.sightings[]; .local == "'"$NET_CANARY"'" and .port == 8080)'
}

@test "git, gh and npm work for that user, and what is made belongs to the host's user" {
  try in_session_of 1234 host 'set -e; cd /workspace/repo; git status --short; echo x >made; mkdir folder; git add made
    git commit -qm made; git log -1 --format=%an; git push -q origin HEAD:refs/heads/by-1234; gh api user --jq .login
    npm whoami --registry https://npm.pkg.github.com; npm init -y >/dev/null; claude --version'
  [[ $status == 0 && $output == *cloister* && $output == *cloister-bot* ]]
  run find "$BATS_FILE_TMPDIR/host-work" "$BATS_FILE_TMPDIR/host-memory" ! \( -uid 1234 -gid 1234 \)
  [[ -z $output && -f $BATS_FILE_TMPDIR/host-work/repo/made && -f $BATS_FILE_TMPDIR/host-memory/.claude.json ]]
}

# Looked for under another user the agent would not be found, and the box be degraded.
@test "it is healthy: health knows that user's agent" {
  eventually 20 matches_health host '.status == "healthy"'
  remove_box host
}

matches_health() {
  matches "$("$ENGINE" exec "$NAME-$1" cloister health --json)" "$2"
}

@test "a fresh volume of root's becomes the agent's: its root alone, and its files stay where they are" {
  volume fresh
  "$ENGINE" run --rm --network none --volume "$NAME-fresh:/v" --entrypoint bash "$CLOISTER_IMAGE" -c 'mkdir /v/lost+found && stat -c %u /v | grep -x 0'
  up --tmpfs=/workspace fresh --volume "$NAME-fresh:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
  in_box fresh 'stat -c "%u:%g %a %n" /workspace /workspace/lost+found' | tee /dev/stderr |
    grep -c -x -e '1000:1000 755 /workspace' -e '0:0 755 /workspace/lost+found' | grep -x 2
  matches "$(status_of fresh)" '.repository == "cloned"'
}

@test "a repository on the volume is kept by the next container, with what was not committed" {
  as_agent fresh 'cd /workspace/repo && echo uncommitted >work && git checkout -q -b night && git stash list'
  remove_box fresh
  up --tmpfs=/workspace fresh --volume "$NAME-fresh:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
  matches "$(status_of fresh)" '.repository == "kept"'
  as_agent fresh 'cd /workspace/repo && cat work && git branch --show-current' | grep -c -x -e uncommitted -e night | grep -x 2
  eventually 20 says 'bypass permissions on' screen fresh
  remove_box fresh
}

# What an engine on a Mac shares: the first user's numbers, which are nobody's in this image, and Debian's group dialout.
@test "a folder of a Mac's user, uid 501 and group 20, boots: only users of this image are the system's" {
  host_folder mac 501:20 note
  up --tmpfs=/workspace mac --volume "$folder:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
  matches "$(status_of mac)" '.agent == {uid: 501, gid: 501} and .repository == "cloned"'
  try in_session_of 501 mac 'whoami; cat /workspace/note; cd /workspace/repo && echo x >made && git add made && git commit -qm made && echo committed'
  [[ $output == *$'claude\nkept\ncommitted'* && $(stat -c %u "$folder/repo/made") == 501 ]]
  eventually 20 matches_health mac '.status == "healthy"'
  "$ENGINE" exec "$NAME-mac" cloister verify >/dev/null
  remove_box mac
}

@test "a folder that is shown as root's, and that everybody may write, boots with a word" {
  host_folder shown 0:0 note
  git -c init.defaultBranch=main init -q "$folder/repo" && chmod -R 777 "$folder"
  up --tmpfs=/workspace shown --volume "$folder:/workspace"
  matches "$(status_of shown)" '.agent.uid == 1000 and .repository == "kept" and
    (.steps[] | select(.name == "mounts") | .state == "warned" and (.detail | test("/workspace is not the agent.s own")))'
  try in_session shown 'cd /workspace/repo && echo x >made && git add made && git commit -qm made && echo committed'
  [[ $output == *committed* ]]
  eventually 20 matches_health shown '.status == "healthy"'
  [[ $(stat -c %u "$folder/note") == 0 ]]
  remove_box shown
}

@test "AGENT_USER says whom the agent runs as, and of what is another's it has to write" {
  host_folder named 2345:2345 note
  chmod 777 "$folder"
  up --tmpfs=/workspace named --volume "$folder:/workspace" --env AGENT_USER=501:501
  matches "$(status_of named)" '.agent == {uid: 501, gid: 501}'
  [[ $(in_session_of 501 named 'id -u; echo more >/workspace/more && cat /workspace/note') == $'501\nkept' ]]
  remove_box named
  chmod 755 "$folder"
  WITHOUT=--tmpfs=/workspace refused_with --volume "$folder:/workspace" --env AGENT_USER=501:501
  [[ $status == 78 && $output == *"/workspace belongs to uid 2345, and the agent, uid 501, can't write there"* ]]
  refused_with --env AGENT_USER=33:33
  [[ $status == 78 && $output == *'AGENT_USER names uid 33'* ]]
}

@test "a folder of root's that nobody else may write is refused with 78 and what a Mac's user would do" {
  host_folder roots 0:0 note
  WITHOUT=--tmpfs=/workspace refused_with --volume "$folder:/workspace"
  [[ $status == 78 && $output == *"/workspace belongs to root, and the agent, uid 1000, can't write there"* ]]
  [[ $output == *'chown -R 1000:1000 the folder mounted at /workspace'* && $output == *'On a Mac '* && $output == *AGENT_USER* ]]
  [[ $(ls -A "$folder") == note && $(stat -c %u "$folder/note") == 0 ]]
}

@test "a full volume of the box's users', the system's or nobody's is refused with 78 and the remedy" {
  local uid
  for uid in 33 65053 65054 65534; do
    host_folder refused "$uid:$uid" note
    WITHOUT=--tmpfs=/workspace refused_with --volume "$folder:/workspace"
    [[ $status == 78 && $output == *'"step":"environment"'* && $output == *'/workspace belongs to '* ]]
    [[ $output == *'chown -R 1000:1000 the folder mounted at /workspace'* ]]
    refused_with --volume "$folder:$MEMORY"
    [[ $status == 78 && $output == *"$MEMORY belongs to "* ]]
    [[ $(cat "$folder/note") == kept && $(stat -c %u "$folder" "$folder/note" | sort -u) == "$uid" ]]
  done
}

@test "the remedy mends it" {
  host_folder refused 0:0 note
  chown -R 1000:1000 "$folder"
  up --tmpfs=/workspace mended --volume "$folder:/workspace"
  as_agent mended 'cat /workspace/note; echo more >/workspace/more' | grep -x kept
  [[ $(stat -c %u "$folder/more") == 1000 ]]
  remove_box mended
}

@test "volumes of two owners are refused with 78, and the remedy names the one to change" {
  host_folder one 1234:1234 note
  local one=$folder
  host_folder two 2345:2345 note
  WITHOUT=--tmpfs=/workspace refused_with --volume "$one:/workspace" --volume "$folder:$MEMORY"
  [[ $status == 78 && $output == *"/workspace belongs to uid 1234 and $MEMORY to uid 2345"* ]]
  [[ $output == *"chown -R 1234:1234 the folder mounted at $MEMORY"* ]]
}

@test "beside a host folder the reference's own fresh volume follows its owner" {
  volume claude
  host_folder work 1234:1234 note
  up --tmpfs=/workspace both --volume "$folder:/workspace" --volume "$NAME-claude:$MEMORY"
  in_box both "stat -c %u:%g:%a $MEMORY /workspace" | grep -c -x -e 1234:1234:700 -e 1234:1234:755 | grep -x 2
  remove_box both
}

# The stub answers each conversation from its first turn on; what it is sent tells which conversation it is.
@test "the conversation outlives the container: its file is on the volume, and is taken up again" {
  volume memory
  ctl PUT /anthropic/script '{"turns": [{"text": "The word is xyzzy."}], "afterwards": "I remember."}'
  box talk --volume "$NAME-memory:$MEMORY" --env CLAUDE_PROMPT='Remember the word.'
  eventually 40 in_box talk "grep -q xyzzy $MEMORY/projects/-workspace/*.jsonl"
  as_agent talk "ls -la $MEMORY; [[ -f $MEMORY/.claude.json && ! -e ~/.claude.json ]]"
  remove_box talk
  box talk --volume "$NAME-memory:$MEMORY"
  in_box talk "grep -q xyzzy $MEMORY/projects/-workspace/*.jsonl"
  in_session talk 'cd /workspace && claude --continue -p "What was it?" </dev/null' | grep -x 'I remember.'
  # Without it the same question begins another conversation.
  in_session talk 'cd /workspace && claude -p "What was it?" </dev/null' | grep -x 'The word is xyzzy.'
  remove_box talk
}

@test "one volume at /data keeps the work and the conversations" {
  volume data
  local mode
  for mode in first again; do
    up --tmpfs=/workspace data --volume "$NAME-data:/data" --env REPO_URL=https://github.com/cloister-demo/hello
    matches "$(status_of data)" '.workspace == "/data/workspace" and .repository == "'"$([[ $mode == first ]] && echo cloned || echo kept)"'"'
    eventually 20 says 'bypass permissions on' screen data
    as_agent data 'readlink -f ~/.claude; stat -c %u:%g /data /data/workspace /data/claude; cat /data/workspace/repo/work || true; echo kept >/data/workspace/repo/work'
    in_session data 'pwd; ls -d /data/claude/.claude.json && tmux display-message -p -t cloister:1.1 "#{pane_current_path}"' | grep -x /data/workspace/repo
    eventually 20 matches_health data '.status == "healthy"'
    "$ENGINE" exec "$NAME-data" cloister verify >/dev/null
    remove_box data
  done
}

@test "what is rescued at a stop is the work on that volume, also of another user's" {
  host_folder data 1234:1234
  up --tmpfs=/workspace saved --volume "$folder:/data" --env REPO_URL=https://github.com/cloister-demo/hello
  as_user saved 1234 'cd /data/workspace/repo && echo night >>README.md'
  "$ENGINE" stop --time 60 "$NAME-saved" >/dev/null
  try "$ENGINE" logs "$NAME-saved"
  [[ $output == *'"event":"rescue.saved"'* && $output != *rescue.failed* ]]
  holds /github/repos/cloister-demo/hello '.refs | tostring | test("cloister")'
  # Nothing of the rescue's stays behind, and all is the host user's.
  run find "$folder" \( -name ".cloister-rescue-*" -o ! -uid 1234 \)
  [[ -z $output ]]
  remove_box saved
}

@test "what last night's agent laid out on that volume leads root nowhere" {
  "$ENGINE" run --rm --network none --user 1000 --volume "$NAME-data:/data" --entrypoint bash "$CLOISTER_IMAGE" -c '
    cd /data && mv workspace real && ln -s /run/cloister/private workspace && mv claude was && ln -s /etc claude'
  up --tmpfs=/workspace led --volume "$NAME-data:/data" --env REPO_URL=https://github.com/cloister-demo/hello
  in_box led '[[ -z $(ls -A /run/cloister/private) && ! -e /etc/.claude.json && ! -L /data/workspace && ! -L /data/claude ]]'
  as_agent led '[[ -d /data/workspace/repo/.git && -d /data/real/repo/.git && -f /data/claude/.claude.json ]]'
  remove_box led
}

# The traps leave a line with the user that ran them; the pane below Claude is where the agent's own shell springs them.
@test "last night's dot-files and settings on the volumes are obeyed by no root, no proof and no next boot" {
  volume trapped
  "$ENGINE" run --rm --interactive --network none --volume "$NAME-trapped:/data" --label "cloister.test=$NAME" --entrypoint bash "$CLOISTER_IMAGE" \
    -c 'chown 1000:1000 /data; exec setpriv --reuid=1000 --regid=1000 --clear-groups bash -s' <"$BATS_TEST_DIRNAME/fixtures/trapped-volume.sh"
  up --tmpfs=/workspace trapped --volume "$NAME-trapped:/data" --env REPO_URL=https://github.com/cloister-demo/hello
  matches "$(status_of trapped)" '.repository == "kept"'
  in_box trapped '[[ ! -e /tmp/trapped-0 ]]'
  "$ENGINE" exec "$NAME-trapped" cloister verify --json >"$BATS_TEST_TMPDIR/verify"
  matches "$(cat "$BATS_TEST_TMPDIR/verify")" 'length > 20 and all(.[]; .verdict == "holds")'
  "$ENGINE" exec "$NAME-trapped" cloister health >/dev/null
  eventually 20 says 'bypass permissions on' screen trapped
  in_box trapped 'ls /tmp/trapped-* 2>/dev/null; [[ ! -e /tmp/trapped-0 ]] && ! grep -s claude-hook /tmp/trapped-1000'
  # They are traps: whoever obeys that volume springs them, the agent in its session among them.
  in_session trapped 'cd /data/workspace/repo && git status --short; true' >/dev/null
  eventually 5 in_box trapped 'grep -q fsmonitor /tmp/trapped-1000'
  in_box trapped 'git -c safe.directory="*" -C /data/workspace/repo status >/dev/null; grep -q fsmonitor /tmp/trapped-0'
  remove_box trapped
}

@test "what last night's agent closed to everybody, itself included, keeps no box from booting" {
  volume closed-work
  volume closed-home
  local mounts=(--volume "$NAME-closed-work:/workspace" --volume "$NAME-closed-home:/home/claude")
  up '--tmpfs=/workspace\|--tmpfs=/home' closed "${mounts[@]}"
  in_session closed 'cd ~/.claude && rm .claude.json && for name in .claude.json .claude.json.cloister .claude.json.aside; do
      mkdir -p $name/closed && echo kept >$name/closed/file && chmod 0 $name/closed; done
    mkdir ~/.config/gh/hosts.yml.aside && touch ~/.config/gh/hosts.yml.aside/x && chmod 0 ~/.config/gh/hosts.yml.aside
    chmod 0 ~/.config/gh ~/.config ~/.local ~/.claude /workspace ~'
  remove_box closed
  up '--tmpfs=/workspace\|--tmpfs=/home' closed "${mounts[@]}"
  in_session closed 'jq -e .hasCompletedOnboarding ~/.claude/.claude.json && touch /workspace/x ~/.config/gh/x'
  in_box closed '[[ $(cat /home/claude/.claude/.claude.json.*/closed/file | sort -u) == kept ]]'
  remove_box closed
}

@test "a token stays on no home: a box without an account removes what an earlier one left" {
  volume account
  up '--tmpfs=/home' account --volume "$NAME-account:/home/claude"
  as_agent account "grep -q '$NET_GH_PAT' ~/.config/gh/hosts.yml"
  remove_box account
  up '--tmpfs=/home\|GH_PAT' account --volume "$NAME-account:/home/claude" --env GH_PAT=none
  as_agent account '[[ -d ~/.config/gh ]]'
  run ! as_agent account "grep -r '$NET_GH_PAT' ~ /run/cloister/agent"
  remove_box account
}

@test "a box that makes its own rooms covers no volume below them" {
  volume deep
  up '--tmpfs=/\(workspace\|tmp\|home\)' deep --cap-add SYS_ADMIN --security-opt apparmor=unconfined \
    --volume "$NAME-deep:$MEMORY" --volume "$NET_CA:/home/claude/certificates/ca.pem:ro"
  as_agent deep 'echo remembered >~/.claude/note; cmp ~/certificates/ca.pem /certs/ca.pem; touch ~/certificates/mine'
  in_box deep "findmnt -n -o FSTYPE /home/claude | grep -x tmpfs && ! findmnt /run/cloister/private/room"
  remove_box deep
  "$ENGINE" run --rm --network none --volume "$NAME-deep:/v" --entrypoint cat "$CLOISTER_IMAGE" /v/note /v/.claude.json | grep -x remembered
}

# documented NAME: the command that docs/work-and-rescue.md gives under that name.
documented() {
  sed -n "/<!-- host-git: $1 -->/,/\`\`\`$/p" "$ROOT/docs/work-and-rescue.md" | grep -o 'git -C .*'
}

# The host's part is played by root in a container: a repository of uid 1234's that runs something wherever it can.
host_git() {
  "$ENGINE" exec --interactive "$NAME-hostgit" bash -c "cd /; export HOME=/root MINE=/root/mine SHARED=/tmp/shared; $1"
}

sprung() {
  host_git 'cat /tmp/sprung 2>/dev/null; rm -f /tmp/sprung; true'
}

@test "a shared repository runs the agent's programs on the host, and the documented ways do not" {
  "$ENGINE" run --detach --name "$NAME-hostgit" --label "cloister.test=$NAME" --network none --entrypoint sleep "$CLOISTER_IMAGE" 600 >/dev/null
  host_git 'ln -sfn /root/system /etc/gitconfig; touch /root/system; exec bash -s' <"$BATS_TEST_DIRNAME/fixtures/planted-repository.sh"
  host_git "$(documented fetch)" 2>&1 | grep 'dubious ownership'
  host_git "$(documented fetch-foreign)"
  [[ $(host_git 'git -C $MINE log -1 --format=%s refs/remotes/box/night') == 'last night' ]]
  [[ -z $(sprung) ]]
  host_git 'chown -R 0:0 /tmp/shared'
  host_git "$(documented fetch)"
  host_git "$(documented look)" | grep 'last night'
  [[ -z $(sprung) ]]
  # What the documents warn of does happen.
  host_git 'git -C $SHARED status >/dev/null; true'
  sprung | tee /dev/stderr | grep fsmonitor
  host_git 'touch $SHARED/file; git -C $SHARED -c core.fsmonitor=false -c core.hooksPath=/dev/null diff >/dev/null; true'
  sprung | tee /dev/stderr | grep -e filter -e external
  host_git 'git -C $SHARED commit --quiet --allow-empty -m x; true'
  sprung | tee /dev/stderr | grep hook
}
