#!/usr/bin/env bats
# What each process of the box holds: users, capabilities, filters, limits, environment, files. And that work goes on
# under all of it.

load cloister

# Nothing here needs a network, so that nothing waits for one.
OFFLINE=yes

setup_file() {
  # Whatever an operator's environment could smuggle into a program of ours, and a secret beside it.
  box main --env NODE_OPTIONS=--inspect=0.0.0.0 --env LD_BIND_NOW=1 --env BASH_ENV=/workspace/trap \
    --env ENV=/workspace/trap --env PYTHONPATH=/workspace --env GIT_SSH_COMMAND=/workspace/trap --env UV_THREADPOOL_SIZE=1 \
    --env NODE_DEBUG=net --env TMPDIR=/workspace --env OPENSSL_CONF=/workspace/trap --env $'MULTILINE=one\nNODE_ENV=two' \
    --env "CLAUDE_PROMPT=$PROMPT"
  eventually 15 says claude "$ENGINE" exec "$NAME-main" pgrep -u 1000 -l claude
}

PROMPT='what nobody else has to know'

teardown_file() {
  remove_all
}

# Standard input: what is wanted.
assert_is() {
  diff - <(echo "$1") || { echo 'not the same (< is wanted)'; return 1; }
}

# posture USER PROGRAM: the lines of status that matter, each once for all threads.
posture() {
  in_box main "cat /proc/\$(pgrep -o -u $1 $2)/task/*/status" |
    sed -nE 's/^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):\s*/\1: /p' | tr '\t' ' ' | sed 's/ *$//' | sort -u
}

@test "the environment of every process has exactly the documented names, whatever the operator's held" {
  # Nobody without a process's capabilities may look into it: the firewall log's has one.
  # shellcheck disable=SC2016
  try in_box main 'for folder in /proc/[0-9]*; do
    pid=${folder#/proc/} user=$(stat -c %u $folder 2>/dev/null) || continue
    [[ $user != 0 || $pid == 1 ]] || continue
    program=$(tr "\0" "\n" <$folder/cmdline | head -n 1) program=${program##*/}
    case $program in node | ulogd | tmux | bash | claude) ;; *) continue ;; esac
    [[ $(tr "\0" " " <$folder/cmdline) =~ (init-resumed|egress|ulogd|tmux\ -S|libexec/cloister/agent|claude\ --dangerously-skip-permissions|bash\ -l)\  ]] || continue
    names=$(setpriv --reuid=$user --regid=$user --clear-groups --inh-caps=+net_admin --ambient-caps=+net_admin cat $folder/environ |
      tr "\0" "\n" | sed -n "s/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p" | LC_ALL=C sort | tr "\n" " ")
    echo "$user $program $names"
  done | sed "s/ *$//" | LC_ALL=C sort -u'
  grep -v '^#' "$BATS_TEST_DIRNAME/processes.txt" | assert_is "$output"
}

# Without a network Claude asks for a while before it shows itself.
@test "the first prompt arrives, and no command line holds it" {
  eventually 240 says "$PROMPT" screen main
  run ! as_user main 65053 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" "\n" | grep -e "^what nobody else"'
}

@test "of others the agent sees these command lines, and no environment, file or memory" {
  # shellcheck disable=SC2016
  try as_agent main 'for folder in /proc/[0-9]*; do
    [[ $(stat -c %u $folder 2>/dev/null) != 1000 ]] || continue
    { line=$(tr "\0" " " <$folder/cmdline); } 2>/dev/null && [[ $line == *cloister.mjs* || $line == *ulogd* ]] || continue
    echo "$line"
    cat $folder/environ $folder/mem $folder/maps 2>/dev/null; ls $folder/fd/ 2>/dev/null
  done'
  assert_is "$(sort <<<"$output")" <<'END'
/usr/local/bin/node --disable-sigusr1 --max-semi-space-size=1 /usr/local/lib/cloister/cloister.mjs egress 
/usr/local/bin/node --disable-sigusr1 --max-semi-space-size=1 /usr/local/lib/cloister/cloister.mjs init-resumed 
/usr/sbin/ulogd --configfile /etc/cloister/ulogd.conf 
END
}

@test "root's programs work in / with a temporary folder of root's" {
  [[ $(in_box main 'readlink /proc/1/cwd; tr "\0" "\n" </proc/1/environ | grep ^TMPDIR; umask') == $'/\nTMPDIR=/run/cloister/private\n0022' ]]
  [[ $(in_box main 'awk "/^Umask/ { print \$2 }" /proc/1/status') == 0022 ]]
}

