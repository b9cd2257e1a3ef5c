#!/usr/bin/env bats
# Repositories that are more than files: submodules, Git LFS, linked working trees, references in another form, hooks. They
# work, or boot, status and agent say what is missing.

load cloister

setup_file() {
  start_internet
  local name
  for name in lib inner; do
    ctl PUT "/github/repos/cloister-demo/$name" "{\"isPrivate\": true, \"files\": {\"$name.txt\": \"$name\\n\"}}" >/dev/null
  done
  ctl PUT /github/repos/cloister-demo/kinds "$(ctl PUT /github/large '{"content": "the content itself"}' | jq '.pointer as $pointer |
    {isPrivate: true, files: {"README.md": "# Kinds\n", "there.bin": $pointer, ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    "big.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
    ".claude/settings.json": ({hooks: {UserPromptSubmit: [{hooks: [{type: "command", command: "echo ran >/tmp/hook-ran"}]}]}} | tojson)}}')" >/dev/null
  # lib has inner, kinds has lib, and one from a host that nobody allows.
  in_box internet 'set -e; cd "$(mktemp -d)"; top=/run/internet/git/cloister-demo
    export HOME=/nonexistent GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x
    link() { # INTO NAME URL COMMIT
      git -C "$1" config --file .gitmodules "submodule.$2.path" "$2"; git -C "$1" config --file .gitmodules "submodule.$2.url" "$3"
      git -C "$1" update-index --add --cacheinfo "160000,$4,$2"
    }
    git clone -q $top/lib.git lib; link lib inner https://github.com/cloister-demo/inner "$(git -C $top/inner.git rev-parse main)"
    git -C lib add .gitmodules; git -C lib commit -qm Inner; git -C lib push -q origin HEAD:main
    git clone -q $top/kinds.git kinds; link kinds lib https://github.com/cloister-demo/lib "$(git -C $top/lib.git rev-parse main)"
    link kinds elsewhere https://denied.test/x "$(git -C $top/lib.git rev-parse main)"
    git -C kinds add .gitmodules; git -C kinds commit -qm Modules; git -C kinds push -q origin HEAD:main'
  box main --env REPO_URL=https://github.com/cloister-demo/kinds
}

teardown_file() {
  remove_all
}

# Runs Claude once in the repository, as the session would.
ask() {
  ctl PUT /anthropic/script '{"turns": [{"text": "Yes."}]}' >/dev/null
  ctl DELETE /anthropic/log >/dev/null
  in_session "$1" 'cd /workspace/repo && timeout 110 claude -p "go on" </dev/null'
}

@test "submodules and files of Git LFS are there from hosts that are allowed, one module in another; what is missing is said by boot and status" {
  status_of main | jq '{lacks, steps: [.steps[] | select(.name == "repository")]}'
  local said
  said=$(in_session main 'cd /workspace/repo && git submodule status --recursive; cat lib/lib.txt lib/inner/inner.txt there.bin; git status --short')
  echo "$said"
  # The file of Git LFS that could be had is what it is, and no change.
  [[ $said == *$'\nlib\ninner\nthe content itself' ]]
  is_status main '(.steps[] | select(.name == "repository") | .state == "warned") and .repository == "cloned" and
    (.lacks | any(startswith("Submodules are not there, elsewhere: ")) and any(startswith("Files of Git LFS are pointers without their content, big.bin: ")))'
  [[ $("$ENGINE" exec "$NAME-main" cloister status) == *'Submodules are not there, elsewhere'* ]]
}

@test "the agent hears it at its start, with the hooks that do not run and what an operator would set" {
  ask main
  heard 'Submodules are not there, elsewhere'
  heard 'Files of Git LFS are pointers without their content, '
  heard 'Hooks that do not run in this box: .claude/settings.json (UserPromptSubmit). An operator who trusts them sets REPO_HOOKS=on.'
  in_box main '[[ ! -e /tmp/hook-ran ]]'
}

@test "an operator who trusts the hooks has them run, and hears no more of them" {
  box trusting --env REPO_URL=https://github.com/cloister-demo/kinds --env REPO_HOOKS=on
  ask trusting
  in_box trusting '[[ $(cat /tmp/hook-ran) == ran ]]'
  heard 'Submodules are not there, elsewhere'
  run heard 'Hooks that do not run'
  [[ $status == 1 ]]
  remove_box trusting
}

@test "work in a linked working tree and in a submodule comes back with the next box, and what Git LFS has in no store" {
  in_session main 'cd /workspace/repo && echo large >new.bin && git add new.bin && git commit -qm Large && echo staged >staged.bin && git add staged.bin &&
    export GIT_LFS_SKIP_SMUDGE=1 && git worktree add -q -b beside .claude/worktrees/beside && echo tree >.claude/worktrees/beside/tree.txt &&
    git worktree add -q --detach /workspace/outside && echo outside >/workspace/outside/README.md &&
    cd lib && git switch -qc topic && echo more >>lib.txt && git commit -qam More && echo loose >loose.txt'
  local wanted look='cd /workspace/repo && git worktree list --porcelain && git -C .claude/worktrees/beside status --short --branch &&
    git -C /workspace/outside status --short --branch && git -C lib status --short --branch && git -C lib log --format=%H -2 &&
    git status --short --ignore-submodules && cat new.bin staged.bin there.bin .claude/worktrees/beside/tree.txt /workspace/outside/README.md lib/lib.txt lib/loose.txt lib/inner/inner.txt'
  wanted=$(in_session main "$look")
  echo "$wanted"
  "$ENGINE" stop --time 60 "$NAME-main" >/dev/null
  rescue_events main '.[-1] | .event == "rescue.saved" and .missing == []'
  remove_box main
  box main --env REPO_URL=https://github.com/cloister-demo/kinds
  diff <(echo "$wanted") <(in_session main "$look")
}

@test "references in the form reftable are told of at the boot of a kept workspace, with what mends it" {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-work" >/dev/null
  "$ENGINE" run --rm --network none --volume "$NAME-work:/workspace" --entrypoint sh "$CLOISTER_IMAGE" -c \
    'git init -q --ref-format=reftable /workspace/repo && chown -R 1000:1000 /workspace'
  WITHOUT='--tmpfs=/workspace' boot kept --volume "$NAME-work:/workspace" --env REPO_URL=https://github.com/cloister-demo/kinds
  eventually 30 in_box kept '[[ -s /run/cloister/ready ]]'
  is_status kept '.repository == "kept" and (.lacks | any(contains("reftable") and contains("git refs migrate --ref-format=files")))'
  in_session kept 'cd /workspace/repo && git refs migrate --ref-format=files && [[ ! -e .git/reftable ]]'
}
