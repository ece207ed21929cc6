"""What a piece of work costs: time, CPU, queries, memory."""

import os
import resource
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def get_backend_seconds(pids):
    """Return the CPU seconds that PostgreSQL's processes have used so far."""
    total = 0
    for pid in pids:
        # the name, in parentheses, may hold spaces
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def get_peak_mb():
    """Return the largest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM in /proc/self/status")


def get_child_seconds():
    """Return the CPU seconds of programs that this process has started and awaited."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Counts within a `with` block; ``figures`` afterwards.

    CPU seconds are those of this process, of programs it has started (printing) and of
    all backends of its database, or only of the cursor's own one.
    """

    def __init__(self, cr, own_backend=False):
        self.cr = cr
        self.own_backend = own_backend
        self.figures = {}

    def __enter__(self):
        self.cr.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
            " AND (pid = pg_backend_pid() OR NOT %s)",
            [self.own_backend],
        )
        self.pids = [pid for (pid,) in self.cr.fetchall()]
        self.queries = self.cr.sql_log_count
        self.backend = get_backend_seconds(self.pids)
        self.cpu = time.process_time() + get_child_seconds()
        self.clock = time.perf_counter()
        return self

    def __exit__(self, *error):
        seconds = time.perf_counter() - self.clock
        cpu = time.process_time() + get_child_seconds() - self.cpu
        backend = get_backend_seconds(self.pids) - self.backend
        self.figures = {
            "seconds": round(seconds, 2),
            "cpu_s": round(cpu + backend, 2),
            "python_s": round(cpu, 2),
            "postgres_s": round(backend, 2),
            "queries": self.cr.sql_log_count - self.queries,
            "peak_mb": round(get_peak_mb()),
        }
