#!/usr/bin/env bats
# The rescue of work, against a repository, an agent and strangers who would have it run something, push elsewhere, say
# "saved" of what is not, or come up with a state that is not the operator's. In an image in which our program has none of
# its controls each of them succeeds; what git is told is another control: the agent's own git is not.

load ../container/cloister
load without

setup_file() {
  start_internet --subnet4 198.51.100.128/25 --subnet6 2001:db8:c18::/64
  local name
  for name in target elsewhere planted fooled; do
    ctl PUT "/github/repos/cloister-demo/$name" '{"isPrivate": true, "files": {"README.md": "one\n", ".gitattributes": "* filter=trap diff=trap\n"}}' >/dev/null
  done
  build_without "$NAME-open" "$CLOISTER_IMAGE" rescue
  box main --env REPO_URL=https://github.com/cloister-demo/target --env RESCUE_INTERVAL=10s
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-open" >/dev/null 2>&1 || true
}

# open_box BOX [FLAG...]: of that image.
open_box() {
  CLOISTER_IMAGE=$NAME-open box "$@"
}

TARGET=https://github.com/cloister-demo/target
ELSEWHERE=https://github.com/cloister-demo/elsewhere

refs_of() {
  ctl GET "/github/repos/cloister-demo/$1" | jq --raw-output '.refs | keys[] | select(startswith("refs/cloister"))'
}

# Of what a push names to be replaced, nothing stands there.
empty_elsewhere() {
  ctl PUT /github/repos/cloister-demo/elsewhere '{"isPrivate": true, "files": {"README.md": "one\n"}}' >/dev/null
}

bare() {
  in_box internet "git -C /run/internet/git/cloister-demo/$1.git $2"
}

@test "a repository and a home that redirect, hook, filter and sign have nothing run, and change no address" {
  in_session main "cd /workspace/repo
    trap=/tmp/trap; printf '#!/bin/sh\necho \"\$0 \$*\" >>/tmp/ran\nexec cat\n' >\$trap; chmod +x \$trap
    for hook in pre-push post-checkout reference-transaction post-index-change pre-auto-gc; do cp \$trap .git/hooks/\$hook; done
    for file in .git/config ~/.gitconfig; do
      for pair in core.fsmonitor=\$trap core.sshCommand=\$trap core.askPass=\$trap credential.helper=\$trap diff.external=\$trap \
        filter.trap.clean=\$trap filter.trap.smudge=\$trap diff.trap.textconv=\$trap gpg.program=\$trap core.alternateRefsCommand=\$trap \
        url.$ELSEWHERE.insteadOf=$TARGET url.$ELSEWHERE.pushInsteadOf=$TARGET remote.origin.pushurl=$ELSEWHERE http.proxy=http://denied.test:3128 \
        http.sslVerify=false push.gpgSign=true push.pushOption=forged include.path=/tmp/more core.worktree=/tmp core.hooksPath=/workspace/repo/.git/hooks; do
        git config --file \$file --add \${pair%%=*} \"\${pair#*=}\"
      done
    done
    printf 'machine github.com login x password forged\n' >~/.netrc; chmod 600 ~/.netrc
    echo work >work.txt"
  eventually 40 rescue_events main 'any(.event == "rescue.saved")'
  bare target 'cat-file blob "$(git -C /run/internet/git/cloister-demo/target.git for-each-ref --format="%(refname)" "refs/cloister/box/*/work")":work.txt' | grep -x work
  [[ -z $(refs_of elsewhere) ]]
  in_box main '[[ ! -e /tmp/ran ]]'
  # The agent's own git is caught by the same traps.
  in_session main "cd /workspace/repo && git config --unset core.worktree; git config --file ~/.gitconfig --unset core.worktree
    git config --unset-all http.proxy; git config --file ~/.gitconfig --unset-all http.proxy; git status; 
    git -c push.gpgSign=false -c push.pushOption= push $TARGET HEAD:refs/heads/caught; true"
  in_box main 'cat /tmp/ran; [[ -s /tmp/ran ]]'
  bare elsewhere 'rev-parse refs/heads/caught'
}

