#!/usr/bin/env bats
# The boot contract on the real image: --read-only, no SYS_ADMIN, the reference flags.

load cloister

setup_file() {
  start_internet
  box main --env REPO_URL=https://github.com/cloister-demo/hello --env "CLAUDE_PROMPT=$PROMPT"
}

teardown_file() {
  remove_all
}

PROMPT='mend the weathercock, and tell nobody'
STEPS='settings environment firewall mounts drop-privileges resolver pins credential-files agent self-test repository session'

# Every thread but init's and those of whoever looks.
POSTURE='
import glob, os, re
def field(pid, name):
    return re.search(name + r":[ \t]*(.*)", open(f"/proc/{pid}/status").read()).group(1)
skip, pid = {"1"}, str(os.getpid())
while pid != "0":
    skip.add(pid)
    pid = field(pid, "PPid")
seen = set()
for status in glob.glob("/proc/[0-9]*/task/*/status"):
    if status.split("/")[2] in skip: continue
    try: text = open(status).read()
    except OSError: continue
    if "State:\tZ" in text: continue
    seen.update(" ".join(line.split()) for line in re.findall(r"^(?:Uid|Groups|Cap...|NoNewPrivs):.*", text, re.M))
print("\n".join(sorted(seen)))'

# Patterns go in by stdin: as an argument they would find themselves.
secrets() {
  printf '%s\n' "$NET_GH_PAT" "$CLAUDE_TOKEN"
}

@test "status says ready, with every step of the contract in its order and its duration" {
  try "$ENGINE" exec "$NAME-main" cloister status --json
  [[ $status == 0 ]]
  matches "$output" '.state == "ready" and .failure == null and .age > 0 and .readyAt >= .startedAt'
  matches "$output" "[.steps[].name] == (\"$STEPS\" | split(\" \"))"
  matches "$output" 'all(.steps[]; .state == "done" and (.duration | type) == "number" and .duration >= 0)'
  matches "$output" '.resolver.running and .session.running and .session.restarts == 0 and .firewall.rules > 20'
  matches "$output" '.firewall.pins > 2 and .firewall.lastRefresh > 0 and .firewall.lastFailure == null'
  matches "$output" '.disk["/workspace"].size == 3 * 1073741824 and .memory.used > 0 and .repository == "cloned"'
  matches "$output" '.versions | (.cloister, .claude, .node) != "unknown"'
}

@test "status for people names the same steps" {
  try "$ENGINE" exec "$NAME-main" cloister status
  [[ $status == 0 && $output == *'state       ready'* ]]
  local step
  for step in $STEPS; do [[ $output == *"  $step "* ]]; done
}

