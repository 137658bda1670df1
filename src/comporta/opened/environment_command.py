"""A command of Comporta's with the libraries that a version was made with, in a process of its environment.

What builds a version again or opens its model in steps does so with the libraries of the process that asks.
Where these are others than then, and the environment is built, the same command is run there.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from comporta.engine.lock import changes_here
from comporta.errors import BadData, BadProject, ComportaError, Refused, StepFailed
from comporta.opened.environments import (
    LOCK,
    built_environment,
    environment_folder,
    lock_of,
    note_use,
    python_of,
)
from comporta.opened.project import OpenProject
from comporta.records import Version
from comporta.records.environment_lock import LockedChange

STEP_FAULTS = (StepFailed, BadData, BadProject)
"""What a step ends with where its libraries do not do what it asks of them."""
_ANSWERED = (0, 3)
"""Exit codes of a command that says what it found: 3 means no."""
_SHOWN = 3


def changed_libraries(opened: OpenProject, version: Version) -> tuple[LockedChange, ...]:
    """What is another here than when the version was made; nothing where its lock is not known, and in a
    process of its environment, which differs at most in what its builder told."""
    if LOCK not in version.parts:
        return ()
    if Path(sys.prefix).resolve() == environment_folder(opened, version).resolve():
        return ()
    return changes_here(lock_of(opened, version))


def is_built(opened: OpenProject, version: Version) -> bool:
    """Whether the environment of this version, which has a lock, is there."""
    return built_environment(environment_folder(opened, version)) is not None


def build_advice(version: Version, changes: Sequence[LockedChange]) -> str:
    """What is another here, and the command after which it runs with what it was made with."""
    more = f", {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    told = ", ".join(str(each) for each in changes[:_SHOWN])
    return (
        f"The libraries here are others than those it was made with ({told}{more}). Build its environment, "
        f"and it runs there: comporta env {version.id}"
    )


def run_in_environment(opened: OpenProject, version: Version, words: Sequence[str]) -> Any:
    """What this command answers there, as plain JSON. words: such as `reproduce size/1`. Raises Refused with
    what it said where it ended without an answer."""
    folder = environment_folder(opened, version)
    note_use(folder)
    try:
        done = subprocess.run(
            [python_of(folder), "-I", "-m", "comporta", *words, "--json"],
            cwd=opened.root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode in _ANSWERED:
            return msgspec.json.decode(done.stdout)
        said = done.stderr.strip() or f"it ended with {done.returncode}"
    except (OSError, msgspec.DecodeError) as error:
        said = str(error)
    raise Refused(
        f"{version.id}: its own environment was asked and gave no answer: {said} If that is no fault of the "
        f"project, build it again: comporta env {version.id}"
    )


def in_its_environment(version: Version, changes: Sequence[LockedChange], error: ComportaError) -> Refused:
    """The error where the version works with other libraries than are here."""
    return Refused(
        f"{version.id}: a step of it fails with the libraries here: {error} {build_advice(version, changes)}"
    )
