#!/usr/bin/env bats
# bats file_tags=alone
# The rescue of work, against an agent that leaves no process to do it with: all that its user may have on the machine are
# its own, or whatever runs as that user is killed. Once more without the end that it is given at the stop.

load ../container/cloister
load without

setup_file() {
  start_internet
  ctl PUT /github/repos/cloister-demo/planted '{"isPrivate": true, "files": {"README.md": "one\n"}}' >/dev/null
  build_without "$NAME-open" "$CLOISTER_IMAGE" rescue
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-open" >/dev/null 2>&1 || true
}

# open_box BOX [FLAG...]: of that image.
open_box() {
  CLOISTER_IMAGE=$NAME-open box "$@"
}

refs_of() {
  ctl GET "/github/repos/cloister-demo/$1" | jq --raw-output '.refs | keys[] | select(startswith("refs/cloister"))'
}

bare() {
  in_box internet "git -C /run/internet/git/cloister-demo/$1.git $2"
}

# runs_wild BOX HOW: with a file of its work that is not saved yet. A killer may have ended who started it as well.
runs_wild() {
  in_session "$1" "echo $2 >/workspace/repo/$2.txt; cat >/tmp/how.py; setsid -f python3 /tmp/how.py </dev/null >/dev/null 2>&1" <<<"
import os, time
while '$2' == 'killer':
    os.kill(-1, 9)
while True:
    try: os.fork()
    except OSError: time.sleep(0.01)
" || true
  eventually 20 in_box "$1" "n=\$(grep -l '^Uid:.1000' /proc/[0-9]*/status 2>/dev/null | wc -l); ((n > 500 || n == 1))"
}

@test "an agent that forks without end, or kills whatever runs as it, is ended at the stop, and the work is saved" {
  local how
  for how in bomb killer; do
    box "$how" --env REPO_URL=https://github.com/cloister-demo/planted --env "BOX_NAME=$how"
    runs_wild "$how" "$how"
    "$ENGINE" stop --time 60 "$NAME-$how" >/dev/null
    rescue_events "$how" '.[-1].event == "rescue.saved" and .[-1].occasion == "stop"'
    bare planted "cat-file blob $(refs_of planted | grep "/$how/.*/work"):$how.txt" | grep -x "$how"
    remove_box "$how"
  done
}

@test "without that end, and without the room that a rescue has beside it, it keeps the work from being saved: removal" {
  local how
  for how in bomb killer; do
    open_box "wild-$how" --env REPO_URL=https://github.com/cloister-demo/planted --env "BOX_NAME=wild-$how"
    runs_wild "wild-$how" "$how"
    "$ENGINE" stop --time 60 "$NAME-wild-$how" >/dev/null
    rescue_events "wild-$how" '.[-1].event == "rescue.failed" and .[-1].occasion == "stop"'
    run ! grep "wild-$how" <<<"$(refs_of planted)"
    remove_box "wild-$how"
  done
}
