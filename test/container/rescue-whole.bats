#!/usr/bin/env bats
# Whatever becomes of a rescue, the last good one stays whole: the box's own program as the agent, against git's own server.

load cloister

setup_file() {
  start_internet
  box main --volume "$BATS_TEST_DIRNAME/fixtures:/fixtures:ro"
}

teardown_file() {
  remove_all
}

# prepare NAME: a fresh repository, a clone of it, and the first work in it, saved.
prepare() {
  ctl PUT "/github/repos/cloister-demo/$1" '{"isPrivate": true, "files": {"README.md": "one\n", "fixture.json": "{}\n",
    ".github/workflows/ci.yml": "on: push\n"}}' >/dev/null
  in_session main "git clone -q https://github.com/cloister-demo/$1 /tmp/$1 && cd /tmp/$1 && echo first >work.txt"
  run_rescue save "$1" "/tmp/$1" | jq --exit-status '.kind == "pushed" and .leftOut == []' >/dev/null
  in_session main "cd /tmp/$1 && echo second >work.txt && echo on: workflow_dispatch >.github/workflows/ci.yml &&
    head -c 2000000 /dev/zero >large && echo known-token >fixture.json && mkdir dist && echo x >dist/app.js"
}

# run_rescue KIND NAME FOLDER [VARIABLE=VALUE...]
run_rescue() {
  in_session main "${*:4} node /fixtures/rescue.mts $1 $3 https://github.com/cloister-demo/$2 table"
}

# restored NAME: the work that a fresh clone of it comes up with.
restored() {
  in_session main "rm -rf /tmp/next && git clone -q https://github.com/cloister-demo/$1 /tmp/next"
  run_rescue restore "$1" /tmp/next | tee /dev/stderr | jq --exit-status '.kind == "restored"' >/dev/null
  in_session main 'cat /tmp/next/work.txt'
}

rows() {
  grep -v -e '^#' -e '^$' "$BATS_TEST_DIRNAME/rescue-whole.txt"
}

@test "whatever the remote refuses, the last good rescue restores, and what can be saved is" {
  local name hindrance answer wanted missing repository number=0 report failed=''
  while IFS='|' read -r -u 3 name hindrance answer wanted missing; do
    repository=table-$((++number))
    echo "# $name"
    prepare "$repository"
    ctl PUT "/github/pushes/cloister-demo/$repository" "$hindrance" >/dev/null
    report=$(run_rescue save "$repository" "/tmp/$repository")
    echo "$report"
    # shellcheck disable=SC2086  # without the blanks
    matches "$report" ".kind == \"$(echo $answer)\" and ([.leftOut[]? | \"\(.path) \(.why)\"] - [\"$(echo $missing)\"] == [])" || failed+="$name; "
    # shellcheck disable=SC2086
    [[ $(restored "$repository") == $(echo $wanted) ]] || failed+="$name: not restored; "
  done 3< <(rows)
  echo "failed: $failed"
  [[ $number -ge 12 && -z $failed ]]
}

@test "a push that is killed half way leaves the last one whole" {
  prepare killed
  ctl PUT /github/pushes/cloister-demo/killed '{"delayMs": 20000}' >/dev/null
  ctl DELETE /github/log >/dev/null
  run_rescue save killed /tmp/killed KILL_WHEN=/tmp/now &
  eventually 20 holds /github/log 'any(.path | contains("killed") and contains("service=git-receive-pack"))'
  in_session main 'touch /tmp/now'
  wait || true
  ctl PUT /github/pushes/cloister-demo/killed '{}' >/dev/null
  [[ $(restored killed) == first ]]
}

@test "of two boxes at once each is saved, and neither writes over the other" {
  prepare twice
  local refs
  ctl PUT /github/pushes/cloister-demo/twice '{"delayMs": 1500}' >/dev/null
  refs=$(ctl GET /github/repos/cloister-demo/twice | jq --raw-output '.refs | to_entries[] | select(.key | endswith("/manifest")).value')
  in_session main 'cp -a /tmp/twice /tmp/other && echo other >/tmp/other/work.txt'
  run_rescue save twice /tmp/other "MINE=$refs" BOOT=22222222 >"$BATS_TEST_TMPDIR/other" &
  run_rescue save twice /tmp/twice "MINE=$refs" BOOT=33333333 >"$BATS_TEST_TMPDIR/one"
  wait
  cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/other"
  for report in one other; do matches "$(<"$BATS_TEST_TMPDIR/$report")" '.kind == "pushed"'; done
  # What either said was saved is there yet.
  local all
  all=$(ctl GET /github/repos/cloister-demo/twice | jq .refs)
  for report in one other; do
    matches "$(echo "$all" | cat - "$BATS_TEST_TMPDIR/$report" | jq --compact-output --slurp '.')" \
      '.[0] as $all | .[1].refs | to_entries | map($all[.key] == .value) | all'
  done
}
