#!/usr/bin/env bats
# A day's work, under the very profile of the session: what people build and use all day has to go on working.

load cloister

setup_file() {
  start_internet --ipv6
  box main --env ALLOW_DOMAINS=allowed.test --env REPO_URL=https://github.com/cloister-demo/hello
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
