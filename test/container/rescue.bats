#!/usr/bin/env bats
# What the agent has done outlives the container: saved at a stop, at intervals and at the agent's end, pushed to the
# repository, and back in the next one, file by file.

load cloister

setup_file() {
  start_internet
}

teardown_file() {
  remove_all
}

# repository NAME [PRIVATE]: a fresh one on the fake github.com.
repository() {
  ctl PUT "/github/repos/cloister-demo/$1" "{\"isPrivate\": ${2:-true}, \"files\": {
    \"README.md\": \"# one\\n\", \"src/a.js\": \"a\\n\", \"src/b.js\": \"b\\n\", \".gitignore\": \"ignored/\\n\"}}" >/dev/null
}

# work BOX REPOSITORY [FLAG...]: a box on it.
work() {
  box "$1" --env "REPO_URL=https://github.com/cloister-demo/$2" "${@:3}"
}

rescue_of() {
  "$ENGINE" exec "$NAME-$1" cloister status --json | jq --raw-output ".rescue.$2"
}

# Everything that has to come back: branch, commits, index, files with their modes, half-done work.
snapshot() {
  in_session "$1" 'cd /workspace/repo && cat .git/HEAD && git rev-parse HEAD && git for-each-ref refs/heads refs/tags &&
    git stash list && git ls-files -v -s && git status --porcelain=v2 --untracked-files=all &&
    cat .git/MERGE_HEAD .git/MERGE_MSG 2>/dev/null
    find . -path ./.git -prune -o -path ./ignored -prune -o \( -type f -o -type l \) -printf "%P %y %m %l\n" -type f -exec sha256sum {} + | sort'
}

# stop BOX: within the grace that the reference run gives.
stop() {
  "$ENGINE" stop --time 60 "$NAME-$1" >/dev/null
  [[ $("$ENGINE" inspect --format '{{.State.ExitCode}}' "$NAME-$1") == 143 ]]
  matches "$("$ENGINE" logs "$NAME-$1" 2>&1 | tail -n 1)" '.event == "box.stopped"'
}

