#!/usr/bin/env bats
# A day's work, under the very profile of the session: what people build and use all day has to go on working.

load cloister

setup_file() {
  start_internet --ipv6
  local name
  for name in pypi.org files.pythonhosted.org nodejs.org; do
    ctl PUT "/dns/zone/$name" "{\"a\": [\"$NET_ALLOWED\"]}" >/dev/null
  done
  "$ENGINE" exec --interactive "$NAME-internet" python3 - <"$BATS_TEST_DIRNAME/fixtures/serve-packages.py"
  box main --env ALLOW_DOMAINS=allowed.test,allowed.test:80,nodejs.org --env REPO_URL=https://github.com/cloister-demo/hello
}

teardown_file() {
  remove_all
}

# work NAME: runs a script of fixtures/day in the session.
work() {
  try in_session main "bash -s" <"$BATS_TEST_DIRNAME/fixtures/day/$1.sh"
}

@test "a TypeScript project is made, with packages from the registry, built, tested and served; Bun as well" {
  work typescript
  [[ $status == 0 && $output =~ pass\ 4.*fail\ 0 && $output == *'Good day, server.'*' 1 pass'*'Good day, Bun.'* ]]
  holds /web/log 'any(.[]; .host == "npm.pkg.github.com" and (.path | contains("download")))'
}

@test "a Python project is made in a virtual environment, with a package from an archive, and tested" {
  work python
  [[ $status == 0 && $output == *$'\n'OK ]]
}

@test "pip and uvx bring packages and programs of PyPI, several at once" {
  work pythons
  [[ $status == 0 && ${lines[0]} == 'Python 3.'* && $output == *$'\n/home/claude/.local/bin/uv' ]]
  [[ $(grep -c '^day-tool$' <<<"$output") == 2 && $(grep '^day-tool told' <<<"$output" | sort) == $'day-tool told 1\nday-tool told 2\nday-tool told 3' ]]
  holds /web/log '[.[] | select(.path | startswith("/simple/uv"))] | length == 1'
}

@test "pipx gives a program of PyPI an environment of its own" {
  try in_session main 'pipx install day-tool && day-tool </dev/null && readlink ~/.local/bin/day-tool'
  [[ $status == 0 && $output == *$'\nday-tool\n/home/claude/.local/share/pipx/venvs/day-tool/'* ]]
}

@test "pnpm and Yarn, old and new, install and run a workspace with no registry, in versions that the image has" {
  work package-managers
  [[ $status == 0 && $(grep -c '^linked' <<<"$output") == 3 ]]
  [[ $(grep -cE '^(pnpm 1[0-9.]+|yarn 1\.22\.[0-9]+|yarn 4\.[0-9.]+)$' <<<"$output") == 3 ]]
}

@test "another Node is brought by mise, as the project's own files name it, and the image's stays where none does" {
  work versions
  [[ $status == 0 && $output == $'v22.1.0\nv22.1.0\nv22.1.0\nv22.1.0\nmade\nv26.'*$'\n/home/claude/.local/share/mise/installs/node/22.1.0' ]]
}

@test "a large file is committed as a pointer of Git LFS" {
  work large-files
  [[ $status == 0 && $output == $'version https://git-lfs.github.com/spec/v1\none.bin\n100000' ]]
}

@test "programs built with sanitizers end with 0, and a faulty one is found" {
  work sanitizers
  [[ $status == 0 && $output == $'address\nleak\nundefined\nthread\naddress,undefined\neither\nfound\nrefused' ]]
}

@test "a plain request that offers HTTP/2 goes through, by curl as by hand" {
  try in_session main 'curl -sS --http2 -w " %{http_version}" http://allowed.test'
  [[ $status == 0 && $output == $'allowed\n 1.1' ]]
}

@test "a C and a C++ project are made with many jobs, and their tests run" {
  work c
  [[ $status == 0 && $output == $'checked\nthreads' ]]
}

@test "files, links, sockets, terminals, processes and programs do what they do anywhere" {
  work system
  [[ $status == 0 && $output != *FAILED* && ${#lines[@]} -gt 25 ]]
}

@test "a branch is made, rebased, merged and pushed, and a pull request opened" {
  work git
  [[ $status == 0 && $output == *$'Add two\nAdd one'*'https://github.com/cloister-demo/hello/pull/1'* ]]
  holds /github/repos/cloister-demo/hello '.refs["refs/heads/day"] and (.log | map(.subject) | index("Add the submodule"))'
  holds /github/pulls '. | length == 1 and (.[0] | .repository == "cloister-demo/hello" and .title == "A day of work"
    and .body == "All green." and .head == "day" and .base == "main")'
}

@test "nothing was refused in all that" {
  "$ENGINE" exec "$NAME-main" cloister log --json >"$BATS_TEST_TMPDIR/refused"
  cat "$BATS_TEST_TMPDIR/refused"
  jq --slurp --exit-status 'map(select(.user == 1000 or .via != "firewall")) == []' <"$BATS_TEST_TMPDIR/refused"
}
