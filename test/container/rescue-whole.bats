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

URL=https://github.com/cloister-demo
RESCUE='node /fixtures/rescue.mts'

# prepare NAME: a fresh repository, a clone of it, and the first work in it, saved; then the second.
prepare() {
  ctl PUT "/github/repos/cloister-demo/$1" '{"isPrivate": true, "files": {"README.md": "one\n", "fixture.json": "{}\n",
    ".github/workflows/ci.yml": "on: push\n"}}' >/dev/null
  in_session main "git clone -q $URL/$1 /tmp/$1 && cd /tmp/$1 && echo first >work.txt &&
    $RESCUE save /tmp/$1 $URL/$1 table | jq --exit-status '.kind == \"pushed\" and .leftOut == []' >/dev/null &&
    echo second >work.txt && echo on: workflow_dispatch >.github/workflows/ci.yml && head -c 2000000 /dev/zero >large &&
    echo known-token >fixture.json && mkdir dist && echo x >dist/app.js"
}

# next NAME: the work that a fresh clone of it comes up with, as a command of the session.
next() {
  echo "rm -rf /tmp/next && git clone -q $URL/$1 /tmp/next && $RESCUE restore /tmp/next $URL/$1 table >&2; cat /tmp/next/work.txt"
}

rows() {
  grep -v -e '^#' -e '^$' "$BATS_TEST_DIRNAME/rescue-whole.txt"
}

@test "whatever the remote refuses, the last good rescue restores, and what can be saved is" {
  local name hindrance answer wanted missing repository number=0 said report failed=''
  while IFS='|' read -r -u 9 name hindrance answer wanted missing; do
    repository=table-$((++number))
    echo "# $name"
    prepare "$repository"
    ctl PUT "/github/pushes/cloister-demo/$repository" "$hindrance" >/dev/null
    said=$(in_session main "$RESCUE save /tmp/$repository $URL/$repository table; echo; $(next "$repository")")
    echo "$said"
    report=$(grep -m 1 '^{' <<<"$said")
    # shellcheck disable=SC2086  # without the blanks
    matches "$report" ".kind == \"$(echo $answer)\" and ([.leftOut[]? | \"\(.path) \(.why)\"] - [\"$(echo $missing)\"] == [])" || failed+="$name; "
    # shellcheck disable=SC2086
    [[ ${said##*$'\n'} == $(echo $wanted) ]] || failed+="$name: not restored; "
  done 9< <(rows)
  echo "failed: $failed"
  [[ $number -ge 12 && -z $failed ]]
}

@test "a push that is killed half way leaves the last one whole" {
  prepare killed
  ctl PUT /github/pushes/cloister-demo/killed '{"delayMs": 20000}' >/dev/null
  ctl DELETE /github/log >/dev/null
  in_session main "KILL_WHEN=/tmp/now $RESCUE save /tmp/killed $URL/killed table" &
  eventually 20 holds /github/log 'any(.path | contains("killed") and contains("service=git-receive-pack"))'
  in_session main 'touch /tmp/now'
  wait || true
  ctl PUT /github/pushes/cloister-demo/killed '{}' >/dev/null
  local said
  said=$(in_session main "$(next killed)")
  echo "$said"
  [[ ${said##*$'\n'} == first ]]
}

@test "of two boxes at once each is saved, and neither writes over the other" {
  prepare twice
  local refs
  ctl PUT /github/pushes/cloister-demo/twice '{"delayMs": 1500}' >/dev/null
  refs=$(ctl GET /github/repos/cloister-demo/twice | jq --raw-output '.refs | to_entries[] | select(.key | endswith("/manifest")).value')
  in_session main 'cp -a /tmp/twice /tmp/other && echo other >/tmp/other/work.txt'
  in_session main "MINE=$refs BOOT=22222222 $RESCUE save /tmp/other $URL/twice table" >"$BATS_TEST_TMPDIR/other" &
  in_session main "MINE=$refs BOOT=33333333 $RESCUE save /tmp/twice $URL/twice table" >"$BATS_TEST_TMPDIR/one"
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
