# Leaves 1500 orphans to a PID 1 that stands still, says so, and tells in microseconds how long that PID 1 then takes to
# collect them: from the first one gone to nearly the last. The cgroup counts processes, zombies included.
import os, time

folder = "/sys/fs/cgroup/pids" if os.path.exists("/sys/fs/cgroup/pids") else "/sys/fs/cgroup"

def count():
    with open(f"{folder}/pids.current") as file:
        return int(file.read())

before = count()
total = 1500
for _ in range(total):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
full = count()
# Others come and go meanwhile: a few more or less must not decide.
left = full - total * 98 // 100
print(f"ready {full - before}", flush=True)
while count() >= full:
    pass
start = time.perf_counter_ns()
while count() > left:
    pass
print((time.perf_counter_ns() - start) // 1000, flush=True)