@test "docker stop with work in progress: saved, and the recreated container has the same tree, index and branch" {
  repository work
  work before work
  in_session before 'cd /workspace/repo && git checkout -q -b topic/one && echo two >>README.md && git commit -qam Two &&
    git branch other HEAD~1 && git tag mark && echo stashed >src/a.js && git stash -q &&
    echo staged >src/a.js && git add src/a.js && echo again >>src/a.js && rm src/b.js && mkdir -p new/deep ignored &&
    printf "\0\1\377" >new/deep/binary && ln -s ../README.md new/link && printf "#!/bin/sh\n" >new/program &&
    chmod +x new/program && echo x >"$(printf "odd\nname\377")" && echo no >ignored/x'
  local wanted
  wanted=$(snapshot before)
  echo "$wanted"
  stop before
  rescue_events before 'map(select(.event == "rescue.saved" and .occasion == "stop")) | length == 1'
  rescue_events before '.[-1] | .branch == "topic/one" and .commits == 3 and (.missing == []) and (.ref | startswith("refs/cloister/box/"))'
  remove_box before
  work after work
  diff <(echo "$wanted") <(snapshot after)
  in_box after '[[ ! -e /workspace/repo/ignored ]]'
  [[ $(rescue_of after restored) == 'restored the work saved at '*', on topic/one' ]]
  is_status after '.steps[] | select(.name == "repository") | .state == "done" and (.detail | startswith("cloned; restored"))'
  eventually 10 says 'cloister: restored the work saved at' screen after 1
  # By hand, as the log says.
  in_session after 'cd /tmp && git clone -q https://github.com/cloister-demo/work hand && cd hand &&
    git fetch -q origin "$(git ls-remote origin "refs/cloister/box/*/work" | cut -f2)" && git checkout -q FETCH_HEAD && cat src/a.js' | grep -x again
}

@test "a merge half done comes back half done, and can be finished" {
  repository merge
  work merging merge
  in_session merging 'cd /workspace/repo && git checkout -q -b theirs && echo theirs >src/a.js && git commit -qam Theirs &&
    git checkout -q main && echo ours >src/a.js && git commit -qam Ours && git merge theirs; git status --short' | grep 'UU src/a.js'
  local wanted
  wanted=$(snapshot merging)
  stop merging
  rescue_events merging '.[-1].missing == ["A merge is half done; it is saved as it stands."]'
  remove_box merging
  work merged merge
  diff <(echo "$wanted") <(snapshot merged)
  in_session merged 'cd /workspace/repo && echo both >src/a.js && git commit -qam Merged && [[ $(git rev-list --parents -1 HEAD | wc -w) == 3 ]]'
}

@test "killed with SIGKILL instead, in the middle of a rescue: the one before comes back, and one interval is lost" {
  repository killed
  work doomed killed --env RESCUE_INTERVAL=10s --env LOG_LEVEL=debug
  in_session doomed 'cd /workspace/repo && echo saved >saved.txt && git checkout -q -b mine'
  local wanted
  wanted=$(snapshot doomed)
  eventually 25 rescue_events doomed 'any(.event == "rescue.saved" and .occasion == "interval" and .branch == "mine")'
  # Nothing has changed: nothing is pushed again.
  ctl DELETE /github/log >/dev/null
  eventually 25 rescue_events doomed 'any(.event == "rescue.unchanged")'
  holds /github/log 'all(.path | contains("receive-pack") | not)'
  ctl PUT /github/pushes/cloister-demo/killed '{"delayMs": 100000}' >/dev/null
  in_session doomed 'cd /workspace/repo && echo lost >lost.txt && echo lost >saved.txt'
  eventually 25 holds /github/log 'any(.path | contains("killed") and contains("receive-pack"))'
  in_box doomed 'pgrep -u 1000 -f "[r]eceive-pack|[g]it.* push"'
  "$ENGINE" kill --signal KILL "$NAME-doomed" >/dev/null
  remove_box doomed
  work risen killed
  diff <(echo "$wanted") <(snapshot risen)
}

@test "the session's end saves what there is" {
  repository ended
  work ended ended
  in_session ended 'echo x >/workspace/repo/x.txt'
  as_agent ended 'kill -9 -1' || true
  eventually 15 rescue_events ended 'any(.event == "rescue.saved" and .occasion == "agent ended")'
}

@test "so does Claude's own end, though the session lives on" {
  repository mourned
  work mourned mourned
  in_session mourned 'echo x >/workspace/repo/x.txt; pkill -KILL -x claude'
  eventually 30 rescue_events mourned 'any(.event == "rescue.saved" and .occasion == "agent ended")'
}

@test "what runs on as the agent is ended before, and can't change what is saved" {
  repository runaway
  work runaway runaway
  in_session runaway 'cd /workspace/repo && (trap "" TERM HUP; setsid -f bash -c "trap \"\" TERM HUP; while :; do date +%N >counter; done" >/dev/null 2>&1)'
  eventually 5 in_box runaway '[[ -s /workspace/repo/counter ]]'
  stop runaway
  rescue_events runaway '.[-1].event == "rescue.saved" and .[-1].missing == []'
}

@test "with arguments the rescue follows the agent's end, and the code is still the agent's" {
  repository once
  ctl PUT /anthropic/script '{"turns": [
    {"tool_use": {"name": "Bash", "input": {"description": "Work", "command": "echo done >result.txt"}}},
    {"text": "It is done."}]}' >/dev/null
  local flags
  mapfile -t flags < <({ reference_flags; internet_flags; })
  try timeout 90 "$ENGINE" run --name "$NAME-once" "${flags[@]}" --env REPO_URL=https://github.com/cloister-demo/once \
    "$CLOISTER_IMAGE" -p 'do it'
  [[ $status == 0 ]]
  rescue_events once '.[-1].event == "rescue.saved"'
  work afterwards once
  [[ $(in_session afterwards 'cat /workspace/repo/result.txt') == 'done' ]]
}

@test "into a public repository only tracked files go, and those left out are named" {
  repository open false
  work open open
  in_session open 'cd /workspace/repo && echo x >untracked.txt && echo y >added.txt && git add added.txt && echo z >>README.md'
  stop open
  rescue_events open '.[-1].missing == ["left out (not tracked, and the repository is not known to be private): untracked.txt"]'
  remove_box open
  work open open --env RESCUE=all
  in_session open 'cd /workspace/repo && [[ -e added.txt && ! -e untracked.txt ]] && echo x >untracked.txt'
  stop open
  rescue_events open '.[-1].missing == []'
}

@test "no secret leaves: not by name, not by content, not in a commit, and the agent's index stays as it was" {
  repository secrets
  work secretive secrets
  in_session secretive 'cd /workspace/repo && echo A=1 >.env && cp /run/cloister/agent/github-token notes.txt &&
    cat /run/cloister/agent/github-token >>README.md && git commit -qam "With it" && echo fine >fine.txt'
  stop secretive
  rescue_events secretive '.[-1].missing | any(contains("called like a secret): .env")) and any(contains("looks like a secret): ") and contains("notes.txt")) and any(contains("The new commits of what is checked out are not saved"))'
  local objects='git -C /run/internet/git/cloister-demo/secrets.git cat-file --batch-all-objects --batch --buffer'
  [[ $(in_box internet "$objects | grep -ac fine") -ge 1 && $(in_box internet "$objects | grep -ac $NET_GH_PAT; true") == 0 ]]
  remove_box secretive
  work honest secrets
  in_session honest 'cd /workspace/repo && [[ $(cat fine.txt) == fine && ! -e .env && ! -e notes.txt ]]'
}

@test "a push that is rejected, and a network that is dead, are said; the stop stays within its grace" {
  repository rejecting
  work rejected rejecting
  in_session rejected 'echo x >/workspace/repo/x.txt'
  ctl PUT /github/pushes/cloister-demo/rejecting '{"reject": "refs/cloister"}' >/dev/null
  stop rejected
  rescue_events rejected '.[-1] | .event == "rescue.failed" and (.reason | contains("the repository rejected the push") and contains("deny updating"))'
  repository dead
  work offline dead
  in_session offline 'echo x >/workspace/repo/x.txt'
  "$ENGINE" network disconnect "$NAME" "$NAME-offline"
  stop offline
  rescue_events offline '.[-1] | .event == "rescue.failed" and (.reason | contains("could not be reached"))'
}

@test "a rescue is known by either secret, after the other one was changed, and by its box's name" {
  repository twice
  work first twice
  in_session first 'echo one >/workspace/repo/one.txt'
  stop first
  remove_box first
  WITHOUT=CLAUDE_CODE_OAUTH_TOKEN work second twice --env CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-another
  in_session second '[[ -e /workspace/repo/one.txt ]]'
  remove_box second
  work third twice --env BOX_NAME=other
  in_session third '[[ ! -e /workspace/repo/one.txt ]]'
}

@test "a workspace kept on a volume is never written over" {
  repository kept
  work gone kept
  in_session gone 'echo rescued >/workspace/repo/x.txt'
  stop gone
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-work" >/dev/null
  "$ENGINE" run --rm --network none --volume "$NAME-work:/workspace" --entrypoint sh "$CLOISTER_IMAGE" -c \
    'mkdir /workspace/repo && echo kept >/workspace/repo/x.txt && chown -R 1000:1000 /workspace'
  WITHOUT='--tmpfs=/workspace' boot kept --volume "$NAME-work:/workspace" --env REPO_URL=https://github.com/cloister-demo/kept
  eventually 30 in_box kept '[[ -s /run/cloister/ready ]]'
  [[ $(in_box kept 'cat /workspace/repo/x.txt') == kept ]]
}

@test "RESCUE=off saves nothing and says nothing" {
  repository off
  work off off --env RESCUE=off
  in_session off 'echo x >/workspace/repo/x.txt'
  stop off
  [[ $("$ENGINE" logs "$NAME-off" 2>&1 | grep -c '"event":"rescue') == 0 ]]
  matches "$(ctl GET /github/repos/cloister-demo/off)" '.refs | keys | all(startswith("refs/cloister") | not)'
}

@test "a second signal cuts the rescue short" {
  repository slow
  work hurried slow
  in_session hurried 'echo x >/workspace/repo/x.txt'
  ctl PUT /github/pushes/cloister-demo/slow '{"delayMs": 30000}' >/dev/null
  ctl DELETE /github/log >/dev/null
  "$ENGINE" kill --signal TERM "$NAME-hurried" >/dev/null
  eventually 10 holds /github/log 'any(.path | contains("slow") and contains("receive-pack"))'
  "$ENGINE" kill --signal TERM "$NAME-hurried" >/dev/null
  eventually 5 says exited "$ENGINE" inspect --format '{{.State.Status}}' "$NAME-hurried"
  rescue_events hurried '.[-1].reason == "a second signal cut it short"'
}
