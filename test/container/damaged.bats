#!/usr/bin/env bats
# A git directory that is broken, names that would hold git for ever, what can't be read, and places that are full, all at
# once: at the stop the work is saved all the same, what is not is named, and the box says so while it lives.

load cloister

setup_file() {
  start_internet
  ctl PUT /github/repos/cloister-demo/harmed '{"isPrivate": true, "files": {"README.md": "# one\n", "src/a.js": "a\n", "shut/b.js": "b\n"}}' >/dev/null
}

teardown_file() {
  remove_all
}

# small_box BOX [FLAG...]: on the repository, in rooms that are soon full.
small_box() {
  WITHOUT='--tmpfs=/\(workspace\|tmp\|home/claude\):' boot "$1" \
    --tmpfs=/workspace:rw,exec,nosuid,nodev,size=64m,nr_inodes=4000,mode=0755,uid=1000,gid=1000 \
    --tmpfs=/tmp:rw,exec,nosuid,nodev,size=64m,nr_inodes=4000,mode=1777 \
    --tmpfs=/home/claude:rw,exec,nosuid,nodev,size=64m,nr_inodes=4000,mode=0700,uid=1000,gid=1000 \
    --env REPO_URL=https://github.com/cloister-demo/harmed --env RESCUE_INTERVAL=10s "${@:2}"
  eventually 90 in_box "$1" '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-$1"; return 1; }
}

# events BOX EXPRESSION: true of the list of its rescue events.
events() {
  matches "$("$ENGINE" logs "$NAME-$1" 2>&1 | grep '"event":"rescue' | jq --slurp .)" "$2"
}

health_is() {
  matches "$("$ENGINE" exec "$NAME-$1" cloister health --json)" "$2"
}

stop() {
  "$ENGINE" stop --time 60 "$NAME-$1" >/dev/null
  [[ $("$ENGINE" inspect --format '{{.State.ExitCode}}' "$NAME-$1") == 143 ]]
}

DAMAGE=' could not be read as it is'

@test "what can't be saved is named, health is degraded while it is so, and not before or after" {
  small_box harmed
  run ! health_is harmed '.reasons | any(contains("of the work"))'
  in_session harmed 'cd /workspace/repo && echo work >work.txt && echo more >>README.md && chmod 000 .git/index shut &&
    mkfifo src/.gitattributes src/.gitignore .git/objects/info/alternates && mkdir -p "$(printf "d/%.0s" {1..1500})" && mkdir closed && echo x >closed/x && chmod 000 closed'
  eventually 60 events harmed "any(.event == \"rescue.saved\" and (.missing | any(contains(\"$DAMAGE\"))))"
  events harmed '.[-1].missing | join(" ") | contains("src/.gitattributes") and contains("closed/") and contains("shut/b.js") and contains(".git/objects/info/alternates") and contains("too deep or too long): d/d/")'
  eventually 60 health_is harmed '.status == "degraded" and (.reasons | any(contains("a part of the work could not be saved")))'
  says "$DAMAGE" "$ENGINE" exec "$NAME-harmed" cloister status
  in_session harmed 'cd /workspace/repo && rm -r d src/.gitignore src/.gitattributes .git/objects/info/alternates && chmod 700 closed shut && chmod 600 .git/index'
  eventually 60 health_is harmed '.reasons | any(contains("of the work")) | not'
}

@test "full to the last octet everywhere, with a newest commit that is empty: at the stop it is saved, and comes back" {
  in_session harmed 'cd /workspace/repo && git add --all && git commit -qm Own && echo later >later.txt &&
    object=$(git rev-parse HEAD) && object=.git/objects/${object:0:2}/${object:2} && chmod u+w $object && : >$object
    for at in /workspace /tmp ~ /dev/shm; do head -c 1G /dev/zero >$at/filler 2>/dev/null; done; df --output=avail /workspace /tmp ~ /dev/shm' || true
  in_box harmed 'df /workspace /tmp /home/claude /dev/shm; [[ $(df --output=avail /workspace /tmp /home/claude /dev/shm | tail -n +2 | sort -un | tr -d " ") == 0 ]]'
  stop harmed
  events harmed ".[-1] | .event == \"rescue.saved\" and .occasion == \"stop\" and (.missing | any(contains(\"$DAMAGE\")))"
  remove_box harmed
  small_box again
  in_session again 'cd /workspace/repo && [[ $(cat work.txt later.txt closed/x) == $'"'work\nlater\nx'"' ]] && git fsck --connectivity-only && git status'
  says "$DAMAGE" "$ENGINE" exec "$NAME-again" cloister status
}

@test "full to the last file everywhere, with a file for a .git: the same" {
  in_session again 'cd /workspace/repo && echo last >last.txt && rm -rf .git && echo junk >.git
    python3 -c "
import os
for at in \"/workspace\", \"/tmp\", os.environ[\"HOME\"], \"/dev/shm\":
    try:
        for n in range(10000): open(f\"{at}/filler-{n}\", \"w\").close()
    except OSError: pass"' || true
  in_box again 'df --inodes /workspace /tmp /home/claude /dev/shm; [[ $(df --output=iavail /workspace /tmp /home/claude /dev/shm | tail -n +2 | sort -un | tr -d " ") == 0 ]]'
  stop again
  events again ".[-1] | .event == \"rescue.saved\" and .occasion == \"stop\" and (.missing | any(contains(\"$DAMAGE\")))"
  remove_box again
  small_box last
  in_session last 'cd /workspace/repo && [[ $(cat work.txt last.txt) == $'"'work\nlast'"' ]]'
  remove_box last
}