@test "ready holds the id of this boot" {
  local id
  id=$("$ENGINE" exec "$NAME-main" cloister status --json | jq --raw-output .bootId)
  [[ ${#id} == 36 && $(in_box main 'cat /run/cloister/ready') == "$id" ]]
}

@test "the log is JSON lines, one event a step with its duration, and what waits for others comes after them" {
  local log
  log=$("$ENGINE" logs "$NAME-main" 2>&1 | jq --compact-output --slurp .)
  matches "$log" 'all(.[]; (.event | type) == "string" and (.time | type) == "number" and .level != null)'
  matches "$log" "[.[] | select(.event == \"boot.step\") | .step] | sort == (\"$STEPS\" | split(\" \") | sort)"
  # Steps that need nothing of each other run side by side.
  local pair
  for pair in settings,environment environment,firewall firewall,mounts mounts,drop-privileges drop-privileges,resolver \
    resolver,pins credential-files,agent agent,self-test pins,self-test self-test,repository repository,session; do
    matches "$log" "[.[] | select(.event == \"boot.step\") | .step] | index(\"${pair%,*}\") < index(\"${pair#*,}\")"
  done
  matches "$log" 'all(.[] | select(.event == "boot.step"); (.duration | type) == "number")'
  matches "$log" 'any(.[]; .event == "boot.ready")'
  matches "$log" 'all(.[]; .level == "info" or .event == "dns.denied")'
}

@test "no secret and no prompt is in the log, nor in the state of the box" {
  try "$ENGINE" logs "$NAME-main"
  run ! grep --fixed-strings --file=<(secrets; echo "$PROMPT") <<<"$output"
  secrets | cat - <(echo "$PROMPT") | in_box main '! grep -rF -f - /run/cloister/state.json /run/cloister/log.jsonl'
  "$ENGINE" exec "$NAME-main" cloister status --json >"$BATS_TEST_TMPDIR/status"
  run ! grep --fixed-strings --file=<(secrets; echo "$PROMPT") "$BATS_TEST_TMPDIR/status"
}

@test "no secret is in any argument vector" {
  # Its exit code says nothing where a process ended meanwhile.
  secrets | in_box main '! grep -lasF -f - /proc/[0-9]*/cmdline | grep .'
}

@test "no secret is in the environment of init or of the egress process" {
  # As each user itself: root without SYS_PTRACE may not read the egress process's.
  secrets | in_box main '! grep -aF -f - /proc/1/environ'
  local egress
  egress=$(in_box main 'pgrep -u 65053 node')
  secrets | as_user main 65053 "test -r /proc/$egress/environ && ! grep -aF -f - /proc/$egress/environ"
}

@test "a planted secret would have been found" {
  secrets | in_box main 'env LEAK=$(head -n 1) sleep 5 & p=$!; for _ in {1..50}; do
    tr "\0" "\n" </proc/$p/environ | grep -q ^LEAK= && break; sleep 0.05; done
    grep -aqF ghp_fake /proc/$p/environ'
  echo sleep | in_box main 'sleep 5 & grep -lasF -f - /proc/[0-9]*/cmdline | grep .'
}

@test "every thread of init has the six capabilities of supervision and no more" {
  try in_box main 'cat /proc/1/task/*/status | grep -E "^(Cap|NoNewPrivs)" | sort | uniq -c'
  local threads
  threads=$(in_box main 'ls /proc/1/task | wc -l')
  ((threads > 1))
  for set in CapPrm CapEff CapBnd; do [[ $output =~ $threads\ $set:.*0{12}15e0 ]]; done
  for set in CapInh CapAmb; do [[ $output =~ $threads\ $set:.*0{16} ]]; done
  [[ $output =~ $threads\ NoNewPrivs:.*1 ]]
}

@test "every other process of the box has no capability, no new privileges, no group of root" {
  eventually 10 says claude in_box main 'ps -eo args'
  try in_box main "python3 - <<'END'
$POSTURE
END"
  [[ $output == *'Uid: 1000 1000 1000 1000'* && $output == *'Uid: 65053 65053 65053 65053'* ]]
  [[ $output != *'Uid: 0 '* && $output != *'NoNewPrivs: 0'* ]]
  # The reader of the firewall's log alone has one, to be told by the kernel; see below.
  run ! grep -E '(Cap[A-Za-z]+: 0*[1-9a-f]|Groups: [0-9])' <<<"${output//000000001000/000000000000}"
}

@test "the reader of the firewall's log is a user of its own, with NET_ADMIN and nothing else" {
  try in_box main 'for status in /proc/[0-9]*/status; do
    if grep -q "CapEff:.*1000$" $status; then cat $status; tr "\0" " " <${status%status}cmdline; fi; done'
  [[ $(grep -c '^Uid:' <<<"$output") == 1 && $output == *$'Uid:\t65054\t65054\t65054\t65054'* ]]
  [[ $(grep -c '^Cap...:.*0000000000001000$' <<<"$output") == 5 && $output == */usr/sbin/ulogd* ]]
}

@test "the root filesystem is read-only" {
  in_box main 'grep -q "^[0-9]* [0-9]* [0-9:]* / / ro," /proc/self/mountinfo'
  try in_box main 'touch /usr/lib/x /etc/x /x'
  [[ $output == *'Read-only file system'*'Read-only file system'*'Read-only file system'* ]]
}

@test "the tmpfs have the sizes and options that go with the memory" {
  try in_box main 'cat /proc/self/mountinfo'
  assert_tmpfs "$output" /workspace 'rw,nosuid,nodev,relatime' 'size=3145728k,nr_inodes=786432,mode=755,uid=1000,gid=1000'
  assert_tmpfs "$output" /tmp 'rw,nosuid,nodev,relatime' 'size=1048576k,nr_inodes=262144'
  assert_tmpfs "$output" /home/claude 'rw,nosuid,nodev,relatime' 'size=2097152k,nr_inodes=524288,mode=700,uid=1000,gid=1000'
  assert_tmpfs "$output" /run/cloister 'rw,nosuid,nodev,noexec,relatime' 'size=16384k'
  assert_tmpfs "$output" /run/cloister/scratch 'rw,nosuid,nodev,relatime' 'size=262144k,nr_inodes=16384,mode=700,uid=1000,gid=1000'
  [[ $(in_box main 'stat -c "%n %a %u" /workspace /tmp /home/claude /run/cloister' | tr '\n' ' ') == \
    '/workspace 755 1000 /tmp 1777 0 /home/claude 700 1000 /run/cloister 755 0 ' ]]
}

@test "the agent can write where it works and nowhere else" {
  as_agent main 'for f in /workspace /tmp /home/claude; do touch $f/.w && rm $f/.w; done'
  try as_agent main 'for f in /run/cloister /run/cloister/private /run/cloister/agent / /etc /usr /var /run /root; do
    touch $f/.w 2>/dev/null && echo "open: $f"; done; true'
  [[ $status == 0 && $output == '' ]]
}

@test "the agent reads its accounts and nothing of root's" {
  as_agent main 'cat /run/cloister/agent/github-token' | grep -qx "$NET_GH_PAT"
  try as_agent main 'cat /run/cloister/log.jsonl /run/cloister/private/handover.json /proc/1/environ; ls /run/cloister/private'
  [[ $status != 0 && $output == *'Permission denied'*'Permission denied'*'Permission denied'*'Permission denied'* ]]
  in_box main '[[ ! -e /run/cloister/private/handover.json ]]'
  [[ $(as_user main 1234 'cat /run/cloister/agent/github-token 2>&1') == *'Permission denied'* ]]
}

@test "a second boot in the container is refused with 77 and harms nothing" {
  local before
  before=$(in_box main 'cat /run/cloister/ready')
  try "$ENGINE" exec "$NAME-main" cloister init
  [[ $status == 77 && $output == *'has booted already'* ]]
  [[ $(in_box main 'cat /run/cloister/ready') == "$before" ]]
  "$ENGINE" exec "$NAME-main" cloister status --json | jq --exit-status ".state == \"ready\" and .bootId == \"$before\""
}

@test "the links that an empty home wiped are back" {
  [[ $(as_agent main 'readlink ~/.local/bin/claude') == /usr/local/bin/claude ]]
  as_agent main 'claude --version' | grep 'Claude Code'
}

@test "verify finds every promise holding, and says so to a program too" {
  try "$ENGINE" exec "$NAME-main" cloister verify --json
  [[ $status == 0 ]]
  matches "$output" 'length > 8 and all(.[]; .verdict == "holds")'
}

@test "SIGTERM ends the box in order with 143" {
  box stopped
  "$ENGINE" kill --signal TERM "$NAME-stopped" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-stopped") == 143 ]]
  "$ENGINE" logs "$NAME-stopped" 2>&1 | grep '"event":"box.stopped"'
}

@test "SIGINT ends the box in order with 130" {
  box stopped
  "$ENGINE" kill --signal INT "$NAME-stopped" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-stopped") == 130 ]]
}

@test "a stop during the boot ends it with 143" {
  ctl PUT /dns/zone/slow.test '{"drop": true}'
  boot stopped --env ALLOW_DOMAINS=slow.test --env REPO_URL=https://slow.test/any/repository
  eventually 20 says '"step":"self-test"' "$ENGINE" logs "$NAME-stopped"
  "$ENGINE" kill --signal TERM "$NAME-stopped" >/dev/null
  [[ $(timeout 60 "$ENGINE" wait "$NAME-stopped") == 143 ]]
  try "$ENGINE" logs "$NAME-stopped"
  [[ $output == *'"step":"repository","message":"stopped by SIGTERM"'* && $output != *boot.ready* ]]
}

@test "a stopped box starts again, with a boot of its own" {
  box again
  local first
  first=$(in_box again 'cat /run/cloister/ready')
  "$ENGINE" restart "$NAME-again" >/dev/null
  eventually 30 in_box again '[[ -s /run/cloister/ready ]]'
  [[ $(in_box again 'cat /run/cloister/ready') != "$first" ]]
  [[ $(as_agent again 'readlink ~/.local/bin/claude') == /usr/local/bin/claude ]]
}

@test "a volume for the agent's memory is the agent's, and outlives the container" {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-memory" >/dev/null
  box memory --volume "$NAME-memory:/home/claude/.claude"
  as_agent memory 'echo remembered >~/.claude/note; stat -c %u:%g:%a ~/.claude' | grep -x '1000:1000:700'
  remove_box memory
  box memory --volume "$NAME-memory:/home/claude/.claude"
  as_agent memory 'cat ~/.claude/note' | grep -x remembered
  eventually 20 says 'bypass permissions on' screen memory
  remove_box memory
}
