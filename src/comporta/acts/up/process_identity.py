"""Which process a number means: by when it began, since the system gives numbers to others later."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def process_identity(pid: int) -> str:
    """When it began, as text that no later process of this number has; empty where there is none.

    Linux: the boot and the clock ticks since it, which setting the clock does not change."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The name, in brackets, may hold anything; the state is the first field behind it.
        state, *fields = text.rpartition(")")[2].split()
        return "" if state in "ZX" else f"{_BOOT.read_text().strip()}:{fields[18]}"
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return f"{process.create_time():.2f}"
    return ""


def is_running(pid: int, identity: str) -> bool:
    """Whether the process that was recorded so runs still."""
    return bool(identity) and process_identity(pid) == identity


def signal_process(pid: int, identity: str, number: signal.Signals) -> bool:
    """Sends it, where the process is the one recorded; whether it is."""
    if not is_running(pid, identity):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return True
