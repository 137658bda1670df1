"""Files that are written for a person, beside the project: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from comporta.errors import BadProject


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """Writes a file whole or not at all. A pipe or a device is written into and stays what it is.

    Raises BadProject where it cannot be written, or is one of the files that a project is made of.
    """
    _require_no_project_file(file)
    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8", newline="\n") as out:
                yield out
            return
        target = file.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8", newline="\n") as out:
                yield out
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as fault:
        raise unwritable(file, fault) from fault


def _require_no_project_file(file: Path) -> None:
    """Raises BadProject on a key, a ledger, the settings, a source, or what Comporta keeps beside them."""
    target = file.resolve()
    ours = target.suffix in (".key", ".pub", ".db", ".py", ".toml", ".lock") and target.exists()
    if ours or (".comporta" in target.parts and "reports" not in target.parts):
        raise BadProject(f"{file}: found a file of the project, which is not replaced. Name another file.")


def require_outside(target: Path) -> None:
    """Raises BadProject on a path among what Comporta keeps of a project."""
    if ".comporta" in target.resolve().parts:
        raise BadProject(f"{target}: lies where Comporta keeps the project's own files. Name another place.")


def unwritable(file: Path, fault: OSError) -> BadProject:
    # A folder that is made says that a file in its place exists, which is not what is wrong.
    taken = isinstance(fault, FileExistsError | NotADirectoryError)
    why = "a part of its path is no folder" if taken else fault.strerror or type(fault).__name__
    return BadProject(f"{file} cannot be written: {why}. Name another file.")
