#!/usr/bin/env bats
# The real Claude Code at work in the box, with nobody attached, against the Messages API's stub.

load cloister

setup_file() {
  start_internet
  ctl PUT /anthropic/script "$SCRIPT" >/dev/null
  box main "${IDENTITY[@]}" --env REPO_URL=https://github.com/cloister-demo/hello --env "CLAUDE_PROMPT=$PROMPT"
}

teardown_file() {
  remove_all
}

# shellcheck disable=SC2016
PROMPT='say "who" you are; $(touch /tmp/never) `touch /tmp/never`'
IDENTITY=(--env 'GIT_USER_NAME=Ada Lovelace' --env GIT_USER_EMAIL=ada@example.org)
SCRIPT='{"turns": [
  {"tool_use": {"name": "Bash", "input": {"description": "Leave a trace",
    "command": "id -un >effect; pwd >>effect; tmux -N -S /run/cloister/session/tmux list-clients | wc -l >>effect"}}},
  {"tool_use": {"name": "Bash", "input": {"description": "Hand it in",
    "command": "git add effect && git commit -qm \"Leave a trace\" && git push -q origin HEAD && git push -q origin HEAD:refs/heads/feature"}}},
  {"text": "It is done."}], "afterwards": "Nothing more."}'

scrubbed() {
  as_agent "$1" "cd /workspace && env -i HOME=/home/claude PATH=/usr/local/bin:/usr/bin:/bin $2"
}

@test "Claude runs the stub's tool call in /workspace/repo, with nobody attached" {
  eventually 40 as_agent main '[[ $(wc -l </workspace/repo/effect) == 3 ]]'
  [[ $(as_agent main 'cat /workspace/repo/effect') == $'claude\n/workspace/repo\n0' ]]
  eventually 20 says 'It is done.' screen main
}

@test "the prompt arrives word for word, with the account's token, and nothing of it is run" {
  ctl GET /anthropic/log | jq --exit-status --arg prompt "$PROMPT" \
    'any(.[]; .kind == "conversation" and .prompt == $prompt and .auth == "Bearer")'
  as_agent main '[[ ! -e /tmp/never ]]'
}

@test "the agent's commit and push arrive under the configured identity, with the token and no question" {
  eventually 20 holds /github/repos/cloister-demo/hello '.log[0].subject == "Leave a trace"'
  holds /github/repos/cloister-demo/hello '.log[0] | .author == "Ada Lovelace <ada@example.org>" and .committer == .author'
  holds /github/log 'any(.[]; .method == "POST" and (.path | contains("git-receive-pack")) and .credential == "token" and .status == 200)'
  holds /github/log 'all(.[]; .credential != "wrong")'
  eventually 20 holds /github/repos/cloister-demo/hello '.refs | tostring | contains("refs/heads/feature")'
}

@test "gh, npm and git see their accounts in any environment" {
  [[ $(as_agent main 'gh api user --jq .login') == cloister-bot ]]
  [[ $(scrubbed main 'gh api user --jq .login') == cloister-bot ]]
  [[ $(as_agent main 'npm whoami --registry=https://npm.pkg.github.com') == cloister-bot ]]
  [[ $(scrubbed main 'npm whoami --registry=https://npm.pkg.github.com') == cloister-bot ]]
  scrubbed main 'git -C /workspace/repo fetch -q'
  [[ $(scrubbed main 'git ls-remote https://github.com/cloister-demo/private HEAD') == *HEAD ]]
}

@test "git goes by https however the URL is spelled" {
  local url
  for url in git@github.com:cloister-demo/private ssh://git@github.com/cloister-demo/private git://github.com/cloister-demo/private; do
    [[ $(scrubbed main "git ls-remote $url HEAD") == *HEAD ]]
  done
}

@test "git offers the token to github.com alone, and over https alone" {
  local question
  for question in 'protocol=https\nhost=allowed.test' 'protocol=http\nhost=github.com' 'protocol=https\nhost=github.com.allowed.test'; do
    try as_agent main "printf '$question\n\n' | GIT_TERMINAL_PROMPT=0 git credential fill"
    [[ $status != 0 && $output != *"$NET_GH_PAT"* ]]
  done
  as_agent main "printf 'protocol=https\nhost=github.com\n\n' | git credential fill" | grep -qx "password=$NET_GH_PAT"
}