@test "every thread of init, of the egress process and of the firewall log holds what is documented" {
  posture 0 node >"$BATS_TEST_TMPDIR/init"
  assert_is "$(cat "$BATS_TEST_TMPDIR/init")" <<'END'
CapAmb: 0000000000000000
CapBnd: 00000000000015e0
CapEff: 00000000000015e0
CapInh: 0000000000000000
CapPrm: 00000000000015e0
Gid: 0 0 0 0
Groups: 1000
NoNewPrivs: 1
Seccomp: 2
Uid: 0 0 0 0
END
  # The engine's filter, and on top of it ours for those who are no init.
  [[ $(in_box main 'awk "/^Seccomp_filters/ { print \$2 }" /proc/1/status') -lt \
    $(in_box main 'awk "/^Seccomp_filters/ { print \$2 }" /proc/$(pgrep -u 65054 ulogd)/status') ]]
  local none=0000000000000000
  assert_is "$(posture 65053 node)" <<END
CapAmb: $none
CapBnd: $none
CapEff: $none
CapInh: $none
CapPrm: $none
Gid: 65053 65053 65053 65053
Groups:
NoNewPrivs: 1
Seccomp: 2
Uid: 65053 65053 65053 65053
END
  local one=0000000000001000
  assert_is "$(posture 65054 ulogd)" <<END
CapAmb: $one
CapBnd: $one
CapEff: $one
CapInh: $one
CapPrm: $one
Gid: 65054 65054 65054 65054
Groups:
NoNewPrivs: 1
Seccomp: 2
Uid: 65054 65054 65054 65054
END
}

@test "the agent's processes go first when memory runs out, and write no core file" {
  local own
  own=$(in_box main 'cat /proc/1/oom_score_adj')
  [[ $(in_box main 'cat /proc/$(pgrep -u 65053 node)/oom_score_adj') == "$own" ]]
  [[ $(in_box main 'for pid in $(pgrep -u 1000); do cat /proc/$pid/oom_score_adj; done | sort -u') == 1000 ]]
  [[ $(in_session main 'for limit in -Hc -Hl -Hq -Hr -He -Hi; do ulimit $limit; done | tr "\n" " "') == '0 64 0 0 0 512 ' ]]
  [[ $(in_box main 'awk "/^Max core/ { print \$5 }" /proc/1/limits') == 0 ]]
}

@test "SIGUSR1 opens no inspector in init, however often" {
  local before
  before=$(in_box main 'ss -Hltn | sort')
  [[ $before == *127.0.0.53:53* ]]
  in_box main 'kill -USR1 1; kill -USR1 1; sleep 0.5'
  [[ $(in_box main 'ss -Hltn | sort') == "$before" ]]
  "$ENGINE" exec "$NAME-main" cloister status >/dev/null
}

@test "no file that init has mapped or open can be written by the agent or holds a secret" {
  try in_box main 'for file in $(awk "\$6 ~ /^\// { print \$6 }" /proc/1/maps | sort -u) $(readlink -e /proc/1/fd/* | grep -v "^/dev/"); do
    [[ -f $file ]] && stat -c "%u %A %n" "$file"; done'
  [[ $output == *reap.node* ]]
  run ! grep -vE '^0 -r[w-][x-][r-]-[x-][r-]-[x-] ' <<<"$output"
  printf '%s\n' "$NET_GH_PAT" "$CLAUDE_TOKEN" | in_box main \
    '! grep -laF -f - $(awk "\$6 ~ /^\// { print \$6 }" /proc/1/maps | sort -u)'
}

