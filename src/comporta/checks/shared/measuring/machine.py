"""Which kind of machine this is: figures of time hold on such a one, and nowhere else."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Machine(NamedTuple):
    """What figures of time depend on. digest: 16 hex digits that name it without telling whose it is."""

    digest: str
    system: str
    machine: str
    processor: str
    cores: int


@cache
def machine() -> Machine:
    """The machine that this process runs on."""
    model = platform.processor()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        lines = (line for line in cpus.read_text().splitlines() if line.startswith("model name"))
        model = next(lines, model).partition(":")[2].strip() or model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = Machine(
        digest="", system=platform.system(), machine=platform.machine(), processor=model, cores=cores
    )
    named = {name: value for name, value in found._asdict().items() if name != "digest"}
    text = json.dumps(named, sort_keys=True)
    return found._replace(digest=hashlib.blake2b(text.encode(), digest_size=8).hexdigest())
