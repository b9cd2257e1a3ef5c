#!/usr/bin/env bats
# A volume that is full when the box boots: nothing on it is lost, and the box comes up and says so, or says what to do.

load cloister

setup_file() {
  start_internet
}

teardown_file() {
  remove_all
}

CLAUDE=/home/claude/.claude

# small_volume NAME MEGABYTES: what is kept on it outlives a box, as long as its keeper. A tmpfs alone the box would
# take for a room in memory.
small_volume() {
  local base=$NAME-$1-base path part
  "$ENGINE" volume create --label "cloister.test=$NAME" --opt type=tmpfs --opt device=tmpfs --opt "o=size=$2m" "$base" >/dev/null
  "$ENGINE" run --detach --name "$NAME-$1-keeper" --label "cloister.test=$NAME" --network none --volume "$base:/base" \
    --entrypoint bash "$CLOISTER_IMAGE" -c 'mkdir /base/lower /base/upper /base/work && exec sleep infinity' >/dev/null
  eventually 10 in_box "$1-keeper" '[[ -d /base/work ]]'
  path=$("$ENGINE" volume inspect --format '{{.Mountpoint}}' "$base")
  part=lowerdir=$path/lower,upperdir=$path/upper,workdir=$path/work
  "$ENGINE" volume create --label "cloister.test=$NAME" --opt type=overlay --opt device=overlay --opt "o=$part" "$NAME-$1" >/dev/null
}

# on NAME COMMAND: as root on the volume, in no box.
on() {
  "$ENGINE" run --rm --network none --label "cloister.test=$NAME" --volume "$NAME-$1:/v" --entrypoint bash "$CLOISTER_IMAGE" -c "$2"
}

# fill NAME: to the last byte.
fill() {
  on "$1" 'head -c 1G /dev/zero >/v/filler 2>/dev/null; [[ -s /v/filler ]]'
}

# up PATTERN BOX [FLAG...]: the reference run without the flags that match, until it is ready.
up() {
  WITHOUT=$1 boot "${@:2}"
  eventually 40 in_box "$2" '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-$2"; return 1; }
}

is_health() {
  matches "$("$ENGINE" exec "$NAME-$1" cloister health --json)" "$2"
}

@test "a full workspace: the repository that is kept there is whole, the agent runs, and health says what is full" {
  small_volume work 16
  up --tmpfs=/workspace before --volume "$NAME-work:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
  in_session before 'echo uncommitted >/workspace/repo/uncommitted'
  remove_box before
  fill work
  up --tmpfs=/workspace after --volume "$NAME-work:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
  matches "$(status_of after)" '.repository == "kept"'
  try in_session after 'cat /workspace/repo/uncommitted; git -C /workspace/repo --no-optional-locks status --porcelain'
  [[ $output == $'uncommitted\n?? uncommitted' ]]
  eventually 30 says 'bypass permissions on' screen after
  eventually 5 is_health after '.status == "degraded" and .reasons == ["/workspace is 100 % full"]'
}

@test "whoever makes room, as the documents say, has a box that is well, without a restart" {
  run ! "$ENGINE" exec "$NAME-after" cloister as-agent sh -c 'echo more >/workspace/more'
  on work 'rm /v/filler'
  "$ENGINE" exec "$NAME-after" cloister as-agent sh -c 'echo more >/workspace/more'
  eventually 5 is_health after '.status == "healthy"'
  remove_box after
}

@test "a full workspace with nothing in it yet: the clone fails and is told, and the session starts" {
  small_volume fresh 4
  fill fresh
  on fresh 'chown -R 1000:1000 /v'
  up --tmpfs=/workspace fresh --volume "$NAME-fresh:/workspace" --env REPO_URL=https://github.com/cloister-demo/hello
  matches "$(status_of fresh)" '.repository == "failed" and (.steps | any(.name == "repository" and .state == "warned" and (.detail | test("Free some space"))))'
  eventually 30 says 'bypass permissions on' screen fresh
  remove_box fresh
}

@test "a full volume of Claude's: last night's conversation is there, and the box comes up" {
  ctl PUT /anthropic/script '{"turns": [{"text": "The first answer."}], "afterwards": "One more answer."}' >/dev/null
  small_volume claude 32
  up '^$' talks --volume "$NAME-claude:$CLAUDE" --env "CLAUDE_PROMPT=the very first prompt"
  eventually 60 says 'The first answer.' screen talks
  # Claude shows an answer before it writes it down.
  eventually 10 as_agent talks "grep -rqF 'The first answer.' $CLAUDE/projects"
  "$ENGINE" stop --time 60 "$NAME-talks" >/dev/null
  remove_box talks
  fill claude
  up '^$' again --volume "$NAME-claude:$CLAUDE" --env "CLAUDE_PROMPT=the very first prompt"
  eventually 10 is_health again '.status == "degraded" and (.reasons | index("/home/claude/.claude is 100 % full"))'
  eventually 30 says 'The first answer.' screen again
  on claude 'rm /v/filler'
  eventually 30 is_health again '.status == "healthy"'
  remove_box again
}

@test "one volume for all, full: the same" {
  small_volume data 32
  up '^$' all --volume "$NAME-data:/data" --env REPO_URL=https://github.com/cloister-demo/hello
  in_session all 'echo uncommitted >/data/workspace/repo/uncommitted'
  eventually 30 says 'bypass permissions on' screen all
  remove_box all
  fill data
  up '^$' all --volume "$NAME-data:/data" --env REPO_URL=https://github.com/cloister-demo/hello
  matches "$(status_of all)" '.repository == "kept" and .workspace == "/data/workspace"'
  eventually 30 says 'bypass permissions on' screen all
  eventually 5 is_health all '.status == "degraded" and (.reasons | index("/data is 100 % full"))'
  [[ $(in_session all 'cat /data/workspace/repo/uncommitted') == uncommitted ]]
  remove_box all
}

# refused_full NAME POINT: on a volume that no box has used; the last word of the log is $output.
refused_full() {
  boot "$1" --volume "$NAME-$1:$2"
  [[ $(timeout 60 "$ENGINE" wait "$NAME-$1") == 70 ]]
  output=$("$ENGINE" logs "$NAME-$1" 2>&1 | grep '"boot.failed"')
  remove_box "$1"
}

@test "a volume that was full before any box used it is refused with 70, its name and what to do, and left as it was" {
  local name
  for name in stranger storage; do
    small_volume "$name" 4
    fill "$name"
    on "$name" 'chown -R 1000:1000 /v'
  done
  refused_full stranger "$CLAUDE"
  matches "$output" '.step == "agent" and (.message | test("^/home/claude/.claude is full")) and (.remedy | test("Free some space"))'
  refused_full storage /data
  matches "$output" '.step == "agent" and (.message | test("^/data/(workspace|claude) is full")) and (.remedy | test("Free some space"))'
  [[ $(on stranger 'ls -A /v') == filler && $(on storage 'find /v -type f') == /v/filler ]]
}
