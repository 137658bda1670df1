"""Which kind of machine this is: figures of time hold on such a one, and nowhere else."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from functools import cache
from pathlib import Path


@cache
def machine() -> dict[str, str | int]:
    """What figures of time depend on. digest: 16 hex digits that name it without telling whose it is."""
    model = platform.processor()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        named = (line for line in cpus.read_text().splitlines() if line.startswith("model name"))
        model = next(named, model).partition(":")[2].strip() or model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told: dict[str, str | int] = {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": model,
        "cores": cores,
    }
    digest = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()
    return {"digest": digest, **told}
