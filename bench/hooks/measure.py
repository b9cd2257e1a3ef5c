# Runs every hook of the image with an event, again and again, and in turns with it a start of the same Node that does
# nothing, and prints the processor time of each in milliseconds: its own and that of what it waited for.
import json
import os
import subprocess

RUNS = 15
HOOK = "/usr/local/libexec/cloister/hook"
FILE = "/workspace/repo/a.txt"
SESSION = "/run/cloister/session"
BARE = ["/usr/local/bin/node", "--disable-sigusr1", "--max-semi-space-size=1", "/tmp/nothing.mjs"]
# The same with a program of its own to wait for, as the hook that formats has.
STARTING = [*BARE[:-1], "/tmp/starting.mjs"]
START = "import { spawn } from 'node:child_process'; spawn('/usr/bin/true');"


def event(name, **more):
    return json.dumps({"session_id": "bench-1", "hook_event_name": name, "cwd": "/workspace/repo", **more})


EVENTS = {
    "status-line": json.dumps({"model": {"display_name": "Sonnet"}, "context_window": {"used_percentage": 40}}),
    "refusals": event("PostToolUse", tool_name="Bash", duration_ms=5),
    "format": event("PostToolUse", tool_name="Write", tool_input={"file_path": FILE}),
    "settings-guard": event("ConfigChange", source="project_settings", file_path="/workspace/repo/settings.json"),
    "session-name": event("Stop", last_assistant_message="Done."),
    "fork-sync": event("SessionStart", source="startup"),
}


def prepare():
    for folder in ("/etc/cloister/formatters.d", "/workspace/repo/.git", SESSION):
        os.makedirs(folder, exist_ok=True)
    with open("/etc/cloister/formatters.d/bench.conf", "w") as file:
        file.write("*.txt true if settings.json\n")
    for path, text in ((FILE, "text\n"), ("/workspace/repo/settings.json", '{"theme": "dark"}'), ("/workspace/repo/.git/config", "[core]\n")):
        with open(path, "w") as file:
            file.write(text)
    for path, text in ((BARE[-1], ""), (STARTING[-1], START)):
        with open(path, "w") as file:
            file.write(text)
    for path in ("/workspace/repo", SESSION):
        os.chown(path, 1000, 1000)


def cpu(name, argv, text):
    for path in os.listdir(SESSION):
        os.remove(os.path.join(SESSION, path))
    child = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"HOME": "/home/claude", "PATH": "/usr/bin:/bin", "TMUX_PANE": "%0"}, user=1000, group=1000, extra_groups=[],
    )
    child.stdin.write(text.encode())
    child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{name} ended with {child.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


prepare()
programs = {name: ([HOOK, name], text) for name, text in EVENTS.items()} | {"bare": (BARE, ""), "starting": (STARTING, "")}
found = {name: [] for name in programs}
for run in range(RUNS + 1):
    for name, (argv, text) in programs.items():
        taken = cpu(name, argv, text)
        # The first of each fills the kernel's caches.
        if run > 0:
            found[name].append(taken)
print(json.dumps(found))