@test "what is under /run/cloister has exactly these owners and modes" {
  # Something has to be refused first, for the lists of refusals to be there.
  in_session main 'node -e "const asker = new (require(\"node:dns\").Resolver)(); asker.setServers([\"127.0.0.53\"]);
    asker.resolve4(\"denied.test\", (error) => console.log(error.code))"' | grep -x ENOTFOUND
  eventually 5 in_box main '[[ -s /run/cloister/refusals.jsonl ]]'
  # shellcheck disable=SC2016
  try in_box main 'find /run/cloister -name failures.jsonl -o \( -path /run/cloister/session -o -path /run/cloister/scratch \) -prune -print -o -print | sort | while read -r path; do
    kind=other; [[ -d $path ]] && kind=folder; [[ -f $path ]] && kind=file; [[ -S $path ]] && kind=socket
    echo "$path $(stat -c "%a %U:%G" "$path" | sed s/UNKNOWN/65054/) $kind"; done'
  assert_is "$output" <"$BATS_TEST_DIRNAME/run-folder.txt"
  # There is one more once something allowed has failed.
  in_box main '[[ ! -e /run/cloister/failures.jsonl || $(stat -c "%a %U" /run/cloister/failures.jsonl) == "644 root" ]]'
}

@test "work goes on under all of it: links, renames, sockets, pipes, terminals, shared memory" {
  try in_session main 'set -e; cd /workspace; mkdir -p a b; echo x >a/f; mv a/f b/g; ln b/g a/h; mv b /tmp/; mv /tmp/b ~/; mkfifo p
    (echo piped >p &) ; cat p; python3 - <<END
import multiprocessing, os, pty, signal, socket, subprocess, sys
server = socket.socket(socket.AF_UNIX); server.bind("/tmp/door"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("/tmp/door")
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=4096); memory.unlink()
multiprocessing.Lock()
child = subprocess.Popen(["sleep", "60"]); open(f"/proc/{child.pid}/environ").read(); child.send_signal(signal.SIGTERM)
assert child.wait() == -signal.SIGTERM
assert pty.spawn(["test", "-t", "0"]) == 0
os.truncate("/tmp/door-file", 10) if os.path.exists("/tmp/door-file") else open("/tmp/door-file", "w").truncate(10)
END
    echo done >>/dev/stderr'
  [[ $status == 0 && $output == *piped*done ]]
}

@test "work goes on under all of it: git, C, C++, Python, Node, npm and bun build and run" {
  # shellcheck disable=SC2016
  try in_session main 'set -e; mkdir -p /workspace/work; cd /workspace/work; git init -q .; git config user.email a@b; git config user.name a
    printf "#include <cstdio>\nint main() { std::puts(\"c++\"); }\n" >a.cc; printf "all: a\na: a.cc\n\t\$(CXX) -O1 -o a a.cc\n" >Makefile; make -s; ./a
    python3 -m venv --without-pip v && v/bin/python -c "import sqlite3; sqlite3.connect(\"db\").execute(\"create table t (x)\"); print(\"python\")"
    mkdir -p dependency && echo "{\"name\": \"dependency\", \"version\": \"1.0.0\", \"main\": \"i.js\"}" >dependency/package.json && echo "module.exports = \"npm\"" >dependency/i.js
    echo "{\"name\": \"work\", \"version\": \"1.0.0\", \"scripts\": {\"test\": \"node -p \\\"require(\\\\\\\"dependency\\\\\\\")\\\"\"}}" >package.json
    npm install --offline --install-links ./dependency >/dev/null; npm test --silent
    echo "const x: string = \"bun\"; console.log(x)" >a.ts; bun run a.ts; tsc --noEmit a.ts; node a.ts
    printf "v\nnode_modules\n" >.gitignore; git add . && git commit -qm work && git gc -q && git clone -q . ../copy && git -C ../copy log --format=%s'
  [[ $status == 0 ]]
  [[ $(tr '\n' ' ' <<<"$output") == 'c++ python npm bun bun work '* ]]
}

@test "where the kernel has no Landlock the box boots all the same, and status says so" {
  local filter=$BATS_TEST_TMPDIR/no-landlock.json
  printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO", "errnoRet": 38, "names":
    ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]}]}' >"$filter"
  says 'containment seccomp, landlock' "$ENGINE" exec "$NAME-main" cloister status
  box old --security-opt "seccomp=$filter"
  says 'no landlock: this kernel has none' "$ENGINE" exec "$NAME-old" cloister status
  # What it would have refused goes through there: that is its removal.
  in_session old 'echo 999 >/proc/self/oom_score_adj; touch /dev/mqueue/x || true'
  run ! in_session main 'echo 999 >/proc/self/oom_score_adj'
  remove_box old
}

@test "a volume of the operator's beside the rooms can be written, a read-only one can't" {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-data" >/dev/null
  box given --volume "$NAME-data:/data" --volume "$NAME-data:/reference:ro"
  in_box given 'chown 1000:1000 /data'
  in_session given 'echo x >/data/x && mv /data/x /data/y && cat /reference/y'
  run ! in_session given 'echo x >/reference/x'
  remove_box given
}
