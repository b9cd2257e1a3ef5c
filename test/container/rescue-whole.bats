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
GIT=/run/internet/git/cloister-demo

# prepare NAME: a fresh repository, a clone of it, and the first work in it, saved; then the second.
prepare() {
  ctl PUT "/github/repos/cloister-demo/$1" '{"isPrivate": true, "files": {"README.md": "one\n", "fixture.json": "{}\n",
    ".github/workflows/ci.yml": "on: push\n"}}' >/dev/null
  in_session main "git clone -q $URL/$1 /tmp/$1 && cd /tmp/$1 && echo first >work.txt &&
    $RESCUE save /tmp/$1 $URL/$1 table | jq --exit-status '.kind == \"pushed\" and .leftOut == []' >/dev/null &&
    echo second >work.txt && echo on: workflow_dispatch >.github/workflows/ci.yml && head -c 2000000 /dev/urandom >large &&
    echo known-token >fixture.json && mkdir dist && echo x >dist/app.js"
}

# next NAME: what a fresh clone of it restores and the work that it comes up with, as a command of the session.
next() {
  echo "rm -rf /tmp/next && git clone -q $URL/$1 /tmp/next && $RESCUE restore /tmp/next $URL/$1 table; cat /tmp/next/work.txt"
}

# put_back: the table's repository as it was when the first work had been saved.
put_back() {
  in_box internet "rm -rf $GIT/table.git /dev/shm/*; cp -a /run/internet/table.first $GIT/table.git"
}

# hinder HOW: a setting of the server's, or `full`: there is no octet left where the repository is.
hinder() {
  if [[ $1 == *full* ]]; then
    in_box internet "mv $GIT/table.git /dev/shm/ && ln -s /dev/shm/table.git $GIT/ && ! cat /dev/zero >/dev/shm/fill" 2>/dev/null
  else
    ctl PUT /github/pushes/cloister-demo/table "$1" >/dev/null
  fi
}

rows() {
  grep -v -e '^#' -e '^$' "$BATS_TEST_DIRNAME/rescue-whole.txt"
}

@test "whatever the remote refuses, the last good rescue restores, and what can be saved is" {
  local name hindrance answer wanted missing number=0 said report failed=''
  prepare table
  in_box internet "cp -a $GIT/table.git /run/internet/table.first"
  while IFS='|' read -r -u 9 name hindrance answer wanted missing; do
    echo "# $((++number)) $name"
    put_back
    hinder "$hindrance"
    said=$(in_session main "$RESCUE save /tmp/table $URL/table table; $(next table)") || true
    echo "$said"
    report=$(grep -m 1 '^{' <<<"$said")
    # shellcheck disable=SC2086  # without the blanks
    matches "$report" ".kind == \"$(echo $answer)\" and [.leftOut[]? | \"\(.path) \(.why)\"] == ([\"$(echo $missing)\"] - [\"\"])" || failed+="$name; "
    # shellcheck disable=SC2086  # without the blanks
    [[ ${said##*$'\n'} == $(echo $wanted) ]] || failed+="$name: not restored; "
  done 9< <(rows)
  echo "failed: $failed"
  [[ $number -ge 12 && -z $failed ]]
}

@test "a push that is killed while the remote takes it in leaves the last one whole" {
  local said
  prepare killed
  in_box internet 'touch /run/internet/hold'
  ctl PUT /github/pushes/cloister-demo/killed '{"refuse": {"hold": "/run/internet/hold"}}' >/dev/null
  in_session main "KILL_WHEN=/tmp/now $RESCUE save /tmp/killed $URL/killed table" &
  eventually 20 in_box internet 'pgrep -f "[h]ooks/pre-receive"'
  in_session main 'touch /tmp/now'
  wait || true
  said=$(in_session main "$(next killed)")
  echo "$said"
  [[ ${said##*$'\n'} == first ]]
  # Whatever the server makes of it, what it holds is one of the two.
  in_box internet 'rm /run/internet/hold'
  eventually 20 in_box internet '! pgrep -f "[r]eceive-pack"'
  said=$(in_session main "$(next killed)")
  echo "$said"
  [[ $said == '{"kind":"restored"'* && ${said##*$'\n'} == @(first|second) ]]
}

@test "of two boxes at once each is saved, and neither writes over the other" {
  prepare twice
  local refs said
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
  said=$(in_session main "$(next twice)")
  echo "$said"
  [[ ${said##*$'\n'} == @(second|other) ]]
}