# forge BOX REPOSITORY: from now on every rescue's own git directory leads elsewhere. It is written once each, whole.
forge() {
  in_session "$1" "cat >/tmp/forge <<'END'
while :; do
  for at in /tmp /home/claude /workspace; do
    for scratch in \$at/.cloister-rescue-*; do
      [[ -d \$scratch ]] || continue
      read -r line <\$scratch/config
      [[ \$line == '[url'* ]] || printf '[url \"$ELSEWHERE\"]\n\tinsteadOf = https://github.com/cloister-demo/$2\n' >\$scratch/config
    done
  done
done 2>/dev/null
END
    (setsid -f bash /tmp/forge >/dev/null 2>&1); echo forged >/workspace/repo/forged.txt"
}

@test "an agent that changes the rescue's own git directory while it works can't have saved said of what is not" {
  in_session main "cd /workspace/repo; rm -f .git/config ~/.gitconfig ~/.netrc .git/hooks/*; git init -q"
  forge main target
  # What is pushed names what it takes the place of: git itself would find out that this is another one.
  bare elsewhere "fetch -q /run/internet/git/cloister-demo/target.git '+refs/cloister/*:refs/cloister/*'"
  within 60 rescue_events main 'any(.event == "rescue.failed" and (.reason | contains("the remote does not have")))'
  # It did push, and it did believe itself.
  [[ $(bare elsewhere 'for-each-ref refs/cloister') != "$(bare target 'for-each-ref refs/cloister')" ]]
  rescue_events main '(map(select(.event == "rescue.failed"))[0].time) as $caught | all(.event != "rescue.saved" or .time < $caught)'
  is_status main '.rescue.outcome == "failed" and (.rescue.said | startswith("FAILED"))'
}

@test "at the stop it is dead, and the work is saved" {
  in_box main 'pgrep -f "bash /tmp/forge"'
  "$ENGINE" stop --time 60 "$NAME-main" >/dev/null
  rescue_events main '.[-1].event == "rescue.saved" and .[-1].occasion == "stop"'
  bare target 'cat-file blob "$(git -C /run/internet/git/cloister-demo/target.git for-each-ref --format="%(refname)" "refs/cloister/box/*/work")":forged.txt' | grep -x forged
  remove_box main
}

@test "without the question to the remote, and with the agent alive at the stop, saved is said of what is lost: removal" {
  empty_elsewhere
  open_box fooled --env REPO_URL=https://github.com/cloister-demo/fooled --env RESCUE_INTERVAL=10s
  forge fooled fooled
  eventually 60 rescue_events fooled 'any(.event == "rescue.saved")'
  [[ -z $(refs_of fooled) ]]
  empty_elsewhere
  in_session fooled 'echo more >/workspace/repo/more.txt'
  "$ENGINE" stop --time 60 "$NAME-fooled" >/dev/null
  rescue_events fooled '.[-1].event == "rescue.saved" and .[-1].occasion == "stop"'
  [[ -z $(refs_of fooled) ]]
  remove_box fooled
}

@test "a state that a stranger planted, in every place, is refused with a sentence, and the box starts on a clean clone" {
  box victim --env REPO_URL=https://github.com/cloister-demo/planted
  in_session victim 'echo mine >/workspace/repo/mine.txt'
  "$ENGINE" stop --time 60 "$NAME-victim" >/dev/null
  remove_box victim
  # Somebody who may push: the same body with another time, another MAC, and no secret.
  in_box internet 'cd /run/internet/git/cloister-demo/planted.git
    export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x
    own=$(git for-each-ref --format="%(refname)" "refs/cloister/box/*/manifest")
    git cat-file blob "$own:manifest.json" >/tmp/genuine
    sed "s/time\\\\\":[0-9]*/time\\\\\":1/" /tmp/genuine >/tmp/forged
    ! cmp -s /tmp/genuine /tmp/forged || exit 1
    blob=$(git hash-object -w /tmp/forged)
    commit=$(printf "100644 blob %s\tmanifest.json\n" "$blob" | git mktree | xargs git commit-tree -m forged)
    git update-ref "$own" "$commit"
    git update-ref refs/cloister/box/00000000/manifest "$commit"; git update-ref refs/cloister/box/00000000/state main'
  # Whoever believes it has it restored.
  open_box victim --env REPO_URL=https://github.com/cloister-demo/planted
  is_status victim '.rescue.restored | startswith("restored the work saved at 1970-")'
  in_session victim '[[ -e /workspace/repo/mine.txt ]]'
  remove_box victim
  box victim --env REPO_URL=https://github.com/cloister-demo/planted
  is_status victim '(.steps[] | select(.name == "repository") | .state == "warned") and
    (.rescue.restored | startswith("a rescue is there but was not restored: ") and contains("no secret of this box has signed it"))'
  within 10 says 'was not restored' screen victim 1
  in_session victim 'cd /workspace/repo && [[ ! -e mine.txt && -z $(git status --porcelain) ]]'
  # What it saves goes beside: nothing that may be wanted yet is written over.
  in_session victim 'echo later >/workspace/repo/later.txt'
  "$ENGINE" stop --time 60 "$NAME-victim" >/dev/null
  rescue_events victim '.[-1] | .event == "rescue.saved" and (.ref | test("^refs/cloister/box/[0-9a-f]{8}-[0-9a-f]{8}/work$"))'
  remove_box victim
}

@test "names of files and branches reach log, status and screen without their force" {
  box names --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=names
  in_session names 'cd /workspace/repo && git checkout -q -b "$(printf "b\342\200\256x\$(id)")" &&
    touch "$(printf ".env.a\033]52;c;?\007b")" "$(printf ".env.\nline")" "$(printf ".env.\377\302\233")" && echo x >x.txt'
  "$ENGINE" stop --time 60 "$NAME-names" >/dev/null
  rescue_events names '.[-1].event == "rescue.saved"'
  local said
  said=$("$ENGINE" logs "$NAME-names" 2>&1)
  remove_box names
  box names --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=names
  said+=$(all_said names)
  run ! has_force "$said"
  [[ $said == *'called like a secret'* ]]
  open_box names --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=names
  has_force "$(all_said names)"
  remove_box names
}

# Log, status, and what the session is told.
all_said() {
  "$ENGINE" logs "$NAME-$1" 2>&1
  "$ENGINE" exec "$NAME-$1" cloister status
  in_box "$1" 'cat /run/cloister/agent/notice'
}

has_force() {
  grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\\u001b|\\u202e' <<<"$1"
}

# signed EXPRESSION: the rescue of "planted" anew, changed by a line of JavaScript, as whoever knows the token can sign it.
signed() {
  in_box internet "cat >/tmp/sign.mts && node /tmp/sign.mts /run/internet/git/cloister-demo/planted.git signed $NET_GH_PAT '$1'" \
    <"$ROOT/test/attacks/fixtures/sign.mts"
}

@test "a rescue that the agent signed itself keeps no box from booting, and says nothing of its own" {
  box signed --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=signed
  in_session signed 'echo mine >/workspace/repo/mine.txt'
  "$ENGINE" stop --time 60 "$NAME-signed" >/dev/null
  remove_box signed
  local genuine change
  genuine=$(bare planted "rev-parse $(refs_of planted | grep 'signed/.*/manifest')")
  # Positive control: signed anew, and changed in what is nobody's harm.
  signed 'manifest.notes.push("Signed anew.")'
  box signed --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=signed
  [[ $("$ENGINE" exec "$NAME-signed" cloister status) == *'Signed anew.'* ]]
  for change in 'manifest.time = "never"' 'manifest.notes = ["a\u001b]0;x\u0007\u009b31m\u202e\nrescue      saved"]' \
    'manifest.files = "\u001b[31m"' 'manifest.head.branch = 5'; do
    echo "$change"
    bare planted "update-ref $(refs_of planted | grep 'signed/.*/manifest') $genuine"
    signed "$change"
    box signed --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=signed
    is_unharmed signed
    # Where nobody looks at it, it does its harm: no boot, no work, or words of its own.
    open_box signed --env REPO_URL=https://github.com/cloister-demo/planted --env BOX_NAME=signed || continue
    run ! is_unharmed signed
  done
  remove_box signed
}

is_unharmed() {
  local said
  said=$(all_said "$1")
  [[ $said == *'restored'* ]] || return 1
  if has_force "$said" || grep '^rescue      saved' <<<"$said"; then return 1; fi
  in_session "$1" 'git -C /workspace/repo status' | grep 'On branch main'
}
