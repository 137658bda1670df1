"""The lock of an environment: what is installed of all that some code imports, and of what that requires."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from blake3 import blake3

from comporta.engine.distribution_head import head_of
from comporta.engine.environment import owners
from comporta.records.environment_lock import EnvironmentLock, LockedChange, LockedDistribution

COMPORTA = "comporta"
_REQUIRED = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
_USER = re.compile(r"(https?://)[^/\s@]*@", re.IGNORECASE)
_OF_EXTRA = re.compile(r"\bextra\s*==\s*['\"]([^'\"]+)['\"]")


def environment_lock(packages: Iterable[str]) -> EnvironmentLock:
    """What is installed here of Comporta, its extras, the top-level names, and all that these require."""
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
    found = _closure(owner for package in packages for owner in owners(package))
    return EnvironmentLock(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=sysconfig.get_platform(),
        libc=libc or "",
        distributions=tuple(locked_distribution(found[name]) for name in sorted(found)),
    )


def changes_here(lock: EnvironmentLock) -> tuple[LockedChange, ...]:
    """What is another in this process than in the lock. Comporta counts by its version alone."""
    found = []
    minor = platform.python_version().rpartition(".")[0]
    if lock.python.rpartition(".")[0] != minor:
        found.append(LockedChange(name="Python", locked=lock.python, here=platform.python_version()))
    for each in lock.distributions:
        if each.folder and each.name != COMPORTA:
            continue
        try:
            now = locked_distribution(metadata.distribution(each.name))
        except metadata.PackageNotFoundError:
            found.append(LockedChange(name=each.name, locked=each.version, here=""))
            continue
        if each.version != now.version or (each.name != COMPORTA and have_other_files(each, now)):
            found.append(LockedChange(name=each.name, locked=each.version, here=now.version))
    return tuple(found)


def without_user(text: str) -> str:
    """The text, its URLs without the user and password by which an index was asked."""
    return _USER.sub(r"\1", text)


def have_other_files(one: LockedDistribution, other: LockedDistribution) -> bool:
    """Whether both are known by their files, and these differ."""
    return bool(one.files and other.files and one.files != other.files)


def locked_distribution(distribution: metadata.Distribution) -> LockedDistribution:
    """An installed distribution, as a lock holds it."""
    head = head_of(distribution)
    name = _normal(head.name)
    url, folder, editable = _origin(distribution)
    if name == COMPORTA:
        # A file or a folder, neither of which an index has: the Comporta that builds is put in its place.
        folder = folder or distribution.read_text("direct_url.json") is not None
        url = ""
    files = (
        _source_digest() if name == COMPORTA and folder else "" if editable else _files_digest(distribution)
    )
    return LockedDistribution(
        name=name, version=head.version, files=files, url=url, folder=folder, editable=editable
    )


def _closure(roots: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Normalised name → distribution, of these and of what they require, with the extras they ask for."""
    found: dict[str, metadata.Distribution] = {}
    extras: dict[str, set[str]] = {}
    todo: list[tuple[str, set[str]]] = [(name, set()) for name in roots]
    try:
        # Whichever of Comporta's extras are there were what it ran with.
        every = head_of(metadata.distribution(COMPORTA)).extras
        todo.append((COMPORTA, {_normal(each) for each in every}))
    except metadata.PackageNotFoundError:  # a copy that was never installed
        pass
    while todo:
        name, wanted = todo.pop()
        name = _normal(name)
        if name in found and wanted <= extras[name]:
            continue
        try:
            distribution = found.get(name) or metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another platform or Python, or left out
            continue
        found[name] = distribution
        extras[name] = extras.get(name, set()) | wanted
        todo += _requirements(distribution, extras[name])
    return found


def _requirements(distribution: metadata.Distribution, extras: set[str]) -> Iterable[tuple[str, set[str]]]:
    """The names that it requires with these extras, each with the extras that it asks of it."""
    for each in head_of(distribution).requires:
        text, _, marker = each.partition(";")
        of_extra = {_normal(name) for name in _OF_EXTRA.findall(marker)}
        match = _REQUIRED.match(text)
        if match is not None and (not of_extra or of_extra & extras):
            yield match[1], {_normal(name) for name in (match[2] or "").split(",") if name.strip()}


def _origin(distribution: metadata.Distribution) -> tuple[str, bool, bool]:
    """(url, whether it is from a folder, whether it is editable); nothing of that where an index had it."""
    text = distribution.read_text("direct_url.json")
    # Packages of conda name the folder of the machine that built them.
    if not text or (distribution.read_text("INSTALLER") or "").strip() == "conda":
        return "", False, False
    try:
        told: dict[str, Any] = json.loads(text)
    except ValueError:
        return "", False, False
    url = without_user(str(told.get("url", "")))
    if isinstance(folder := told.get("dir_info"), dict):
        return "", True, bool(folder.get("editable"))
    if isinstance(vcs := told.get("vcs_info"), dict):
        below = told.get("subdirectory")
        return (
            f"{vcs['vcs']}+{url}@{vcs['commit_id']}" + (f"#subdirectory={below}" if below else ""),
            False,
            False,
        )
    if url.startswith("file:"):  # a wheel of that machine: maybe an index, or a folder of wheels, has it
        return "", False, False
    hashes = (told.get("archive_info") or {}).get("hashes") or {}
    return url + (f"#sha256={hashes['sha256']}" if "sha256" in hashes else ""), False, False


def _files_digest(distribution: metadata.Distribution) -> str:
    """Of the files that it brought and their hashes, without what an installer writes; empty: no list."""
    record = distribution.read_text("RECORD") or ""
    lines = sorted(
        line.rpartition(",")[0]
        for line in record.splitlines()
        if not line.startswith(("..", "/")) and ".pyc," not in line and ".dist-info/" not in line
    )
    return blake3("\n".join(lines).encode()).hexdigest(length=16) if lines else ""


def _source_digest() -> str:
    """Of the text of the Comporta that runs here."""
    home = Path(__file__).parents[1]
    found = blake3()
    for file in sorted(home.rglob("*.py")):
        text = file.read_bytes()
        found.update(f"{file.relative_to(home).as_posix()} {len(text)}\n".encode() + text)
    return found.hexdigest(length=16)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
