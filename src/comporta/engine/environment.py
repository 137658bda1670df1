"""The digest of all that runs a step and is not its code: interpreter, machine, installed distributions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from blake3 import blake3

from comporta.engine.distribution_head import head_of
from comporta.records import encode

_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Environment:
    """What digests of one process's surroundings are made of; each part is looked up once.

    threads: how many each step may use: sums in another order are other sums.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._digests: dict[tuple[str, ...], str] = {}

    def of(self, packages: tuple[str, ...]) -> str:
        """The digest for code that imports these top-level names from outside."""
        known = self._digests.get(packages)
        if known is None:
            parts = {**runtime(), "threads": self.threads, "distributions": distributions(packages)}
            known = self._digests[packages] = blake3(encode(parts)).hexdigest()
        return known


@cache
def runtime() -> dict[str, object]:
    """Interpreter, platform and what the processor can do: libraries choose their arithmetic by it."""
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
    return {
        "python": f"{sys.implementation.name} {platform.python_version()} {getattr(sys, 'abiflags', '')}",
        "platform": f"{sys.platform} {platform.machine()} {libc}",
        "processor": _features(),
    }


def _features() -> str:
    """The processor's model and instruction sets."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        names = (
            "machdep.cpu.brand_string",
            "machdep.cpu.features",
            "machdep.cpu.leaf7_features",
            "hw.optional",
        )
        done = subprocess.run(["sysctl", *names], capture_output=True, text=True, check=False)
        return done.stdout
    wanted = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU implementer", "CPU part")
    first = text.partition("\n\n")[0]
    found = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return "\n".join(
        f"{key.strip()}={' '.join(sorted(value.split()))}" for key, value in found if key.strip() in wanted
    )


def distributions(packages: Iterable[str]) -> dict[str, str]:
    """Distribution → version of what these names are imported from, and of all that they require."""
    found: dict[str, str] = {}
    todo: list[str] = []
    for package in packages:
        found_in = owners(package)
        todo += found_in
        if not found_in:
            found[package] = "absent"
    while todo:
        name = _normal(todo.pop())
        if name in found:
            continue
        known = _installed_version(name)
        if known is None:
            continue
        found[name], required = known
        todo += required
    return found


@cache
def _installed_version(name: str) -> tuple[str, tuple[str, ...]] | None:
    """A distribution's version and the names of what it requires; None when it is not installed."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    head = head_of(distribution)
    version = head.version
    if distribution.read_text("direct_url.json"):
        # Built from a folder or a URL: the version may stay while the files change. RECORD digests each.
        record = distribution.read_text("RECORD") or ""
        lines = sorted(line for line in record.splitlines() if ".pyc," not in line and "RECORD," not in line)
        version += " " + blake3("\n".join(lines).encode()).hexdigest(length=16)
    required = (each for each in head.requires if "extra" not in each.partition(";")[2])
    return version, tuple(match[0] for each in required if (match := _NAME.match(each)))


@cache
def owners(package: str) -> tuple[str, ...]:
    """The distributions that a top-level name is imported from."""
    if _installed_version(_normal(package)) is not None:
        return (package,)
    # Only for names such as `sklearn`: reads the file list of every installed distribution.
    found = []
    for folder in {path for path in sys.path if path.endswith("-packages")}:
        for record in Path(folder).glob("*.dist-info/RECORD"):
            listed = b"\n" + record.read_bytes()
            if any(
                b"\n%s%s" % (package.encode(), end) in listed
                for end in (b"/", b".py,", b".cpython-", b".abi3")
            ):
                found.append(record.parent.name.partition("-")[0])
    return tuple(sorted(found))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
