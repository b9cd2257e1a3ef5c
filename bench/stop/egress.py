# Kills the egress process ten times and tells in milliseconds, a line each, when the resolver answered again.
import os, signal, socket, subprocess, time

query = b"\0\1\1\0\0\1\0\0\0\0\0\0\7nowhere\7invalid\0\0\1\0\1"
for _ in range(10):
    time.sleep(1.5)
    pid = int(subprocess.check_output(["pgrep", "-u", "65053"]))
    os.kill(pid, signal.SIGKILL)
    start = time.perf_counter_ns()
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.01)
            asker.sendto(query, ("127.0.0.53", 53))
            try:
                asker.recv(512)
                break
            except OSError:
                pass
    print((time.perf_counter_ns() - start) / 1e6, flush=True)
