"""What a process costs: CPU time, memory, and how much of the machine others were using meanwhile."""

import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """CPU time a process and its threads have used, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


class Meter:
    """CPU time of some processes from its construction on, and that of everybody else on this machine.

    Our own and that of children that ended meanwhile (SIPp) count as the bench's, not as others'.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._began = time.monotonic()
        self._busy, self._bench = _machine_s(), _bench_s()
        self._used = [cpu_s(pid) for pid in pids]

    def read(self) -> tuple[Sequence[float], float]:
        """CPU seconds of each process, and the share (0 to 1) of all cores that others used."""
        used = [cpu_s(pid) - before for pid, before in zip(self._pids, self._used, strict=True)]
        elapsed = time.monotonic() - self._began
        others = _machine_s() - self._busy - (_bench_s() - self._bench) - sum(used)
        return used, max(others, 0.0) / elapsed / (os.cpu_count() or 1)


def _machine_s() -> float:
    """Time all cores together were not idle."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, _cpu_line().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * _TICK_S


def _cpu_line() -> str:
    with Path("/proc/stat").open() as file:
        return file.readline()


def _bench_s() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )
