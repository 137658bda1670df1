"""How many workers a server has, where nobody says it."""

from __future__ import annotations

from pathlib import Path

import psutil

from comporta.engine.local import cores

WORKER_MEMORY = 250 * 2**20
"""Bytes that a worker with one model may take."""
_CGROUP = Path("/sys/fs/cgroup")


def default_workers() -> int:
    """One for each core that this process may use, as far as memory allows."""
    return workers_within(usable_cores(_CGROUP, cores()), usable_memory(_CGROUP, _available_memory()))


def threads_of_each(workers: int, cgroup: Path = _CGROUP) -> int:
    """How many threads each of so many workers has, so that all together have one for each core."""
    return max(1, usable_cores(cgroup, cores()) // workers)


def workers_within(cores: int, memory: int) -> int:
    """memory: bytes that are free for them."""
    return max(1, min(cores, memory // WORKER_MEMORY))


def usable_cores(cgroup: Path, cores: int) -> int:
    """The cores, or fewer where a container may use no more of their time (cgroup v2, `cpu.max`)."""
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit() and int(period):
        return max(1, min(cores, -(-int(quota) // int(period))))
    return cores


def usable_memory(cgroup: Path, memory: int) -> int:
    """The bytes, or fewer where a container may use no more (cgroup v2, `memory.max`)."""
    most, used = _read(cgroup / "memory.max"), _read(cgroup / "memory.current")
    if most.isdigit() and used.isdigit():
        return max(0, min(memory, int(most) - int(used)))
    return memory


def _available_memory() -> int:
    return int(psutil.virtual_memory().available)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