@test "the programs of the toolbox trust the company's certificates" {
  box trusting --env ALLOW_DOMAINS=allowed.test
  [[ $(scrubbed trusting 'curl -sS https://allowed.test') == allowed ]]
  [[ $(scrubbed trusting 'wget -qO- https://allowed.test') == allowed ]]
  [[ $(scrubbed trusting 'python3 -c "import urllib.request as r; print(r.urlopen(\"https://allowed.test\").read().decode().strip())"') == allowed ]]
  # Programs with a list of their own are told by the session's environment.
  as_agent trusting 'tmux -N -S /run/cloister/session/tmux send-keys -t cloister:1.1 "node -e \"fetch(\\\"https://allowed.test\\\").then(async (a) => console.log(\\\"node:\\\", await a.text()))\"" Enter'
  eventually 10 says 'node: allowed' screen trusting 1
  remove_box trusting
}

@test "claude itself works with a scrubbed environment" {
  ctl PUT /anthropic/script '{"turns": [{"text": "Spoken from nowhere."}]}' >/dev/null
  scrubbed main 'timeout 30 claude -p hello </dev/null' | grep -x 'Spoken from nowhere.'
}

@test "with an API key Claude starts without a dialog, and uses it" {
  WITHOUT=CLAUDE_CODE_OAUTH_TOKEN box keyed --env "ANTHROPIC_API_KEY=sk-ant-api03-a-key-that-nobody-has-1234567890" \
    --env REPO_URL=https://github.com/cloister-demo/hello
  ctl DELETE /anthropic/log >/dev/null
  eventually 20 says 'bypass permissions on' screen keyed
  try screen keyed
  [[ $output != *'Do you want'* && $output != *'API key'*'?'* ]]
  scrubbed keyed 'timeout 30 claude -p hello </dev/null' | grep -x 'Spoken from nowhere.'
  holds /anthropic/log 'any(.[]; .kind == "conversation" and .auth != "Bearer")'
  remove_box keyed
}

@test "a repository that does not exist is reported, and the session starts all the same" {
  box lost --env REPO_URL=https://github.com/cloister-demo/nowhere
  matches "$(status_of lost)" '.state == "ready" and .repository == "failed"'
  matches "$(status_of lost)" '.steps[] | select(.name == "repository") | .state == "warned" and (.detail | test("nowhere|not found"; "i"))'
  "$ENGINE" logs "$NAME-lost" 2>&1 | grep '"level":"warn".*the session starts without it'
  eventually 20 says 'bypass permissions on' screen lost
  remove_box lost
}

@test "a private repository is cloned with the token, and is not without" {
  box private --env REPO_URL=https://github.com/cloister-demo/private
  matches "$(status_of private)" '.repository == "cloned"'
  [[ $(as_agent private 'stat -c %U /workspace/repo; git -C /workspace/repo remote get-url origin') == $'claude\nhttps://github.com/cloister-demo/private' ]]
  WITHOUT=GH_PAT box private --env GH_PAT=none --env REPO_URL=https://github.com/cloister-demo/private
  matches "$(status_of private)" '.repository == "failed"'
  remove_box private
}

@test "REPO_REF chooses the branch, and a wrong one is reported" {
  box branch --env REPO_URL=https://github.com/cloister-demo/hello --env REPO_REF=feature
  [[ $(as_agent branch 'git -C /workspace/repo branch --show-current') == feature ]]
  box branch --env REPO_URL=https://github.com/cloister-demo/hello --env REPO_REF=no-such-branch
  matches "$(status_of branch)" '.state == "ready" and .repository == "failed"'
  remove_box branch
}

@test "work on a volume is kept as it is, not cloned again" {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-work" >/dev/null
  local round
  for round in cloned kept; do
    # Docker refuses a volume and a tmpfs at one place.
    WITHOUT=--tmpfs=/workspace boot kept --volume "$NAME-work:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
    eventually 30 in_box kept '[[ -s /run/cloister/ready ]]'
    matches "$(status_of kept)" ".repository == \"$round\""
    as_agent kept 'echo mine >>/workspace/repo/note'
  done
  [[ $(as_agent kept 'cat /workspace/repo/note') == $'mine\nmine' ]]
  remove_box kept
}
