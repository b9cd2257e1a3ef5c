# Kills Claude five times and tells in milliseconds, a line each, when its prompt was on the screen again. Run as the
# agent.
import os, signal, subprocess, time

def pid():
    found = subprocess.run(["pgrep", "-x", "claude"], capture_output=True, text=True).stdout.split()
    return int(found[0]) if found else 0

def screen():
    tmux = ["tmux", "-N", "-S", "/run/cloister/session/tmux", "capture-pane", "-p", "-t", "cloister:1.0"]
    return subprocess.run(tmux, capture_output=True, text=True).stdout

for _ in range(5):
    time.sleep(6)
    last = pid()
    os.kill(last, signal.SIGKILL)
    start = time.perf_counter_ns()
    while pid() in (0, last) or "bypass permissions on" not in screen().rsplit("Claude ended with", 1)[-1]:
        time.sleep(0.01)
    print((time.perf_counter_ns() - start) / 1e6, flush=True)
